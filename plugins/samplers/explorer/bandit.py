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
"""Weight of a point, of all islands, relative to the next; points are forgotten at exchanges."""

_MOST_CREDIT = 2000.0
"""Points by which an arm can lag behind its share: what it could not take for long is not all made up for."""

_HOPE, _KNOWN, _DOUBT = 0.15, 2, 10_000
"""Least share of the solver until it has succeeded some times or spent some points: what a new region is worth
shows only then."""

_ROAMING, _MOST_ROAMING, _ROAMED = 0.25, 0.8, 10_000
"""Least share of CMA-ES of the points of all islands until it has spent some: what it finds it finds late. They are
those of one island, of which they take no more than most: a search that is shared out among many finds nothing."""

_UNTRIED = 300
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
    share is next. One island for all has CMA-ES as a search of its own for a while.

    Islands know what all had learnt at the last exchange, and what they learnt themselves since. All counts are
    whole numbers, so that sums over islands do not depend on ranks.

    Args:
        islands: I. floor: least share of every arm but stratified solves. pin_share: of these.
    """

    def __init__(self, islands: int, floor: float, pin_share: float) -> None:
        self.floor, self.pin_share = floor, pin_share
        self._gain, self._cost = np.zeros(ARMS), np.ones(ARMS)  # of all islands, forgotten
        self._spent = np.zeros(ARMS, dtype=np.int64)  # points, without forgetting
        self._solves = np.zeros(2, dtype=np.int64)  # attempts and successes
        self._pinned = np.ones(2)  # the same in empty bins, forgotten
        self._own = np.zeros((islands, 2, ARMS), dtype=np.int64)  # bins and points since the last exchange
        self._own_tries = np.zeros((islands, 2, 2), dtype=np.int64)  # of the solver, and in empty bins
        self.credit = np.zeros((islands, ARMS))

    def values(self) -> Floats:
        """Return what arms open for a point, on islands (I, arms)."""
        return np.asarray((self._gain + self._own[:, 0]) / (self._cost + self._own[:, 1]))

    def worth(self) -> Floats:
        """Return what islands (I,) open for a point, over all arms."""
        own = self._own.sum(axis=2)
        return np.asarray((self._gain.sum() + own[:, 0]) / (self._cost.sum() + own[:, 1]))

    def shares(self, island: int, hopeful: bool, roaming: int = 0) -> Floats:
        """Return which part (arms,) of its points an island gives to each arm.

        Args:
            island: which one.
            hopeful: whether stratified solves have empty bins to try.
            roaming: number of islands for which it runs CMA-ES; 0 if another one does.
        """
        value, spent = self.values()[island], self._spent + self._own[island, 1]
        value[(spent < _UNTRIED) & (np.arange(ARMS) != PIN)] = value.max()
        square = value * value
        total = float(square.sum())
        share = square / total if total > 0.0 else (np.arange(ARMS) != PIN) / (ARMS - 1)
        tried, solved = (self._solves + self._own_tries[island, 0]).tolist()
        pinned = self._pinned + self._own_tries[island, 1]
        floor = np.full(ARMS, self.floor)
        if solved < _KNOWN and spent[SOLVE] < _DOUBT:
            floor[SOLVE] = max(_HOPE, self.floor)
        else:
            floor[SOLVE] *= (1 + solved) / (1 + tried)
        if roaming and spent[ROAM] < _ROAMED:
            floor[ROAM] = max(min(_ROAMING * roaming, _MOST_ROAMING), self.floor)
        floor[PIN] = self.pin_share if hopeful and pinned[1] > _WORTH_PINNING * pinned[0] else 0.0
        share = np.maximum(share, floor)
        return np.asarray(share / share.sum())

    def draw(self, island: int, allowed: Sequence[int]) -> int:
        """Return the arm that lags most behind its share, of those that can begin."""
        return max(allowed, key=lambda arm: float(self.credit[island, arm]))

    def pay(self, island: int, points: Ints, opened: Ints, hopeful: bool, roaming: int = 0) -> None:
        """Note what each arm (arms,) spent in a step, and how many bins (arms,) it opened; see `shares`."""
        self._own[island, 0] += opened
        self._own[island, 1] += points
        self.credit[island] += points.sum() * self.shares(island, hopeful, roaming) - points
        np.clip(self.credit[island], -_MOST_CREDIT, _MOST_CREDIT, out=self.credit[island])

    def solve_ends(self, island: int, solved: bool) -> None:
        """Note that an attempt of the solver has ended."""
        self._own_tries[island, 0] += np.array([1, solved])

    def pin_ends(self, island: int, solved: bool) -> None:
        """Note that a stratified solve in a bin that was empty has ended."""
        self._own_tries[island, 1] += np.array([1, solved])

    def pending(self) -> dict[str, Array]:
        """Return what was learnt since the last merge, in a form that adds up over ranks."""
        return {"bandit": self._own.sum(axis=0), "bandit_tries": self._own_tries.sum(axis=0)}

    def merge(self, total: Mapping[str, Array]) -> None:
        """Take in the sum of everybody's `pending()`."""
        (gain, cost), (solves, pins) = total["bandit"], total["bandit_tries"]
        memory, memory_of_pins = _MEMORY ** float(cost.sum()), _MEMORY_OF_PINS ** float(pins[0])
        self._gain, self._cost = memory * self._gain + gain, memory * self._cost + cost
        self._pinned = memory_of_pins * self._pinned + pins
        self._spent += cost
        self._solves += solves
        self._own[...] = 0
        self._own_tries[...] = 0

    def state(self) -> dict[str, Array]:
        """Copy all state right after a merge."""
        return {
            "bandit_credit": self.credit.copy(),
            "shared_bandit_values": np.stack([self._gain, self._cost]),
            "shared_bandit_spent": self._spent.copy(),
            "shared_bandit_solves": self._solves.copy(),
            "shared_bandit_pinned": self._pinned.copy(),
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set all state to a `state()`."""
        self.credit[...] = state["bandit_credit"]
        self._gain, self._cost = (row.copy() for row in state["shared_bandit_values"])
        self._spent[...], self._solves[...] = state["shared_bandit_spent"], state["shared_bandit_solves"]
        self._pinned = state["shared_bandit_pinned"].copy()
        self._own[...] = 0
        self._own_tries[...] = 0
