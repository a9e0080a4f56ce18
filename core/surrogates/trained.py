"""A trained surrogate with everything needed to use it safely: the problem it stands for, and its file."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from terranova.config import Consent, ProblemConfig
from terranova.config.plugin_options import check_options
from terranova.errors import RunError, StoreCorrupt, TerranovaError
from terranova.evaluation.problem import Problem
from terranova.interfaces.surrogate import Surrogate
from terranova.parsing import strict_yaml
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.strict_yaml import Place
from terranova.registry import registry
from terranova.store.origin import terranova_version
from terranova.surrogates.about import ABOUT, About, read_rows_pieces, rows_pieces
from terranova.surrogates.archive import read_archive, write_archive
from terranova.surrogates.dataset import LOGLIKE, Rows
from terranova.surrogates.recheck import require_same_values
from terranova.types import Bools, Floats

log = logging.getLogger("terranova")

_LEARNED = "learned/"
"""Folder of the pieces that the plugin writes."""

TRUST = 0.5
"""Below this, the model is asked instead."""


@dataclass(frozen=True)
class Answer:
    """What is known of points after asking a `TrainedSurrogate`.

    Attributes:
        chi2: (n,) -2 log-likelihood, infinite where a point failed.
        predicted: (n,) True where it comes from the surrogate, False where the model was called.
        true_calls: how many points the model evaluated.
    """

    chi2: Floats
    predicted: Bools
    true_calls: int


@dataclass
class TrainedSurrogate:
    """A trained surrogate of a problem. A surrogate never has the last word: see `evaluate` and `true_chi2`.

    Attributes:
        surrogate: the plugin's object.
        plugin: its name.
        options: with which it was made.
        config: of the problem it stands for.
        targets: (q,) columns it predicts.
        cut: Delta chi2 below which a point counts as near.
        best: the lowest chi2 among the training rows.
        trained: number of rows it learned from: the true calls it cost.
        test: rows that neither training nor the search of hyper-parameters has seen.
        true_calls: points for which `evaluate` has called the model so far.
    """

    surrogate: Surrogate
    plugin: str
    options: dict[str, Any]
    config: ProblemConfig
    problem: Problem
    targets: tuple[str, ...]
    cut: float
    best: float
    trained: int
    test: Rows
    identity: dict[str, Any] = field(default_factory=dict)
    true_calls: int = 0

    # -- predictions ------------------------------------------------------------------------------------------

    @property
    def gives_chi2(self) -> bool:
        """True when the log-likelihood is predicted, or can be computed from what is."""
        return determine_chi2(self.problem, self.targets)

    def chi2(self, u: Floats) -> Floats:
        """Predict chi2 (n,) at points (n, d), also where the surrogate deserves no trust; NaN if it is untrained.

        From observables it is computed by the problem's own constraints.

        Raises:
            RunError: the targets do not determine it.
        """
        if not self.gives_chi2:
            raise RunError(
                "the surrogate's targets do not determine the log-likelihood; train it with --target loglike"
            )
        mean, _ = self.surrogate.predict(u)
        return chi2_of(self.problem, self.targets, u, mean)

    def true_chi2(self, u: Floats) -> Floats:
        """Call the model: chi2 (n,), infinite where it fails."""
        if not len(u):
            return np.empty(0)
        self.true_calls += len(u)
        x = self.problem.model.space.to_physical(u)
        evaluation = self.problem.model.evaluate_array(x)
        loglike = self.problem.score(x, evaluation.observables)[1]
        chi2: Floats = np.where((evaluation.status != 0) | ~np.isfinite(loglike), np.inf, -2.0 * loglike)
        return chi2

    def evaluate(self, u: Floats, *, trust: float = TRUST) -> Answer:
        """Predict where the surrogate deserves trust, call the model elsewhere.

        Points that the classifier rejects count as untrusted. What is quoted in the end, a best fit or a bound,
        must be evaluated by `true_chi2`.

        Args:
            u: (n, d) in the unit cube.
            trust: the least that is enough.
        """
        predicted: Bools = self.surrogate.trust(u) >= trust
        chi2 = np.empty(len(u))
        if predicted.any():
            chi2[predicted] = self.chi2(u[predicted])
            predicted &= np.isfinite(chi2)
        evaluated = ~predicted
        chi2[evaluated] = self.true_chi2(u[evaluated])
        return Answer(chi2, predicted, int(evaluated.sum()))

    # -- files -------------------------------------------------------------------------------------------------

    def save(self, path: Path | str) -> None:
        """Write everything into one file, a zip archive of JSON, arrays and the plugin's own pieces.

        Raises:
            RunError: it cannot be written, or would be larger than what is read again.
        """
        about = About(
            plugin=self.plugin,
            plugin_version=registry().get("surrogate", self.plugin).version,
            options=self.options,
            seed=self.surrogate.seed,
            problem=strict_yaml.dump(self.config.to_dict()),
            targets=self.targets,
            cut=self.cut,
            best=self.best,
            trained=self.trained,
            identity=self.identity,
            versions=_versions(self.surrogate.packages),
        )
        learned = {f"{_LEARNED}{name}": piece for name, piece in self.surrogate.state().items()}
        write_archive(Path(path), {ABOUT: about.piece(), **rows_pieces(self.test), **learned})

    @classmethod
    def load(cls, path: Path | str, *, trust: bool = False) -> TrainedSurrogate:
        """Read a file, and make sure that it stands for the model and constraints installed now.

        Args:
            path: of the file.
            trust: the programs that its model names may run.

        Raises:
            NotTrusted: its model runs programs that nobody has agreed to here.
            RunError: there is no such file.
            StoreCorrupt: it is not a surrogate's, damaged, or larger than what is read.
            RunMismatch: model, priors or constraints have changed since, or can no longer be had; lists the
                differences.
            PluginMissing: its surrogate or model is not installed.
        """
        pieces = read_archive(Path(path))
        with _damaged(path):
            if ABOUT not in pieces:
                raise ValueError(f"{ABOUT}: missing")
            about = About.read(pieces[ABOUT])
        consent = Consent(trust, origin=path)
        config, problem = about.problem_now(path, consent)
        with _damaged(path):
            about.require_targets(problem)
            test = read_rows_pieces(pieces, problem, about.targets)
        surrogate = _empty(path, about, problem, consent)
        with _damaged(path):
            learned = {n.removeprefix(_LEARNED): p for n, p in pieces.items() if n.startswith(_LEARNED)}
            _restore(surrogate, learned, problem.model.space.dimension, len(about.targets))
        require_same_values(path, test, about.targets, problem)
        return cls(
            surrogate=surrogate,
            plugin=about.plugin,
            options=dict(about.options),
            config=config,
            problem=problem,
            targets=about.targets,
            cut=about.cut,
            best=about.best,
            trained=about.trained,
            test=test,
            identity=dict(about.identity),
        )


@contextmanager
def _damaged(path: Path | str) -> Iterator[None]:
    """While pieces of a file are read, say which file it is that something is wrong with."""
    try:
        yield
    except ValueError as error:
        raise StoreCorrupt(f"{path} is not the file of a surrogate, or damaged: {error}") from error


def _empty(path: Path | str, about: About, problem: Problem, consent: Consent) -> Surrogate:
    """Return a surrogate as the one of a file was before it was trained, and warn of other versions."""
    plugin = registry().get("surrogate", about.plugin)
    consent.allows(plugin, about.options, Place("", 0, 0, "options"))
    consent.settle()
    try:
        diagnostics = Diagnostics(strict_yaml.Document(None))
        check_options(plugin, about.options, ("options",), diagnostics)
        diagnostics.raise_if_any()
        surrogate = make(about.plugin, problem, about.seed, dict(about.options))
    except TerranovaError as error:
        raise RunError(f"the surrogate of {path} cannot be made: {error}") from error
    if about.plugin_version != plugin.version:
        what = f"surrogate {plugin.name!r}"
        log.warning("%s was made with %s %s; here is %s", path, what, about.plugin_version, plugin.version)
    for name in ("terranova", *surrogate.packages):
        old, new = about.versions.get(name), _versions([name]).get(name, "none")
        if old is not None and new != old:
            log.warning("the surrogate %s was made with %s %s; here is %s", path, name, old, new)
    return surrogate


def _restore(surrogate: Surrogate, learned: dict[str, bytes], dimension: int, targets: int) -> None:
    """Give a surrogate what was learned, and ask it once.

    Raises:
        ValueError: it cannot read that, or does not answer as a surrogate of so many targets.
    """
    try:
        surrogate.restore(learned)
        if surrogate.reason:
            return
        middle = np.full((1, dimension), 0.5)
        mean, sigma = surrogate.predict(middle)
        trust = surrogate.trust(middle)
    except Exception as error:  # whatever a plugin comes upon in what it did not write
        words = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(f"{_LEARNED}{words}") from error
    if np.shape(mean) != (1, targets) or np.shape(sigma) != (1, targets) or np.shape(trust) != (1,):
        raise ValueError(f"{_LEARNED}*: it does not predict {targets} targets")


def determine_chi2(problem: Problem, targets: Sequence[str]) -> bool:
    """Return whether chi2 is among the targets, or follows from them."""
    known = {*targets, *problem.model.space.names}
    return LOGLIKE in targets or all(name in known for c in problem.constraints for name in c.observables)


def chi2_of(problem: Problem, targets: Sequence[str], u: Floats, values: Floats) -> Floats:
    """Return chi2 (n,) that follows from targets (n, q) at points u (n, d); NaN where a target is unknown."""
    if LOGLIKE in targets:
        return -2.0 * values[:, list(targets).index(LOGLIKE)]
    names = [o.name for o in problem.model.observables]
    observables = np.full((len(u), len(names)), np.nan)
    for j, name in enumerate(targets):
        observables[:, names.index(name)] = values[:, j]
    chi2: Floats = -2.0 * problem.score(problem.model.space.to_physical(u), observables)[1]
    return np.where(np.isfinite(values).all(axis=1), chi2, np.nan)


def make(plugin: str, problem: Problem, seed: int, options: dict[str, Any]) -> Surrogate:
    """Return an untrained surrogate.

    Raises:
        PluginMissing: there is none of that name.
        TerranovaError: it refuses its options, or a package it needs is missing.
    """
    target = registry().get("surrogate", plugin).target
    try:
        surrogate: Surrogate = target(problem.model.space, seed, **options)
    except (ValueError, TypeError) as error:
        raise TerranovaError(str(error)) from error
    return surrogate


def _versions(packages: Sequence[str]) -> dict[str, str]:
    versions = {"terranova": terranova_version()} if "terranova" in packages or not packages else {}
    for package in packages:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions
