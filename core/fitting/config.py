"""What a fit was asked to do: the typed form of its YAML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from terranova.config import ScanConfig, build_problem, load_config
from terranova.config.plugin_options import check_options
from terranova.config.scan import Count
from terranova.errors import ConfigError, PluginError, did_you_mean
from terranova.evaluation.problem import Problem
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.keys import Key, keys_of, read_keys, show
from terranova.parsing.source import read_source
from terranova.parsing.strict_yaml import KeyPath, dump, key_path
from terranova.registry import registry

SCAN_WORDS = ("model", "constraints", "parameters", "seed", "output", "parallel")
"""Keys that mean what they mean in a scan."""

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
        config: model, constraints, priors, seed, output, parallel: as a scan's.
        scans: run directories whose points are used.
        best: how the best fit is found.
        profile: profiles wanted.
        levels: confidence levels of intervals and contours.
        nested: nested sampling, if wanted.
        mcmc: ensemble MCMC, if wanted.
        surrogate: if one is to save evaluations.
    """

    config: ScanConfig
    scans: tuple[Path, ...] = ()
    best: Best = field(default_factory=Best)
    profile: tuple[ProfileConfig, ...] = ()
    levels: tuple[float, ...] = LEVELS
    nested: Nested | None = None
    mcmc: Mcmc | None = None
    surrogate: SurrogateConfig | None = None
    words: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def output(self) -> Path:
        """Directory of the results."""
        assert self.config.output is not None  # checked by load_fit
        return self.config.output

    def to_yaml(self) -> str:
        """Return the words of the plan as a file."""
        return dump(dict(self.words))


_WORDS = {
    "scans": Key(tuple[str, ...]),
    "profile": Key(Any),
    "levels": Key(tuple[Level, ...]),
    "best": Key(Any),
    "nested": Key(Any),
    "mcmc": Key(Any),
    "surrogate": Key(Any),
}


_METHODS: Mapping[str, type] = {"best": Best, "nested": Nested, "mcmc": Mcmc, "surrogate": SurrogateConfig}


def load_fit(source: str | Path | Mapping[str, Any], **words: Any) -> FitConfig:
    """Read and check a fit.

    Args:
        source: path of a YAML file, or its content as a mapping.
        words: top-level keys that replace those of the source; None counts as not given.

    Raises:
        ConfigError: lists every problem, with its place in the file.
    """
    diagnostics = read_source(source, words)
    data = {} if diagnostics.document.data is None else diagnostics.document.data
    known = {**{key: Key(Any) for key in SCAN_WORDS}, **_WORDS}
    read, _ = read_keys(data, known, (), diagnostics)
    if not isinstance(data, Mapping):
        diagnostics.raise_if_any()
        raise AssertionError  # pragma: no cover - read_words has complained
    config = _scan_part(data, diagnostics)
    if "output" not in data:
        diagnostics.add(("output",), "missing, expected a directory such as fits/NAME")
    problem = build_problem(config) if config is not None else None
    settings = {method: _settings(read.get(method), cls, method, diagnostics) for method, cls in _METHODS.items()}
    _check_surrogate(settings["surrogate"], problem, diagnostics)
    profiles = _profiles(read.get("profile"), problem, diagnostics)
    diagnostics.raise_if_any()
    assert config is not None  # otherwise there was a problem to raise
    return FitConfig(
        config=config,
        scans=tuple(Path(name).expanduser() for name in read.get("scans", ())),
        best=settings["best"] or Best(),
        profile=profiles,
        levels=tuple(sorted(read.get("levels", LEVELS))),
        nested=settings["nested"],
        mcmc=settings["mcmc"],
        surrogate=settings["surrogate"],
        words=data,
    )


def _scan_part(data: Mapping[str, Any], diagnostics: Diagnostics) -> ScanConfig | None:
    """Check the words that a fit shares with a scan as a scan would."""
    shared = {key: data[key] for key in SCAN_WORDS if key in data}
    shared["budget"] = {"evaluations": 1}  # a scan needs one, a fit has no use for it
    try:
        return load_config(shared)
    except ConfigError as error:
        for problem in error.diagnostics:
            diagnostics.add(key_path(problem.key), problem.message)
        return None


def _settings(given: Any, cls: type, key: str, diagnostics: Diagnostics) -> Any:
    """Read `true`, `false` or the settings of a method."""
    if given is None or given is False:
        return None
    if given is True:
        return cls()
    words, complete = read_keys(given, keys_of(cls), (key,), diagnostics)
    return cls(**words) if complete else None


def _check_surrogate(asked: SurrogateConfig | None, problem: Problem | None, diagnostics: Diagnostics) -> None:
    """Complain of a surrogate that does not exist, or that refuses its options."""
    if asked is None:
        return
    try:
        plugin = registry().get("surrogate", asked.plugin).thing
    except PluginError as error:
        diagnostics.add(("surrogate", "plugin"), str(error))
        return
    _, complete = check_options(plugin, asked.options, ("surrogate", "options"), diagnostics, skip=2)
    if problem is None or not complete:
        return
    try:
        plugin(problem.model.space, 0, **asked.options)
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
