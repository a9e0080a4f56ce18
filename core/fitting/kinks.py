"""Bounds with kinks: slopes that were found nearby, and may be those of another branch of a bound."""

from __future__ import annotations

import numpy as np

from terranova.types import Floats, Ints

KEPT = 2
"""Places, of the last ones, whose slopes a search remembers."""

_NEARBY = 0.3
"""Farther away, in units of a chart, slopes say nothing: no step is longer."""

_INACTIVE = 1e3


class Kinks:
    """Remembers for each of n searches the bounds and their slopes at the last places where they were looked at.

    A bound such as the largest of several eigenvalues is a maximum of smooth functions. Beside a kink its slopes at
    one place know one of them only, and steps go back and forth between two. With the slopes of both as rows of the
    same programme they go along it (K. C. Kiwiel, Methods of Descent for Nondifferentiable Optimization, 1985).

    Args:
        searches: their number n.
        bounds: their number k.
        dimension: d.
    """

    def __init__(self, searches: int, bounds: int, dimension: int) -> None:
        self._v = np.full((searches, KEPT, dimension), np.inf)
        self._bounds = np.zeros((searches, KEPT, bounds))
        self._slopes = np.zeros((searches, KEPT, bounds, dimension))

    def put(self, rows: Ints, v: Floats, bounds: Floats, slopes: Floats) -> None:
        """Remember bounds (m, k) and slopes (m, k, d) at v (m, d) of some searches (m,)."""
        for kept, new in ((self._v, v), (self._bounds, bounds), (self._slopes, slopes)):
            kept[rows, 1:] = kept[rows, :-1]
            kept[rows, 0] = new

    def near(self, rows: Ints, v: Floats, bounds: Floats) -> tuple[Floats, Floats]:
        """Return slopes (m, KEPT k, d) and levels (m, KEPT k) at v (m, d), where the bounds are (m, k).

        What slopes from elsewhere say of v is no larger than the bound there, whose branch is at most the bound.
        """
        away = v[:, None] - self._v[rows]
        usable = np.abs(away).max(axis=2, initial=0.0) < _NEARBY
        slopes = np.where(usable[:, :, None, None], self._slopes[rows], 0.0)
        ahead = (slopes @ np.where(usable[:, :, None], away, 0.0)[:, :, :, None])[:, :, :, 0]
        levels = np.minimum(self._bounds[rows] + ahead, bounds[:, None])
        levels = np.where(usable[:, :, None], levels, -_INACTIVE)
        m, _, k, d = slopes.shape
        return slopes.reshape(m, KEPT * k, d), levels.reshape(m, KEPT * k)
