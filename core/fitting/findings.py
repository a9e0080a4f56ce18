"""What a fit found, as data: everything that its page shows, without its model, its constraints or any plugin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Literal

import numpy as np

from terranova.errors import RunError
from terranova.evaluation.problem import Problem
from terranova.fitting.best import BestFit
from terranova.fitting.intervals import Interval
from terranova.fitting.posterior import Posterior
from terranova.fitting.profile import Profile
from terranova.fitting.profile_convergence import Convergence
from terranova.fitting.surrogate.training import Round
from terranova.interfaces.notebook import html_table
from terranova.interfaces.priors import LogUniform
from terranova.store.arrays import from_json_array, json_array, npz_of, read_arrays
from terranova.store.packed import pack, unpack
from terranova.system.atomic import write_atomic
from terranova.types import Array

FINDINGS = "fit.npz"
_HEAD = "findings"


@dataclass(frozen=True)
class Quantity:
    """A parameter or observable.

    Attributes:
        name: of it.
        role: what it is.
        unit: "1" when dimensionless.
        latex: for axis labels, without dollar signs.
        log: whether its prior is flat in its logarithm.
        support: ends of its prior.
    """

    name: str
    role: Literal["free", "fixed", "observable"]
    unit: str = "1"
    latex: str = ""
    log: bool = False
    support: tuple[float, float] = (-np.inf, np.inf)


@dataclass(frozen=True)
class About:
    """What a fit is of.

    Attributes:
        model: its name.
        sets: names of the constraint sets.
        quantities: all parameters and observables of the model, in its order.
        sources: of the constraints, to be cited.
        levels: of confidence.
    """

    model: str
    sets: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    sources: tuple[str, ...]
    levels: tuple[float, ...]

    def __getitem__(self, name: str) -> Quantity:
        """Return the quantity of this name."""
        return next(quantity for quantity in self.quantities if quantity.name == name)

    @property
    def parameters(self) -> tuple[Quantity, ...]:
        """All parameters."""
        return tuple(quantity for quantity in self.quantities if quantity.role != "observable")

    @property
    def free(self) -> tuple[Quantity, ...]:
        """The free parameters."""
        return tuple(quantity for quantity in self.quantities if quantity.role == "free")


def about(problem: Problem, levels: tuple[float, ...]) -> About:
    """Say what a fit of a problem is of."""
    space, model = problem.model.space, problem.model
    free = {p.name for p in space.free}
    parameters = [
        Quantity(
            p.name,
            "free" if p.name in free else "fixed",
            p.unit,
            p.latex,
            isinstance(p.prior, LogUniform),
            p.prior.support,
        )
        for p in space
    ]
    observables = [Quantity(o.name, "observable", o.unit, o.latex) for o in model.observables]
    return About(
        model=model.name,
        sets=tuple(constraints.name for constraints in problem.sets),
        quantities=(*parameters, *observables),
        sources=tuple(
            sorted({f"{c.name}: {text}" for c in problem.constraints for text in (c.source, *c.references)})
        ),
        levels=levels,
    )


@dataclass(frozen=True)
class ProfileResult:
    """A profile with its intervals, which only a profile of one quantity has, and how far it has come."""

    profile: Profile
    intervals: tuple[Interval, ...]
    convergence: Convergence = field(default_factory=Convergence)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the quantities."""
        return tuple(axis.name for axis in self.profile.axes)


@dataclass(frozen=True)
class SurrogateSummary:
    """What the surrogate of a fit did.

    Attributes:
        plugin: its name.
        calls: predictions.
        rounds: of its training.
        error: the largest error of chi2, in the last look at the bins of the profiles: prediction against model.
        target: on which it was trained: "observables", from which the constraints give chi2, or "chi2" itself.
    """

    plugin: str
    calls: int
    rounds: tuple[Round, ...]
    error: float
    target: str


@dataclass(frozen=True, kw_only=True, repr=False)
class Findings:
    """What a fit found.

    Attributes:
        about: what it is of.
        best: the best fit.
        profiles: in the order asked for.
        posteriors: by method.
        evaluations: true evaluations of the model, in all sessions together.
        known: points taken from scans.
        seconds: of the session that ended it.
        spent: true evaluations of each step, in their order.
        surrogate: what it did, if there is one.
        directory: of the fit.
    """

    about: About
    best: BestFit
    profiles: tuple[ProfileResult, ...] = ()
    posteriors: tuple[Posterior, ...] = ()
    evaluations: int = 0
    known: int = 0
    seconds: float = 0.0
    spent: Mapping[str, int] = field(default_factory=dict)
    surrogate: SurrogateSummary | None = None
    directory: Path = Path()

    def __repr__(self) -> str:
        return (
            f"<fit of {self.about.model} in {self.directory}: chi2 {self.best.chi2:.4g} at the best fit, "
            f"{len(self.profiles)} profiles, {len(self.posteriors)} posteriors>"
        )

    def _repr_html_(self) -> str:
        values = self.best.values
        rows = [
            (q.name, q.role, f"{values[q.name]:.6g}", q.unit) for q in self.about.quantities if q.name in values
        ]
        caption = f"fit of {self.about.model}: chi2 {self.best.chi2:.4g} at the best fit"
        return html_table(caption, ("", "", "best fit", "unit"), rows)


def save_findings(findings: Findings) -> Path:
    """Write findings into the directory of the fit, and return the file: numbers and text, no Python objects.

    Raises:
        OSError: it cannot be written.
    """
    arrays: dict[str, Array] = {}
    names = [f.name for f in fields(Findings) if f.name != "directory"]  # a `Fit` has more
    content = pack(Findings(**{name: getattr(findings, name) for name in names}), arrays)
    path = findings.directory / FINDINGS
    write_atomic(path, npz_of({_HEAD: json_array(content), **arrays}))
    return path


def load_findings(directory: Path) -> Findings:
    """Read what `save_findings` wrote.

    Raises:
        RunError: it is not there, or damaged.
    """
    path = directory / FINDINGS
    if not path.is_file():
        raise RunError(f"{directory} has no {FINDINGS}: `terranova fit` with the same file writes it")
    try:
        arrays = read_arrays(path)
        findings = unpack(Findings, from_json_array(arrays.pop(_HEAD)), arrays)
    except Exception as error:  # a damaged archive makes NumPy and zipfile raise whatever they come upon
        raise RunError(f"{path} cannot be read, or holds no fit: {error}") from error
    return replace(findings, directory=directory)
