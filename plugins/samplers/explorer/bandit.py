"""Which arm an island takes next: by what each has been worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from terranova.types import Array, Floats, Ints

TREE, WALK, ROAM, SOLVE, PIN = 0, 1, 2, 3, 4
"""The arms: steps around a base, shaped by derivatives or by neighbours, CMA-ES, the solver, and the one that
fills empty bins."""

ARMS = 5

_MEMORY = 0.9999
"""Weight of what happened a point ago relative to this one."""

_MOST_CREDIT = 2000.0
"""Points by which an arm can lag behind its share: what it could not take for long is not all made up for."""

_HOPE, _KNOWN, _DOUBT = 0.15, 2, 2000.0
"""Least share of the solver until it has succeeded some times or spent some points: what a new region is worth
shows only then."""

_UNTRIED = 150.0
"""Points after which an arm has a value of its own; before, it counts as much as the best."""

_WORTH_PINNING = 0.15
"""Least share of successes in empty bins at which stratified solves keep their floor: where what is empty cannot be
reached, they would spend it in vain."""

_MEMORY_OF_PINS = 0.95
"""Weight of a try relative to the next."""


class Bandit:
    """Values of the arms on I islands: bins opened for each point spent, the recent past weighing most.

    An arm's share of the points is its share of the squares of the values, but at least `floor`; the solver's
    floor falls with every failure, because on a problem that is not smooth it never succeeds. Stratified solves
    have a floor of their own while they succeed and there are empty bins to try. The arm that lags most behind its
    share is next.

    Args:
        islands: I. floor: least share of every arm but stratified solves. pin_share: of these.
    """

    ARRAYS = ("gain", "cost", "credit", "solves", "pinned")

    def __init__(self, islands: int, floor: float, pin_share: float) -> None:
        self.floor, self.pin_share = floor, pin_share
        self.gain, self.cost = np.zeros((islands, ARMS)), np.ones((islands, ARMS))
        self.credit = np.zeros((islands, ARMS))
        self.solves = np.zeros((islands, 2), dtype=np.int64)
        self.pinned = np.ones((islands, 2))  # tries in empty bins and successes, older ones weighing less

    def worth(self) -> Floats:
        """Return what islands (I,) open for a point, over all arms."""
        return np.asarray(self.gain.sum(axis=1) / self.cost.sum(axis=1))

    def shares(self, island: int, hopeful: bool) -> Floats:
        """Return which part (arms,) of its points an island gives to each arm."""
        value = self.gain[island] / self.cost[island]
        value[(self.cost[island] < _UNTRIED) & (np.arange(ARMS) != PIN)] = value.max()
        square = value * value
        total = float(square.sum())
        share = square / total if total > 0.0 else (np.arange(ARMS) != PIN) / (ARMS - 1)
        tried, solved = self.solves[island].tolist()
        rate = float(self.pinned[island, 1] / self.pinned[island, 0])
        floor = np.full(ARMS, self.floor)
        if solved < _KNOWN and self.cost[island, SOLVE] < _DOUBT:
            floor[SOLVE] = max(_HOPE, self.floor)
        else:
            floor[SOLVE] *= (1 + solved) / (1 + tried)
        floor[PIN] = self.pin_share if hopeful and rate > _WORTH_PINNING else 0.0
        share = np.maximum(share, floor)
        return np.asarray(share / share.sum())

    def draw(self, island: int, allowed: Sequence[int]) -> int:
        """Return the arm that lags most behind its share, of those that can begin."""
        return max(allowed, key=lambda arm: float(self.credit[island, arm]))

    def pay(self, island: int, points: Ints, opened: Ints, hopeful: bool) -> None:
        """Note how many points (arms,) each arm spent in a step, and how many bins (arms,) it opened."""
        total = int(points.sum())
        memory = _MEMORY**total
        self.gain[island] = memory * self.gain[island] + opened
        self.cost[island] = memory * self.cost[island] + points
        self.credit[island] += total * self.shares(island, hopeful) - points
        np.clip(self.credit[island], -_MOST_CREDIT, _MOST_CREDIT, out=self.credit[island])

    def solve_ends(self, island: int, solved: bool) -> None:
        """Note that an attempt of the solver has ended."""
        self.solves[island] += np.array([1, solved])

    def pin_ends(self, island: int, solved: bool) -> None:
        """Note that a stratified solve in a bin that was empty has ended."""
        self.pinned[island] = _MEMORY_OF_PINS * self.pinned[island] + np.array([1.0, solved])

    def state(self) -> dict[str, Array]:
        """Copy all state; first axes count islands."""
        return {f"bandit_{name}": getattr(self, name).copy() for name in self.ARRAYS}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set all state to a `state()`."""
        for name in self.ARRAYS:
            getattr(self, name)[...] = state[f"bandit_{name}"]
