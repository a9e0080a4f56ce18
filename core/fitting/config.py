"""What a fit was asked to do: the typed form of its YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from terranova.config import Parallel, ProblemConfig, Storage
from terranova.config.content_hash import content_hash
from terranova.config.scan import Count
from terranova.parsing.strict_yaml import dump

LEVELS = (0.68, 0.90, 0.95)
"""Of confidence, where the file names none."""

CURVE, PLANE = 20_000, 100_000
"""Evaluations for a curve and for a plane, for each free parameter, of which there are few."""

FEW = 6
"""With more free parameters, each search takes longer, and more of them are needed."""

FREE_KEYS = ("output", "parallel")
"""Keys that may change between two sessions of a fit: no number depends on them."""


@dataclass(frozen=True)
class Best:
    """How the best fit is searched for: from so many starts, each for so many generations at most."""

    starts: Count = 8
    generations: Count = 400


@dataclass(frozen=True)
class Search:
    """How far profiles are searched.

    Attributes:
        until: "converged", until no bin gains any more.
        curve: evaluations for a profile of one quantity, about; the fit says so if they did not suffice. 0 stands
            for `CURVE` for each free parameter, and more by `many` of them.
        plane: the same for one of two; 0 stands for `PLANE`.
    """

    until: Literal["converged"] = "converged"
    curve: Annotated[int, Field(ge=0)] = 0
    plane: Annotated[int, Field(ge=0)] = 0

    def allowed(self, quantities: int, parameters: int) -> int:
        """Return the evaluations for a profile of so many quantities of a model with so many free parameters."""
        given, each = (self.curve, CURVE) if quantities == 1 else (self.plane, PLANE)
        return given or round(each * parameters * many(parameters))


def many(parameters: int) -> float:
    """Return how much longer searches are with so many free parameters, and how many more of them there are."""
    return max(1.0, parameters / FEW)


@dataclass(frozen=True)
class Nested:
    """Nested sampling: number of live points, effective number of points wanted, evaluations at most, and the
    package that does it."""

    live: Annotated[int, Field(ge=50)] = 1000
    effective: Count = 4000
    evaluations: Count = 5_000_000
    sampler: Literal["nautilus", "dynesty"] = "nautilus"


@dataclass(frozen=True)
class Mcmc:
    """Ensemble MCMC: walkers of each ensemble (0: chosen from the dimension), autocorrelation times wanted of each,
    steps at most."""

    walkers: Annotated[int, Field(ge=0)] = 0
    lengths: Count = 25
    steps: Count = 10_000


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
        search: how far profiles are searched.
        profile: profiles wanted.
        levels: confidence levels of intervals and contours.
        nested: nested sampling, if wanted.
        mcmc: ensemble MCMC, if wanted.
        surrogate: if one is to save evaluations.
        columns: what is stored of each point beside its parameters: "needed" (the observables that constraints or
            profiles read), "all" (every observable, and the violation of each constraint), or observables that are
            wanted beside those that are needed.
        keys: the keys of the file, with what was read from other files written out.
    """

    problem: ProblemConfig
    output: Path
    seed: int = 1
    parallel: Parallel = field(default_factory=Parallel)
    scans: tuple[Path, ...] = ()
    best: Best = field(default_factory=Best)
    search: Search = field(default_factory=Search)
    profile: tuple[ProfileConfig, ...] = ()
    levels: tuple[float, ...] = LEVELS
    nested: Nested | None = None
    mcmc: Mcmc | None = None
    surrogate: SurrogateConfig | None = None
    columns: str | tuple[str, ...] = "needed"
    keys: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def store(self) -> Storage:
        """Which observables are stored."""
        if self.columns == "all":
            return Storage()
        profiled = {name for profile in self.profile for name in profile.names}
        wanted = () if self.columns == "needed" else self.columns
        return Storage(observables=tuple(sorted({*profiled, *wanted})))

    def to_yaml(self) -> str:
        """Return the keys of the fit as a file."""
        return dump(dict(self.keys))

    def identity(self) -> dict[str, Any]:
        """Return the keys that decide the numbers of the fit: not where and how it is computed."""
        return {key: value for key, value in self.keys.items() if key not in FREE_KEYS}

    def digest(self) -> str:
        """Return the SHA-256 of `identity()`, in hexadecimal."""
        return content_hash(self.identity(), default=str)

    def plugins(self) -> tuple[tuple[str, str, Mapping[str, Any]], ...]:
        """Return kind, name and options of every plugin that takes part."""
        plugins: list[tuple[str, str, Mapping[str, Any]]] = [
            ("model", self.problem.model.name, self.problem.model.options),
            ("executor", self.parallel.executor, {}),
        ]
        if self.surrogate is not None:
            plugins.append(("surrogate", self.surrogate.plugin, self.surrogate.options))
        return tuple(plugins)
