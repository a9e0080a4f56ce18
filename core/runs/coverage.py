"""Coverage: how much of the parameter space the valid points reach, in one number that adds up over ranks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from terranova.types import Array, Bools, Floats, Ints

BINS = 20
"""Bins along each axis of a two-dimensional projection; a full pair has BINS squared = 400 of them."""


class Coverage:
    """Occupied 20 x 20 bins of the two-dimensional projections of a set of points.

    The figure of merit is the mean over all d(d-1)/2 pairs of parameters, in the unit cube, of the number of
    bins that hold at least one valid point: 0 to 400. Bins are never emptied, so ranks that cover different
    places can be merged by adding `pending()`.

    For observables, pass their pairs, and give `add` values that are scaled to [0, 1] by their ranges.

    Args:
        features: number d of features.
        pairs: (i, j) of the projections that count; all pairs when None.
    """

    def __init__(self, features: int, pairs: Sequence[tuple[int, int]] | None = None) -> None:
        self.pairs = tuple(combinations(range(features), 2)) if pairs is None else tuple(pairs)
        self._first: Ints = np.array([i for i, _ in self.pairs], dtype=np.int64)
        self._second: Ints = np.array([j for _, j in self.pairs], dtype=np.int64)
        self._offset: Ints = np.arange(len(self.pairs), dtype=np.int64) * BINS * BINS
        self._shared: Bools = np.zeros((len(self.pairs), BINS * BINS), dtype=bool)
        self._own: Bools = np.zeros_like(self._shared)

    def add(self, values: Floats) -> None:
        """Mark the bins of points (n, d); parts outside [0, 1] count as at the edge, rows with NaN not at all."""
        if not len(values) or not self.pairs:
            return
        known = np.isfinite(values).all(axis=1)
        if not known.all():
            values = values[known]
        # (features, n): to take rows of it is faster than to take columns.
        bins = np.clip((values.T * BINS).astype(np.int64), 0, BINS - 1)
        slots = (bins * BINS).take(self._first, axis=0)
        slots += bins.take(self._second, axis=0)
        slots += self._offset[:, None]
        self._own.reshape(-1)[slots.reshape(-1)] = True

    @property
    def occupied(self) -> Bools:
        """(pairs, 400) True in bins that hold a point; a bin's number is 20 i + j."""
        return self._shared | self._own

    @property
    def per_pair(self) -> Ints:
        """(pairs,) number of occupied bins."""
        counts: Ints = self.occupied.sum(axis=1)
        return counts

    @property
    def mean(self) -> float:
        """Mean over the pairs of the number of occupied bins, 0 to 400."""
        return float(self.per_pair.mean()) if self.pairs else 0.0

    def pending(self) -> Array:
        """Return what was marked since the last `merge`, as int32 (pairs, 400) that adds up over ranks."""
        return self._own.astype(np.int32)

    def merge(self, total: Array) -> None:
        """Take in the sum of everybody's `pending()`."""
        self._shared |= total > 0
        self._own[...] = False

    def state(self) -> Array:
        """Return all marks, packed: uint8 (pairs, 50)."""
        return np.packbits(self.occupied, axis=1)

    def restore(self, state: Array) -> None:
        """Set all marks to a `state()`."""
        self._shared[...] = np.unpackbits(state, axis=1, count=BINS * BINS).astype(bool)
        self._own[...] = False
