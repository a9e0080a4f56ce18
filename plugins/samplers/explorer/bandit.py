"""Which arm an island takes next: by what each has been worth."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from terranova.types import Array, Ints

ROAM, TREE, SOLVE, PIN = 0, 1, 2, 3
"""The arms: CMA-ES, steps around a base, the solver for smooth problems, and the one that fills empty bins."""

ARMS = 4

_LENGTH = np.array([72.0, 150.0, 100.0, 80.0])
"""About how many points an episode of each arm takes, so that shares are shares of points."""

_MEMORY = 0.995
"""Weight of what happened a step ago relative to this one."""

_WORTH_PINNING = 0.15
"""Least share of successes in empty bins at which stratified solves keep their floor: where what is empty cannot be
reached, they would spend it in vain."""

_MEMORY_OF_PINS = 0.95
"""Weight of a try relative to the next."""


class Bandit:
    """Values of the arms on I islands: bins opened for each point spent, the recent past weighing most.

    An arm is drawn with a probability proportional to its share of the values, but at least `floor`; the solver's
    floor falls with every failure, because on a problem that is not smooth it never succeeds. Stratified solves
    have a share of their own while they succeed and there are empty bins to try, whatever they open: what they are
    for, to carry the search along a valley, pays the other arms.

    Args:
        islands: I. floor: least share of every arm but stratified solves. pin_share: of these.
    """

    ARRAYS = ("gain", "cost", "solves", "pinned", "pins")

    def __init__(self, islands: int, floor: float, pin_share: float) -> None:
        self.floor, self.pin_share = floor, pin_share
        self.gain, self.cost = np.zeros((islands, ARMS)), np.ones((islands, ARMS))
        self.solves = np.zeros((islands, 2), dtype=np.int64)
        self.pinned = np.ones((islands, 2))  # tries in empty bins and successes, older ones weighing less
        self.pins = np.tile([_LENGTH[PIN], 1.0], (islands, 1))  # points and attempts, which differ much in length

    def draw(self, island: int, hopeful: bool, rng: np.random.Generator) -> int:
        """Return an arm; `hopeful` says whether there are empty bins to try."""
        value = self.gain[island] / self.cost[island]
        value[PIN] = 0.0
        total = float(value.sum())
        share = value / total if total > 0.0 else (np.arange(ARMS) != PIN) / (ARMS - 1)
        tried, solved = self.solves[island].tolist()
        rate = float(self.pinned[island, 1] / self.pinned[island, 0])
        pin = self.pin_share if hopeful and rate > _WORTH_PINNING else 0.0
        floor = np.array([self.floor, self.floor, self.floor * (1 + solved) / (1 + tried), pin])
        length = _LENGTH.copy()
        length[PIN] = self.pins[island, 0] / self.pins[island, 1]
        limits = np.cumsum(np.maximum(share, floor) / length)
        return min(int(np.searchsorted(limits, rng.random() * limits[-1], side="right")), ARMS - 1)

    def pay(self, island: int, arm: int, points: int, opened: int) -> None:
        """Note that an arm spent points, which opened bins."""
        self.gain[island, arm] = _MEMORY * self.gain[island, arm] + opened
        self.cost[island, arm] = _MEMORY * self.cost[island, arm] + points
        if arm == PIN:
            self.pins[island, 0] += points

    def solve_begins(self, island: int) -> None:
        """Note that the solver starts."""
        self.solves[island, 0] += 1

    def solve_succeeds(self, island: Ints) -> None:
        """Note on which islands the solver has just found a valid point."""
        self.solves[island, 1] += 1

    def pin_begins(self, island: int) -> None:
        """Note that a stratified solve starts."""
        self.pins[island, 1] += 1.0

    def pin_ends(self, failed: Ints, solved: Ints) -> None:
        """Note on which islands a stratified solve in a bin that was empty has just failed, and succeeded."""
        ended = np.concatenate([failed, solved])
        self.pinned[ended] *= _MEMORY_OF_PINS
        self.pinned[ended, 0] += 1.0
        self.pinned[solved, 1] += 1.0

    def state(self) -> dict[str, Array]:
        """Copy all state; first axes count islands."""
        return {f"bandit_{name}": getattr(self, name).copy() for name in self.ARRAYS}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set all state to a `state()`."""
        for name in self.ARRAYS:
            getattr(self, name)[...] = state[f"bandit_{name}"]
