"""What problems with known profiles share: constraints, exact curves and planes, minima over one variable."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np

from terranova import Constraint, ConstraintSet, Gaussian, Model, Observable, Parameter, Uniform, Window
from terranova.models.analytic.base import SOURCE
from terranova.types import Floats, Ints

NUISANCES = 2
"""Parameters of each problem that are measured relative to the first one: they cost nothing, and bend valleys."""

NUISANCE_ERROR = 0.1

NUISANCE_END = 5.0
"""Their priors are flat from -5 to 5, far beyond what is measured."""

GRID = 4001
"""Places at which what is left of a minimisation is looked at, before the best one is refined."""

CHUNKS = 16
"""Parts in which many minimisations are done, so that they need little memory."""


class ProfileProblem(Model):
    """A problem with exact profiles of quantities and of one pair, whose posterior is a double integral.

    Attributes:
        profiled: parameters whose exact profile is known.
        seen: observables whose exact profile is known, and the range in which.
        plane: two parameters whose common exact profile is known.
    """

    version: ClassVar[str] = "1"
    profiled: ClassVar[tuple[str, ...]]
    seen: ClassVar[Mapping[str, tuple[float, float]]] = {}
    plane: ClassVar[tuple[str, str]]
    measured: ClassVar[Mapping[str, tuple[float, float]]]
    """Observable -> value and error."""
    bounded: ClassVar[Mapping[str, tuple[float, float]]] = {}
    """Observable -> the interval beyond which it is excluded."""
    _own: ClassVar[tuple[Parameter, ...]]

    def __init__(self) -> None:
        nuisances = [Parameter(f"n{i}", Uniform(-NUISANCE_END, NUISANCE_END)) for i in range(NUISANCES)]
        self.parameters = [*self._own, *nuisances]
        names = [*self.measured, *self.bounded, *(f"nuisance{i}" for i in range(NUISANCES))]
        self.observables = [Observable(name) for name in names]

    @abstractmethod
    def columns(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        """Return the observables but for those of the nuisances."""

    @abstractmethod
    def exact(self, name: str, values: Floats) -> Floats:
        """Return chi2 (n,) minimised over all else, with a quantity at these values (n,); inf where excluded."""

    def exact_plane(self, first: Floats, second: Floats) -> Floats:
        """Return chi2 minimised over all else, with the parameters of `plane` at these values; inf where excluded.

        The arguments may have any shapes that fit one another.
        """
        found = self.columns(self._beside(first, second))
        excluded = np.zeros(np.broadcast(first, second).shape, dtype=bool)
        for name, (low, high) in self.bounded.items():
            excluded |= (found[name] < low) | (found[name] > high)
        return np.where(excluded, np.inf, self.chi2(**{name: found[name] for name in self.measured}))

    def _beside(self, first: Floats, second: Floats) -> Mapping[str, Floats]:
        """Return the own parameters of the best point with those of `plane` at these values."""
        return dict(zip(self.plane, (first, second), strict=True))

    def log_density(self, first: Floats, second: Floats) -> Floats:
        """Return the logarithm of the likelihood, averaged over the prior of the own parameters not in `plane`."""
        return np.asarray(-0.5 * self.exact_plane(first, second))

    @abstractmethod
    def support(self, first: Floats) -> tuple[Floats, Floats]:
        """Return where the likelihood matters along the second parameter of `plane`, for values (n,) of the first.

        Beyond, it is zero, or less than e^-30 of its maximum.
        """

    def evaluate(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        found = dict(self.columns(points))
        first = points[self._own[0].name]
        for i in range(NUISANCES):
            found[f"nuisance{i}"] = points[f"n{i}"] - (i + 1) * np.tanh(first / (1.0 + np.abs(first)))
        return found

    def constraints(self) -> ConstraintSet:
        """Measurements and bounds, as a set of the model's name."""
        nuisances = {f"nuisance{i}": (0.0, NUISANCE_ERROR) for i in range(NUISANCES)}
        every: list[Constraint] = [
            Gaussian(name=name, observables=(name,), source=SOURCE, value=value, sigma=sigma)
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
