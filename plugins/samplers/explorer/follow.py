"""What a new valid point is worth: the tree goes on from it at once, and what it opens counts for who found it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from terranova.types import Array, Floats, Ints

LONGEST = 6
"""Bases in a row from which the tree goes on."""


class Followed:
    """The best find of what each lane of I islands does, and on whose account it does it.

    A solve that ends at a valid point has opened a bin or two; what it has really found shows when the search goes
    on from there. So it does, in the same lane, from one base to the best find beside it, while that pays.

    Args:
        dimension: d. rows: r. lanes: of all islands.
    """

    ARRAYS = ("u", "rows", "novelty", "opened", "account", "length", "points", "gain")

    def __init__(self, dimension: int, rows: int, lanes: int) -> None:
        self.u, self.rows = np.zeros((lanes, dimension)), np.zeros((lanes, rows))
        self.novelty = np.zeros(lanes)
        self.opened = np.full(lanes, -1, dtype=np.int64)  # by the best find; -1 without one
        self.account = np.zeros(lanes, dtype=np.int64)
        self.length = np.zeros(lanes, dtype=np.int64)  # bases so far
        self.points, self.gain = np.zeros(lanes, dtype=np.int64), np.zeros(lanes, dtype=np.int64)  # at this one

    def begin(self, lane: int, arm: int) -> None:
        """Note that a lane begins something on the account of an arm."""
        self.account[lane] = arm
        self.length[lane] = self.points[lane] = self.gain[lane] = 0
        self.opened[lane] = -1

    def note(self, lane: Ints, u: Floats, rows: Floats, novelty: Floats, opened: Ints) -> None:
        """Remember the best of valid points u (n, d) that lanes (n,), in order, found."""
        for one in np.unique(lane).tolist():
            mine = np.flatnonzero(lane == one)
            best = int(mine[opened[mine].argmax()])
            if opened[best] > self.opened[one]:
                self.u[one], self.rows[one] = u[best], rows[best]
                self.novelty[one], self.opened[one] = novelty[best], opened[best]

    def pay(self, points: Ints, opened: Ints) -> None:
        """Count points and bins (lanes,) of a step."""
        self.points += points
        self.gain += opened

    def goes_on(self, lane: int, worth: float) -> bool:
        """Say whether to go on from a lane's best find; `worth` is what a point opens elsewhere."""
        if self.opened[lane] < 0 or self.length[lane] >= LONGEST:
            return False
        return bool(self.length[lane] == 0 or self.gain[lane] >= worth * self.points[lane])

    def next(self, lane: int) -> tuple[Floats, Floats, float]:
        """Return the base to go on from: u (d,), rows (r,), novelty."""
        self.length[lane] += 1
        self.points[lane] = self.gain[lane] = 0
        self.opened[lane] = -1
        return self.u[lane].copy(), self.rows[lane].copy(), float(self.novelty[lane])

    def state(self, islands: int) -> dict[str, Array]:
        """Copy all state; first axes count islands."""
        arrays = {name: getattr(self, name) for name in self.ARRAYS}
        return {
            f"followed_{name}": array.reshape(islands, -1, *array.shape[1:]).copy()
            for name, array in arrays.items()
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set all state to a `state()`."""
        for name in self.ARRAYS:
            array = getattr(self, name)
            array[...] = state[f"followed_{name}"].reshape(array.shape)
