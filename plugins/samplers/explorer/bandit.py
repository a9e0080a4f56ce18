"""Which arm an island takes next: by what each has been worth."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from terranova.types import Array, Ints

ROAM, TREE, SOLVE = 0, 1, 2
"""The arms: CMA-ES, steps around a base, the solver for smooth problems."""

ARMS = 3

_LENGTH = np.array([72.0, 150.0, 100.0])
"""About how many points an episode of each arm takes, so that shares are shares of points."""

_MEMORY = 0.995
"""Weight of what happened a step ago relative to this one."""


class Bandit:
    """Values of the arms on I islands: bins opened for each point spent, the recent past weighing most.

    An arm is drawn with a probability proportional to its share of the values, but at least `floor`; the solver's
    floor falls with every failure, because on a problem that is not smooth it never succeeds.
    """

    ARRAYS = ("gain", "cost", "solves")

    def __init__(self, islands: int, floor: float) -> None:
        self.floor = floor
        self.gain, self.cost = np.zeros((islands, ARMS)), np.ones((islands, ARMS))
        self.solves = np.zeros((islands, 2), dtype=np.int64)

    def draw(self, island: int, rng: np.random.Generator) -> int:
        """Return an arm."""
        value = self.gain[island] / self.cost[island]
        total = float(value.sum())
        share = value / total if total > 0.0 else np.full(ARMS, 1.0 / ARMS)
        tried, solved = self.solves[island].tolist()
        floor = np.array([self.floor, self.floor, self.floor * (1 + solved) / (1 + tried)])
        limits = np.cumsum(np.maximum(share, floor) / _LENGTH)
        return min(int(np.searchsorted(limits, rng.random() * limits[-1], side="right")), ARMS - 1)

    def pay(self, island: int, arm: int, points: int, opened: int) -> None:
        """Note that an arm spent points, which opened bins."""
        self.gain[island, arm] = _MEMORY * self.gain[island, arm] + opened
        self.cost[island, arm] = _MEMORY * self.cost[island, arm] + points

    def solve_begins(self, island: int) -> None:
        """Note that the solver starts."""
        self.solves[island, 0] += 1

    def solve_succeeds(self, island: Ints) -> None:
        """Note on which islands the solver has just found a valid point."""
        self.solves[island, 1] += 1

    def state(self) -> dict[str, Array]:
        """Copy all state; first axes count islands."""
        return {f"bandit_{name}": getattr(self, name).copy() for name in self.ARRAYS}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set all state to a `state()`."""
        for name in self.ARRAYS:
            getattr(self, name)[...] = state[f"bandit_{name}"]
