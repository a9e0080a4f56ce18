"""Priors of parameters that have a few values only: choices, whole numbers, signs.

Each value owns an interval of [0, 1], as long as it is probable: whatever samples the unit cube samples them.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from terranova.interfaces.priors import Prior
from terranova.types import Floats, Ints

MOST_LEVELS = 10_000
"""Values that a parameter can choose from."""


class Discrete(Prior):
    """A prior of finitely many values. Its map is a staircase: `to_unit` returns the middle of a step.

    `logpdf` is the logarithm of the probability of a value.
    """

    @property
    @abstractmethod
    def levels(self) -> tuple[float, ...]:
        """The values, in the order of the steps."""

    @property
    def labels(self) -> tuple[str, ...]:
        """What the values are called."""
        return tuple(f"{value:.6g}" for value in self.levels)

    @property
    def edges(self) -> Floats:
        """(number of values + 1,) ends of the steps, from 0 to 1."""
        return np.linspace(0.0, 1.0, len(self.levels) + 1)

    def steps(self, u: Floats) -> Ints:
        """Return the number (n,) of the step that u (n,) is on."""
        found: Ints = np.searchsorted(self.edges[1:-1], u, side="right")
        return found

    def to_physical(self, u: Floats) -> Floats:
        return np.array(self.levels)[self.steps(u)]

    def _places(self, x: Floats) -> tuple[Ints, Floats]:
        """Return the step (n,) of each value, and 1 where it is one, NaN elsewhere."""
        levels = np.array(self.levels)
        order = np.argsort(levels, kind="stable")
        nearest = order[np.clip(np.searchsorted(levels[order], x), 0, len(levels) - 1)]
        return nearest, np.where(levels[nearest] == x, 1.0, np.nan)

    def to_unit(self, x: Floats) -> Floats:
        step, known = self._places(x)
        return np.asarray(known * 0.5 * (self.edges[step] + self.edges[step + 1]))

    def logpdf(self, x: Floats) -> Floats:
        step, known = self._places(x)
        return np.where(np.isnan(known), -np.inf, np.log(np.diff(self.edges)[step]))

    @property
    def support(self) -> tuple[float, float]:
        return min(self.levels), max(self.levels)


def _check_levels(kind: str, count: int) -> None:
    if not 2 <= count <= MOST_LEVELS:
        raise ValueError(f"{kind} prior: needs 2 to {MOST_LEVELS} values, got {count}")


@dataclass(frozen=True)
class Choice(Discrete):
    """One of several values, all alike or with `weights`. Words are stored as 0, 1, 2, ... in their order."""

    values: tuple[float | str, ...]
    weights: tuple[float, ...] = ()
    kind: ClassVar[str] = "choice"

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))  # a list will do
        object.__setattr__(self, "weights", tuple(self.weights))
        _check_levels("choice", len(self.values))
        words = [isinstance(value, str) for value in self.values]
        if any(words) and not all(words):
            raise ValueError("choice prior: values must be numbers, or all words")
        if len(set(self.values)) < len(self.values):
            raise ValueError("choice prior: values has one twice")
        if not all(words) and not np.isfinite(np.array(self.values, dtype=float)).all():
            raise ValueError("choice prior: values must be finite numbers")
        if self.weights and len(self.weights) != len(self.values):
            raise ValueError(f"choice prior: weights needs {len(self.values)} numbers, got {len(self.weights)}")
        if not all(np.isfinite(w) and w > 0.0 for w in self.weights):
            raise ValueError("choice prior: weights must be positive: leave out a value that is never taken")

    @property
    def levels(self) -> tuple[float, ...]:
        if isinstance(self.values[0], str):
            return tuple(float(i) for i in range(len(self.values)))
        return tuple(float(value) for value in self.values)

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(value if isinstance(value, str) else f"{value:.6g}" for value in self.values)

    @property
    def edges(self) -> Floats:
        if not self.weights:
            return super().edges
        sums = np.cumsum(self.weights)
        return np.concatenate([[0.0], sums / sums[-1]])

    def describe(self) -> str:
        return f"choice of {', '.join(self.labels[:8])}{', ...' if len(self.labels) > 8 else ''}"

    def to_dict(self) -> dict[str, Any]:
        weights = {"weights": list(self.weights)} if self.weights else {}
        return {"prior": self.kind, "values": list(self.values), **weights}


@dataclass(frozen=True)
class Integer(Discrete):
    """A whole number from `lower` to `upper`, both included, all alike."""

    lower: int
    upper: int
    kind: ClassVar[str] = "integer"

    def __post_init__(self) -> None:
        if not (float(self.lower).is_integer() and float(self.upper).is_integer()):
            raise ValueError("integer prior: lower and upper must be whole numbers")
        if not self.lower < self.upper:
            raise ValueError(f"integer prior: lower ({self.lower}) must be below upper ({self.upper})")
        _check_levels("integer", int(self.upper - self.lower) + 1)

    @property
    def levels(self) -> tuple[float, ...]:
        return tuple(float(i) for i in range(int(self.lower), int(self.upper) + 1))


@dataclass(frozen=True)
class Sign(Discrete):
    """-1 or +1, both alike."""

    kind: ClassVar[str] = "sign"

    @property
    def levels(self) -> tuple[float, ...]:
        return -1.0, 1.0

    def describe(self) -> str:
        return "sign ±1"
