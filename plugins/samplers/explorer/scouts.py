"""Who looks for the first valid point: while nobody has one, a few islands search and the others wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from terranova.types import Array

_LOTS = 1024

_ALONE = 64
"""Steps without any exchange after which an island no longer waits for one."""

_MORE_AFTER = 20
"""Exchanges after which as many scouts again are called."""


class Scouts:
    """Each of I islands draws a lot; those with the lowest of the whole run are scouts.

    The lots are counted at the exchanges, so that every rank knows where the lowest end.

    Args:
        streams: of the islands.
        wanted: number of scouts at first.
    """

    def __init__(self, streams: Sequence[np.random.Generator], wanted: int) -> None:
        self._lot = np.array([int(stream.integers(_LOTS)) for stream in streams], dtype=np.int64)
        self._slept = np.zeros(len(streams), dtype=np.int64)
        self._wanted = wanted
        self._first, self._last, self._exchanges, self._islands = -1, -1, 0, len(streams)

    def awake(self, island: int) -> bool:
        """Say whether an island that knows no valid point is to search."""
        return bool(self._lot[island] <= self._last or self._slept[island] >= _ALONE)

    def leads(self, island: int) -> bool:
        """Say whether an island is the first of all scouts; of two that drew one lot, both are."""
        return bool(self._lot[island] <= self._first)

    @property
    def islands(self) -> int:
        """Number of islands of the run, known since the first exchange."""
        return self._islands

    def sleep(self, island: int) -> None:
        """Note a step in which an island waited."""
        self._slept[island] += 1

    def pending(self) -> Array:
        """Return how many islands drew each lot."""
        return np.bincount(self._lot, minlength=_LOTS)

    def merge(self, total: Array) -> None:
        """Take in the sum of everybody's `pending()`."""
        self._exchanges += 1
        self._slept[...] = 0
        wanted = self._wanted * (1 + self._exchanges // _MORE_AFTER)
        drawn = np.cumsum(total)
        self._first, self._last = (int(np.searchsorted(drawn, n)) for n in (1, wanted))
        self._islands = int(drawn[-1])

    def state(self) -> dict[str, Array]:
        """Return all there is, right after a merge."""
        return {
            "lot": self._lot.copy(),
            "shared_scouts": np.array([self._first, self._last, self._exchanges, self._islands]),
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set it to a `state()`."""
        self._lot[...] = state["lot"]
        self._slept[...] = 0
        self._first, self._last, self._exchanges, self._islands = (int(n) for n in state["shared_scouts"])
