"""Problems whose profile likelihoods are known: valleys, branches, cancellations and bounds, for fits and scans."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np

from terranova import (
    Constraint,
    ConstraintSet,
    Gaussian,
    LogUniform,
    Model,
    Observable,
    Parameter,
    Uniform,
    Window,
)
from terranova.models.analytic.base import SOURCE
from terranova.types import Floats, Ints

NUISANCES = 2
"""Parameters of each problem that are measured relative to the first one: they cost nothing, and bend valleys."""

GRID = 4001
"""Places at which what is left of a minimisation is looked at, before the best one is refined."""


CHUNKS = 16
"""Parts in which many minimisations are done, so that they need little memory."""


class ProfileProblem(Model):
    """A problem with exact profiles.

    Attributes:
        profiled: parameters whose exact profile is known.
    """

    version: ClassVar[str] = "1"
    profiled: ClassVar[tuple[str, ...]]
    measured: ClassVar[Mapping[str, tuple[float, float]]]
    """Observable -> value and error."""
    bounded: ClassVar[Mapping[str, tuple[float, float]]] = {}
    """Observable -> the interval beyond which it is excluded."""
    _own: ClassVar[tuple[Parameter, ...]]

    def __init__(self) -> None:
        nuisances = [Parameter(f"n{i}", Uniform(-5.0, 5.0)) for i in range(NUISANCES)]
        self.parameters = [*self._own, *nuisances]
        names = [*self.measured, *self.bounded, *(f"nuisance{i}" for i in range(NUISANCES))]
        self.observables = [Observable(name) for name in names]

    @abstractmethod
    def columns(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        """Return the observables but for those of the nuisances."""

    @abstractmethod
    def exact(self, name: str, values: Floats) -> Floats:
        """Return chi2 (n,) minimised over all else, with a parameter at these values (n,); inf where excluded."""

    def evaluate(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        found = dict(self.columns(points))
        first = points[self._own[0].name]
        for i in range(NUISANCES):
            found[f"nuisance{i}"] = points[f"n{i}"] - (i + 1) * np.tanh(first / (1.0 + np.abs(first)))
        return found

    def constraints(self) -> ConstraintSet:
        """Measurements and bounds, as a set of the model's name."""
        nuisances = {f"nuisance{i}": (0.0, 0.1) for i in range(NUISANCES)}
        every: list[Constraint] = [
            Gaussian(name=name, observables=(name,), source=SOURCE, date="2026-01-01", value=value, sigma=sigma)
            for name, (value, sigma) in {**self.measured, **nuisances}.items()
        ]
        every += [
            Window(name=name, observables=(name,), source=SOURCE, lower=low, upper=high)
            for name, (low, high) in self.bounded.items()
        ]
        return ConstraintSet(
            self.name, tuple(every), model=self.name, version=self.version, description=self.description
        )

    def chi2(self, **observables: Floats) -> Floats:
        """Return the chi2 of some of the measurements."""
        total: Floats = np.zeros(())
        for name, at in observables.items():
            value, sigma = self.measured[name]
            total = total + ((at - value) / sigma) ** 2
        return total


class Valley(ProfileProblem):
    """A product is tuned to 1 / t^2 over two decades of t, and a coupling k has a second branch.

    For large t everything is allowed, along a valley that narrows as a power, as in the decoupling limit of models
    with two doublets.
    """

    name: ClassVar[str] = "profile-valley"
    description: ClassVar[str] = "analytic profile: a valley that narrows as a power, and a second branch"
    profiled: ClassVar[tuple[str, ...]] = ("t", "s")
    measured: ClassVar[Mapping[str, tuple[float, float]]] = {
        "mass": (400.0, 50.0),
        "coupling": (1.0, 0.1),
        "mixing": (0.0, 0.5),
    }
    bounded: ClassVar[Mapping[str, tuple[float, float]]] = {"tuning": (-1.0, 1.0)}
    _own = (
        Parameter("t", LogUniform(0.3, 50.0)),
        Parameter("M", Uniform(100.0, 1000.0)),
        Parameter("y", LogUniform(10.0, 1e7)),
        Parameter("s", Uniform(-1.0, 1.0)),
    )

    def columns(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        t, mass, s = points["t"], points["M"], points["s"]
        return {
            "mass": mass,
            "coupling": (1.0 - s * t) ** 2,
            "mixing": 1.0 / t**2,
            "tuning": (points["y"] * t / mass**2 - 1.0) * t**2,
        }

    def exact(self, name: str, values: Floats) -> Floats:
        if name == "t":
            return np.asarray(self.chi2(mixing=1.0 / values**2))
        t = np.exp(np.linspace(np.log(0.3), np.log(50.0), GRID))
        return minimum(lambda v, t: self.chi2(coupling=(1.0 - v * t) ** 2, mixing=1.0 / t**2), values, t)


class LinearValley(Valley):
    """The valley in a prior that is flat in y itself, in which it is a thin and bent sheet."""

    name: ClassVar[str] = "profile-valley-linear"
    description: ClassVar[str] = "analytic profile: the same valley under a flat prior"
    _own = (
        Parameter("t", Uniform(0.3, 50.0)),
        Parameter("M", Uniform(100.0, 1000.0)),
        Parameter("y", Uniform(10.0, 1e6)),
        Parameter("s", Uniform(-1.0, 1.0)),
    )


class Banana(ProfileProblem):
    """A bent valley of Rosenbrock's between bounds."""

    name: ClassVar[str] = "profile-banana"
    description: ClassVar[str] = "analytic profile: a bent valley between bounds"
    profiled: ClassVar[tuple[str, ...]] = ("x", "y")
    measured: ClassVar[Mapping[str, tuple[float, float]]] = {"x_seen": (1.0, 1.0), "bend": (0.0, 0.02)}
    bounded: ClassVar[Mapping[str, tuple[float, float]]] = {"height": (-10.0, 2.25)}
    _own = (Parameter("x", Uniform(-3.0, 3.0)), Parameter("y", Uniform(-2.0, 10.0)))

    def columns(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        x, y = points["x"], points["y"]
        return {"x_seen": x, "bend": y - x**2, "height": y}

    def exact(self, name: str, values: Floats) -> Floats:
        if name == "x":
            return np.asarray(self.chi2(x_seen=values, bend=np.minimum(2.25 - values**2, 0.0)))
        x = np.linspace(-3.0, 3.0, GRID)
        found = minimum(lambda v, x: self.chi2(x_seen=x, bend=v - x**2), values, x)
        return np.where(values <= 2.25, found, np.inf)


class Twins(ProfileProblem):
    """Two modes of equal depth, and a companion that winds from one to the other."""

    name: ClassVar[str] = "profile-twins"
    description: ClassVar[str] = "analytic profile: two modes of equal depth"
    profiled: ClassVar[tuple[str, ...]] = ("x", "z")
    measured: ClassVar[Mapping[str, tuple[float, float]]] = {"square": (4.0, 1.0), "wound": (0.0, 0.03)}
    _own = (Parameter("x", Uniform(-5.0, 5.0)), Parameter("z", Uniform(-5.0, 5.0)))

    def columns(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        x = points["x"]
        return {"square": x**2, "wound": points["z"] - 3.0 * np.sin(2.0 * x)}

    def exact(self, name: str, values: Floats) -> Floats:
        if name == "x":
            return np.asarray(self.chi2(square=values**2))
        x = np.linspace(-5.0, 5.0, GRID)
        return minimum(lambda v, x: self.chi2(square=x**2, wound=v - 3.0 * np.sin(2.0 * x)), values, x)


class Cancelling(ProfileProblem):
    """Two couplings of up to 10 cancel to a thousandth; their squares are measured."""

    name: ClassVar[str] = "profile-cancelling"
    description: ClassVar[str] = "analytic profile: two couplings that cancel"
    profiled: ClassVar[tuple[str, ...]] = ("a", "b")
    measured: ClassVar[Mapping[str, tuple[float, float]]] = {"sum": (0.0, 0.01), "squares": (20.0, 8.0)}
    _own = (Parameter("a", Uniform(-10.0, 10.0)), Parameter("b", Uniform(-10.0, 10.0)))

    def columns(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        a, b = points["a"], points["b"]
        return {"sum": a + 3.0 * b, "squares": a**2 + b**2}

    def exact(self, name: str, values: Floats) -> Floats:
        other = np.linspace(-10.0, 10.0, GRID)
        if name == "a":
            return minimum(lambda a, b: self.chi2(sum=a + 3.0 * b, squares=a**2 + b**2), values, other)
        return minimum(lambda b, a: self.chi2(sum=a + 3.0 * b, squares=a**2 + b**2), values, other)


class Boundary(ProfileProblem):
    """The best fit lies beyond a round wall."""

    name: ClassVar[str] = "profile-boundary"
    description: ClassVar[str] = "analytic profile: a best fit on a round wall"
    profiled: ClassVar[tuple[str, ...]] = ("x", "y")
    measured: ClassVar[Mapping[str, tuple[float, float]]] = {"x_seen": (0.5, 0.5), "y_seen": (2.0, 0.5)}
    bounded: ClassVar[Mapping[str, tuple[float, float]]] = {"radius": (0.0, 1.0)}
    _own = (Parameter("x", Uniform(-2.0, 2.0)), Parameter("y", Uniform(-2.0, 2.0)))

    def columns(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        x, y = points["x"], points["y"]
        return {"x_seen": x, "y_seen": y, "radius": np.hypot(x, y)}

    def exact(self, name: str, values: Floats) -> Floats:
        room = np.sqrt(np.maximum(1.0 - values**2, 0.0))
        if name == "x":
            found = self.chi2(x_seen=values, y_seen=np.minimum(2.0, room))
        else:
            found = self.chi2(y_seen=values, x_seen=np.minimum(0.5, room))
        return np.where(np.abs(values) <= 1.0, found, np.inf)


def minimum(chi2: Callable[[Floats, Floats], Floats], values: Floats, grid: Floats) -> Floats:
    """Return the minimum (n,) over the second argument, for each of the values (n,) of the first.

    The best five places of the grid are refined, each between its neighbours, until nothing is left of a step.
    """
    v = values[:, None]
    first = np.concatenate([_lowest(chi2(part[:, None], grid[None])) for part in np.array_split(values, CHUNKS)])
    low, high = grid[np.maximum(first - 1, 0)], grid[np.minimum(first + 1, len(grid) - 1)]
    for _ in range(60):  # golden section, all at once
        left, right = high - 0.6180339887498949 * (high - low), low + 0.6180339887498949 * (high - low)
        lower = chi2(v, left) < chi2(v, right)
        low, high = np.where(lower, low, left), np.where(lower, right, high)
    return np.asarray(chi2(v, 0.5 * (low + high)).min(axis=1))


def _lowest(paid: Floats) -> Ints:
    """Return where the five lowest of each row (n, grid) are, in order of the grid."""
    return np.asarray(np.sort(np.argpartition(paid, 5, axis=1)[:, :5], axis=1), dtype=np.int64)


PROFILES: tuple[type[ProfileProblem], ...] = (Valley, LinearValley, Banana, Twins, Cancelling, Boundary)
"""All of them, as plugins."""
