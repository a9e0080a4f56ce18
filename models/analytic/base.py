"""What all analytic problems have in common: a unit cube, windows, and a valid region that is known exactly."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from terranova import ConstraintSet, Model, Observable, Parameter, Uniform, Window
from terranova.types import Floats, Ints

SOURCE = "by construction"


class Windowed(Model):
    """A problem to test samplers on: parameters are the axes of the unit cube, constraints are windows.

    Subclasses set `windows` (name -> lower, upper) before they call this `__init__`, and give the columns in the
    same order.

    Attributes:
        windows: observable -> the interval in which it is accepted.
        regions: number of disconnected parts of the valid region.
    """

    version: ClassVar[str] = "1"
    dimension: int
    regions: int = 1
    windows: Mapping[str, tuple[float, float]]

    def __init__(self) -> None:
        self.parameters = [Parameter(f"p{i}", Uniform(0.0, 1.0)) for i in range(self.dimension)]
        self.observables = [Observable(name) for name in self.windows]

    @abstractmethod
    def columns(self, u: Floats) -> Floats:
        """Return the observables (n, k) at u (n, d)."""

    def region_of(self, u: Floats) -> Ints:
        """Return which part of the region valid points u (n, d) lie in, (n,) from 0 to `regions` - 1."""
        return np.zeros(len(u), dtype=np.int64)

    def evaluate(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        u = np.column_stack([points[parameter.name] for parameter in self.parameters])
        values = self.columns(u)
        return {name: values[:, i] for i, name in enumerate(self.windows)}

    def constraints(self) -> ConstraintSet:
        """The windows, as a set of the model's name."""
        windows = [
            Window(name=name, observables=(name,), source=SOURCE, lower=low, upper=high)
            for name, (low, high) in self.windows.items()
        ]
        return ConstraintSet(
            self.name, tuple(windows), model=self.name, version=self.version, description=self.description
        )


class Analytic(Windowed):
    """One whose valid region is known exactly."""

    @property
    @abstractmethod
    def volume(self) -> float:
        """Exact part of the unit cube that is valid."""

    @abstractmethod
    def draw_valid(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw points u (n, d) independently and uniformly from the valid region."""


def linear(points: Floats, matrix: Floats) -> Floats:
    """Return the products (n, k) of points (n, d) with the rows of a matrix (k, d).

    Term by term: in a matrix product the bits of a point may depend on how many others are computed with it, and
    with them on the number of ranks.
    """
    total = np.zeros((len(points), len(matrix)))
    for axis in range(points.shape[1]):
        total += points[:, axis, None] * matrix[:, axis]
    return total


def ball_volume(dimension: int) -> float:
    """Return the volume of the unit ball."""
    volume = 1.0 if dimension % 2 == 0 else 2.0
    for i in range(2 + dimension % 2, dimension + 1, 2):
        volume *= 2.0 * np.pi / i
    return float(volume)


def draw_shell(n: int, dimension: int, inner: float, outer: float, rng: np.random.Generator) -> Floats:
    """Draw points (n, dimension) uniformly between two spheres around the origin."""
    direction = rng.standard_normal((n, dimension))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    radius = rng.uniform(inner**dimension, outer**dimension, n) ** (1.0 / dimension)
    return radius[:, None] * direction
