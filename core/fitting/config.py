"""What a fit was asked to do: the typed form of its YAML file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from terranova.config import Parallel, ProblemConfig, Storage
from terranova.config.build import resolve_problem
from terranova.config.plugin_options import check_options
from terranova.config.problem import PROBLEM_KEYS
from terranova.config.problem_reading import expanded, read_problem
from terranova.config.resolve import check_executor
from terranova.config.scan import Count
from terranova.config.scan_reading import read_output, read_parallel, read_seed
from terranova.errors import PluginError, did_you_mean
from terranova.evaluation.problem import Problem
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.keys import Key, keys_of, read_keys, show
from terranova.parsing.source import read_source
from terranova.parsing.strict_yaml import KeyPath, dump
from terranova.registry import Registry
from terranova.registry import registry as installed
from terranova.store.manifest import MANIFEST

LEVELS = (0.68, 0.90, 0.95)

Level = Annotated[float, Field(gt=0.0, lt=1.0)]


@dataclass(frozen=True)
class Best:
    """How the best fit is searched for: from so many starts, each for so many generations at most."""

    starts: Count = 8
    generations: Count = 400


@dataclass(frozen=True)
class Nested:
    """Nested sampling: number of live points, and the effective number of points wanted."""

    live: Annotated[int, Field(ge=50)] = 1000
    effective: Count = 4000


@dataclass(frozen=True)
class Mcmc:
    """Ensemble MCMC: walkers (0: chosen from the dimension), autocorrelation times wanted, steps at most."""

    walkers: Annotated[int, Field(ge=0)] = 0
    lengths: Count = 50
    steps: Count = 20_000


@dataclass(frozen=True)
class SurrogateConfig:
    """A surrogate that proposes what the model then decides.

    Attributes:
        plugin: its name.
        options: of the plugin.
        points: evaluations for its training, at most, beside the first search.
        rounds: of training, at most.
        batch: evaluations in each round.
        effective: effective number of points wanted of a posterior.
    """

    plugin: str = "gp"
    options: dict[str, Any] = field(default_factory=dict)
    points: Count = 3000
    rounds: Count = 12
    batch: Count = 100
    effective: Annotated[int, Field(ge=100)] = 1000


@dataclass(frozen=True)
class ProfileConfig:
    """One or two quantities whose profile likelihood is wanted.

    Attributes:
        names: parameters or observables.
        limits: the range of each; None for the prior's, or for what the data allow.
        bins: of each; 0 for the default.
        scale: of observables; a parameter is divided as its prior is.
    """

    names: tuple[str, ...]
    limits: tuple[tuple[float, float] | None, ...]
    bins: int = 0
    scale: Literal["linear", "log"] = "linear"


@dataclass(frozen=True)
class FitConfig:
    """A fit.

    Attributes:
        problem: model, constraints and priors: as a scan's.
        output: directory of the results.
        seed: of every random stream.
        parallel: how the work is shared out: as a scan's.
        scans: run directories whose points are used.
        best: how the best fit is found.
        profile: profiles wanted.
        levels: confidence levels of intervals and contours.
        nested: nested sampling, if wanted.
        mcmc: ensemble MCMC, if wanted.
        surrogate: if one is to save evaluations.
        keys: the keys of the file, with what was read from other files written out.
    """

    problem: ProblemConfig
    output: Path
    seed: int = 1
    parallel: Parallel = field(default_factory=Parallel)
    scans: tuple[Path, ...] = ()
    best: Best = field(default_factory=Best)
    profile: tuple[ProfileConfig, ...] = ()
    levels: tuple[float, ...] = LEVELS
    nested: Nested | None = None
    mcmc: Mcmc | None = None
    surrogate: SurrogateConfig | None = None
    keys: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def store(self) -> Storage:
        """What is stored of each point: everything."""
        return Storage()

    def to_yaml(self) -> str:
        """Return the keys of the fit as a file."""
        return dump(dict(self.keys))

    def identity(self) -> dict[str, Any]:
        """Return the keys that decide the numbers of the fit: not where and how it is computed."""
        return {key: value for key, value in self.keys.items() if key not in FREE_KEYS}

    def digest(self) -> str:
        """Return the SHA-256 of `identity()`, in hexadecimal."""
        return hashlib.sha256(json.dumps(self.identity(), sort_keys=True, default=str).encode()).hexdigest()

    def plugins(self) -> tuple[tuple[str, str, Mapping[str, Any]], ...]:
        """Return kind, name and options of every plugin that takes part."""
        named: list[tuple[str, str, Mapping[str, Any]]] = [
            ("model", self.problem.model.name, self.problem.model.options),
            ("executor", self.parallel.executor, {}),
        ]
        if self.surrogate is not None:
            named.append(("surrogate", self.surrogate.plugin, self.surrogate.options))
        return tuple(named)


FREE_KEYS = ("output", "parallel")
"""Keys that may change between two sessions of a fit: no number depends on them."""

_KEYS = {
    **PROBLEM_KEYS,
    "seed": Key(Any),
    "output": Key(Any, True, "a directory such as fits/NAME"),
    "parallel": Key(Any),
    "scans": Key(tuple[str, ...]),
    "profile": Key(Any),
    "levels": Key(tuple[Level, ...]),
    "best": Key(Any),
    "nested": Key(Any),
    "mcmc": Key(Any),
    "surrogate": Key(Any),
}

_METHODS: Mapping[str, type] = {"best": Best, "nested": Nested, "mcmc": Mcmc, "surrogate": SurrogateConfig}


def load_fit(source: str | Path | Mapping[str, Any], *, registry: Registry | None = None, **keys: Any) -> FitConfig:
    """Read and check a fit.

    Args:
        source: path of a YAML file, or its content as a mapping.
        registry: the plugins; those that are installed if None.
        keys: top-level keys that replace those of the source; None counts as not given.

    Raises:
        ConfigError: lists every problem, with its place in the file.
    """
    diagnostics = read_source(source, keys)
    config = _read(diagnostics, registry if registry is not None else installed())
    diagnostics.raise_if_any()
    assert config is not None  # otherwise there was a problem to raise
    return config


def _read(diagnostics: Diagnostics, registry: Registry) -> FitConfig | None:
    data = {} if diagnostics.document.data is None else diagnostics.document.data
    read, _ = read_keys(data, _KEYS, (), diagnostics)
    if not isinstance(data, Mapping):
        return None
    located = read_problem(data, (), diagnostics, registry.constraint_kinds)
    resolved = resolve_problem(located, diagnostics, registry)
    seed = read_seed(data["seed"], diagnostics) if "seed" in data else FitConfig.seed
    output = read_output(data["output"], diagnostics) if "output" in data else None
    parallel = read_parallel(data["parallel"], diagnostics) if "parallel" in data else Parallel()
    check_executor(parallel, diagnostics, registry)
    settings = {method: _settings(read.get(method), cls, method, diagnostics) for method, cls in _METHODS.items()}
    _check_surrogate(settings["surrogate"], resolved.problem, diagnostics, registry)
    profiles = _profiles(read.get("profile"), resolved.problem, diagnostics)
    scans = _scans(read.get("scans", ()), diagnostics)
    if diagnostics.problems or output is None:
        return None
    problem = resolved.located.config
    return FitConfig(
        problem=problem,
        output=output,
        seed=seed,
        parallel=parallel,
        scans=scans,
        best=settings["best"] or Best(),
        profile=profiles,
        levels=tuple(sorted(read.get("levels", LEVELS))),
        nested=settings["nested"],
        mcmc=settings["mcmc"],
        surrogate=settings["surrogate"],
        keys={**data, **problem.to_dict(), "seed": seed, **({"scans": [str(s) for s in scans]} if scans else {})},
    )


def _scans(given: Sequence[str], diagnostics: Diagnostics) -> tuple[Path, ...]:
    """Return the run directories named, which are relative to the file that names them."""
    scans: list[Path] = []
    for i, name in enumerate(given):
        path = ("scans", i)
        directory = expanded(name, path, diagnostics)
        if directory is None:
            continue
        scan = (diagnostics.document.folder_of(path) / directory).absolute()
        if not (scan / MANIFEST).is_file() and (directory / MANIFEST).is_file():
            diagnostics.add(
                path,
                f"{scan} is no run; paths in a file are relative to its folder: for {directory} of the current "
                f"folder, write {os.path.relpath(directory, diagnostics.document.folder_of(path))}",
            )
        scans.append(scan)
    return tuple(scans)


def _settings(given: Any, cls: type, key: str, diagnostics: Diagnostics) -> Any:
    """Read `true`, `false` or the settings of a method."""
    if given is None or given is False:
        return None
    if given is True:
        return cls()
    words, complete = read_keys(given, keys_of(cls), (key,), diagnostics)
    return cls(**words) if complete else None


def _check_surrogate(
    asked: SurrogateConfig | None, problem: Problem | None, diagnostics: Diagnostics, registry: Registry
) -> None:
    """Complain of a surrogate that does not exist, or that refuses its options."""
    if asked is None:
        return
    try:
        plugin = registry.get("surrogate", asked.plugin)
    except PluginError as error:
        diagnostics.add(("surrogate", "plugin"), str(error))
        return
    _, complete = check_options(plugin, asked.options, ("surrogate", "options"), diagnostics)
    if problem is None or not complete:
        return
    try:
        plugin.target(problem.model.space, 0, **asked.options)
    except (ValueError, TypeError) as error:
        diagnostics.add(("surrogate", "options"), str(error))


def _profiles(given: Any, problem: Problem | None, diagnostics: Diagnostics) -> tuple[ProfileConfig, ...]:
    if given is None:
        return ()
    if not isinstance(given, list):
        diagnostics.add(("profile",), f"expected a list of names and pairs of names, got {show(given)}")
        return ()
    read: list[ProfileConfig] = []
    for i, item in enumerate(given):
        profiled = _profiled(item, ("profile", i), problem, diagnostics)
        if profiled is None:
            continue
        if profiled.names in [p.names for p in read]:
            diagnostics.add(("profile", i), f"{' and '.join(profiled.names)} are asked for twice")
        read.append(profiled)
    return tuple(read)


def _profiled(given: Any, path: KeyPath, problem: Problem | None, diagnostics: Diagnostics) -> ProfileConfig | None:
    """Read `ma`, `[ma, ctau]`, `{ctau: [0.1, 100], scale: log}` or `{ctau: [0.1, 100], BR: null, bins: 40}`."""
    bins = 0
    scale: Literal["linear", "log"] = "linear"
    ranges: dict[str, Any]
    if isinstance(given, str):
        ranges = {given: None}
    elif isinstance(given, list) and all(isinstance(name, str) for name in given):
        ranges = dict.fromkeys(given)
    elif isinstance(given, Mapping):
        ranges = dict(given)
        bins, scale = ranges.pop("bins", 0), ranges.pop("scale", "linear")
        if scale not in ("linear", "log"):
            diagnostics.add((*path, "scale"), f"expected linear or log, got {show(scale)}")
            return None
        if not isinstance(bins, int) or isinstance(bins, bool) or not 0 <= bins <= 1000:
            diagnostics.add((*path, "bins"), f"expected a number of bins, got {show(bins)}")
            return None
    else:
        diagnostics.add(path, f"expected a name, a pair of names, or names with ranges, got {show(given)}")
        return None
    if len(ranges) not in (1, 2):
        diagnostics.add(path, f"expected one or two quantities, got {len(ranges)}")
        return None
    limits: list[tuple[float, float] | None] = []
    for name, ends in ranges.items():
        if problem is not None and not _known(name, problem):
            names = [*(p.name for p in problem.model.space.free), *(o.name for o in problem.model.observables)]
            diagnostics.add(path, f"no free parameter or observable is named {name!r}{did_you_mean(name, names)}")
            return None
        limits.append(_ends(ends, (*path, name), diagnostics))
        if problem is not None:
            _check_range(name, limits[-1], scale, problem, (*path, name), diagnostics)
    return ProfileConfig(tuple(ranges), tuple(limits), bins, scale)


def _check_range(
    name: str,
    ends: tuple[float, float] | None,
    scale: str,
    problem: Problem,
    path: KeyPath,
    diagnostics: Diagnostics,
) -> None:
    """Complain of a range that the prior does not have, or that has no logarithm."""
    if ends is None:
        return
    prior = next((p.prior for p in problem.model.space.free if p.name == name), None)
    if prior is None:
        if scale == "log" and ends[0] <= 0.0:
            diagnostics.add(path, f"expected a positive range for a logarithmic scale, got {show(list(ends))}")
        return
    low, high = prior.support
    if ends[0] < low or ends[1] > high:
        diagnostics.add(
            path, f"expected a range within that of the prior, {low:g} to {high:g}, got {show(list(ends))}"
        )


def _known(name: str, problem: Problem) -> bool:
    return name in {p.name for p in problem.model.space.free} | {o.name for o in problem.model.observables}


def _ends(given: Any, path: KeyPath, diagnostics: Diagnostics) -> tuple[float, float] | None:
    if given is None:
        return None
    numbers = isinstance(given, Sequence) and not isinstance(given, str) and len(given) == 2
    if (
        numbers
        and all(isinstance(v, int | float) and not isinstance(v, bool) for v in given)
        and given[0] < given[1]
    ):
        return float(given[0]), float(given[1])
    diagnostics.add(path, f"expected a range [low, high], got {show(given)}")
    return None
