"""Compiled loops of the explorer's bins: those that points enter, and those that nobody has been in."""

from __future__ import annotations

import numpy as np

from terranova.plugins._jit import kernel
from terranova.types import Array, Floats, Ints


@kernel
def _find_slots(u: Floats, bins: int, slots: Ints) -> None:
    """Write for a point u (d,) its bin on each axis (d,), of `bins` on each."""
    for c in range(len(u)):
        slots[c] = min(int(u[c] * bins), bins - 1)


@kernel
def open_bins(
    u: Floats, island: Ints, first: Ints, second: Ints, bins: int, shared: Array, own: Array, opened: Ints
) -> None:
    """Mark the bins of points in all pairs of axes and count those that their island did not know.

    Args:
        u: (n, d) in the unit cube. island: (n,).
        first, second: (p,) the axes of each pair.
        bins: along each axis.
        shared: (p, bins * bins) bool. own: (I, p, bins * bins) bool, marked.
        opened: (n,), written.
    """
    slots = np.empty(u.shape[1], dtype=np.int64)
    for n in range(len(u)):
        _find_slots(u[n], bins, slots)
        new = 0
        for p in range(len(first)):
            slot = slots[first[p]] * bins + slots[second[p]]
            if not own[island[n], p, slot]:
                own[island[n], p, slot] = True
                new += not shared[p, slot]
        opened[n] = new


@kernel
def empty_bins(
    u: Floats, island: Ints, first: Ints, second: Ints, bins: int, shared: Array, own: Array, empty: Ints
) -> None:
    """Count the bins of points that nobody has been in; arguments as in `open_bins`, nothing is marked."""
    slots = np.empty(u.shape[1], dtype=np.int64)
    for n in range(len(u)):
        _find_slots(u[n], bins, slots)
        new = 0
        for p in range(len(first)):
            slot = slots[first[p]] * bins + slots[second[p]]
            new += not (shared[p, slot] or own[island[n], p, slot])
        empty[n] = new
