"""Occupied bins of all pairs of parameters: the currency in which the explorer pays its arms."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from terranova.types import Array, Floats, Ints

BINS = 20
"""Bins along each axis, as many as the coverage that scans report."""


class Bins:
    """Which bins have been entered, by everybody and by each of I islands since the last exchange."""

    def __init__(self, dimension: int, islands: int) -> None:
        pairs = np.array(list(combinations(range(dimension), 2)), dtype=np.int64).reshape(-1, 2)
        self._first, self._second = pairs[:, 0].copy(), pairs[:, 1].copy()
        self._shared = np.zeros((len(pairs), BINS * BINS), dtype=bool)
        self._own = np.zeros((islands, len(pairs), BINS * BINS), dtype=bool)

    def enter(self, u: Floats, island: Ints) -> Ints:
        """Mark the bins of points u (n, d) of islands (n,); return how many (n,) each opened."""
        from terranova.plugins.samplers.explorer.bins_kernels import open_bins

        opened = np.zeros(len(u), dtype=np.int64)
        open_bins(u, island, self._first, self._second, BINS, self._shared, self._own, opened)
        return opened

    def empty(self, u: Floats, island: Ints) -> Ints:
        """Return how many bins (n,) points would open."""
        from terranova.plugins.samplers.explorer.bins_kernels import empty_bins

        empty = np.zeros(len(u), dtype=np.int64)
        empty_bins(u, island, self._first, self._second, BINS, self._shared, self._own, empty)
        return empty

    def pending(self) -> Array:
        """Return what was entered since the last merge, as int32 (pairs, 400)."""
        return np.asarray(self._own.any(axis=0), dtype=np.int32)

    def merge(self, total: Array) -> None:
        """Take in the sum of everybody's `pending()`."""
        self._shared |= total > 0
        self._own[...] = False

    def state(self) -> dict[str, Array]:
        """Return what is known right after a merge."""
        return {"shared_bins": np.packbits(self._shared, axis=1)}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set it to a `state()`."""
        self._shared[...] = np.unpackbits(state["shared_bins"], axis=1, count=BINS * BINS).astype(bool)
        self._own[...] = False
