"""Coordinates in which a search steps: the prior's cube, and the logarithms of positive parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from terranova.interfaces.parameters import Parameter
from terranova.interfaces.priors import Prior
from terranova.types import Bools, Floats, Ints

CUBE, LOGS = 0, 1
"""The prior's cube; logarithms of all parameters that are positive, where the prior is not flat in them anyway."""

_DECADES = 6.0
"""Of a parameter whose range begins at zero, so many are kept."""

_ALIKE = 1e-9


class Charts:
    """Maps between the cube and coordinates v, (n, d) as well, in which every axis goes from 0 to 1.

    A valley along which a product of parameters is constant is curved in one chart and straight in another.

    Args:
        parameters: the d parameters that are searched.
    """

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self._parameters = tuple(parameters)
        ends = [_positive_range(parameter.prior) for parameter in parameters]
        self._log: list[tuple[int, float, float]] = [(i, *pair) for i, pair in enumerate(ends) if pair is not None]

    @property
    def count(self) -> int:
        """Number of charts that differ."""
        return 2 if self._log else 1

    def to_cube(self, v: Floats, chart: Ints) -> Floats:
        """Return u (n, d) of v (n, d), each row in its chart (n,)."""
        u, rows = v.copy(), chart == LOGS
        for i, low, high in self._log:
            x = np.exp(low + (high - low) * v[rows, i])
            u[rows, i] = np.clip(self._parameters[i].prior.to_unit(x), 0.0, 1.0)
        return u

    def from_cube(self, u: Floats, chart: Ints) -> Floats:
        """Return v (n, d) of u (n, d)."""
        v, rows = u.copy(), chart == LOGS
        for i, low, high in self._log:
            x = np.maximum(self._parameters[i].prior.to_physical(u[rows, i]), math.exp(low))
            v[rows, i] = np.clip((np.log(x) - low) / (high - low), 0.0, 1.0)
        return v


def _positive_range(prior: Prior) -> tuple[float, float] | None:
    """Return the ends of ln x, or None where x is not positive, is unbounded, or where the cube is flat in ln x."""
    if prior.periodic or prior.reads:
        return None
    low, middle, high = (float(x) for x in prior.to_physical(np.array([0.0, 0.5, 1.0])))
    if not (0.0 <= low < high and math.isfinite(high)):
        return None
    low = max(low, high * 10.0**-_DECADES)
    if abs(math.log(middle) - 0.5 * (math.log(low) + math.log(high))) < _ALIKE:
        return None
    return math.log(low), math.log(high)


def inward(v: Floats, step: float, periodic: Bools) -> Floats:
    """Return (n, d) steps of this size that stay within 0 and 1, but on axes that wrap."""
    return np.where((v > 1.0 - 2.0 * step) & ~periodic, -step, step)
