"""All constraints in one form: numbers that must lie within windows."""

from __future__ import annotations

import math

import numpy as np

from terranova import Batch, SearchSpace
from terranova.types import Floats


class Rows:
    """The r numbers of a point that decide whether it is valid, and their windows.

    These are the observables with a window and, for constraints of any other kind (functions of several
    observables, tabulated limits, windows on parameters), their margins, which must not exceed 0: unlike violations
    they have slopes inside, too, where a constraint says how far from its bound a point is.

    Args:
        space: what is known of the problem.

    Attributes:
        low, high: (r,) the windows; one end can be infinite.
        clipped: (r,) True for violations, which say nothing of how much room is left within.
    """

    def __init__(self, space: SearchSpace) -> None:
        names = [name for name in space.observables if name in space.windows]
        self._observables = np.array([space.observables.index(name) for name in names], dtype=np.int64)
        opaque = [j for j, name in enumerate(space.constraints) if name not in space.windowed]
        self._margins = np.array(opaque, dtype=np.int64)
        ends = np.array([space.windows[name] for name in names] + [(-math.inf, 0.0)] * len(opaque))
        ends = ends.reshape(-1, 2)
        self._known = len(space.observables)
        self.low, self.high = ends[:, 0].copy(), ends[:, 1].copy()
        self.clipped = np.arange(len(ends)) >= len(names)

    def __len__(self) -> int:
        return len(self.low)

    def of(self, batch: Batch) -> Floats:
        """Return the rows (n, r) of n points; NaN or infinite where unknown."""
        return np.concatenate([batch.observables[:, self._observables], batch.margins[:, self._margins]], axis=1)

    def observables(self, rows: Floats) -> Floats:
        """Return the observables (n, k) of points with rows (n, r); NaN where rows do not tell."""
        observables = np.full((len(rows), self._known), np.nan)
        observables[:, self._observables] = rows[:, : len(self._observables)]
        return observables
