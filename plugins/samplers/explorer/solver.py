"""The arm that finds: attempts from random points, and longer ones from where the best of them ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from terranova.plugins.samplers.explorer.attempts import Attempts, Terms
from terranova.plugins.samplers.explorer.tree import OVER, Told
from terranova.types import Array, Floats

FREE, PROMOTED = Terms(0, 0.35, 0, 20_000, True), Terms(0, 1.0, 10, 20_000, True)
"""Many short attempts that race, and a long one after every few of them, from the best end of all."""

EVERY = 3
"""Short attempts for each long one."""

ANYWHERE = 30
"""Random points of which an attempt begins at the nearest, while nothing valid is known."""

KEPT = 32
"""Ends of attempts that are remembered, the nearest ones."""

SUCCESS = 0.02
"""Part of its first distance that is left to an attempt that makes progress."""

FLAT_AFTER = 2
"""Attempts that must have found rows without derivatives before the solver is said to be of no use."""


Draw = Callable[[np.random.Generator, int], Floats]


class Solver:
    """Solves of I islands.

    Args:
        attempts: what makes the attempts.
        islands: I.
        draw: (stream, n) -> points (n, d) at which attempts can begin; random ones if None.
    """

    ARRAYS = ("ends", "end_distance", "short", "progress", "flat", "long")

    def __init__(self, attempts: Attempts, islands: int, draw: Draw | None = None) -> None:
        self._attempts, self._draw = attempts, draw
        d = attempts.u.shape[1]
        self.ends, self.end_distance = np.zeros((islands, KEPT, d)), np.full((islands, KEPT), np.inf)
        self.short = np.zeros(islands, dtype=np.int64)  # attempts since the last long one
        self.progress = np.zeros(islands, dtype=bool)
        self.flat = np.zeros((islands, 2), dtype=np.int64)  # attempts that ended, and those where rows stood still
        self.long = np.zeros(islands * attempts.lanes, dtype=bool)

    def over(self, lane: int) -> bool:
        """Say whether a lane's attempt has ended."""
        return bool(self._attempts.stage[lane] == OVER)

    def sees(self, island: int) -> bool:
        """Say whether derivatives say anything at most places where attempts were made."""
        ended, flat = self.flat[island].tolist()
        return bool(ended < FLAT_AFTER or 2 * flat <= ended)

    def share(self, island: int) -> float:
        """Return which part of its points an island without valid points gives to attempts."""
        if not self.sees(island):
            return 0.1
        return 0.9 if self.progress[island] else 0.8

    def begin(self, lane: int, known: bool, rng: np.random.Generator) -> None:
        """Begin an attempt; `known` says whether valid points are known, so that any new one is as good."""
        island = lane // self._attempts.lanes
        self.long[lane] = False
        if known:
            self._attempts.begin(lane, self._starts(1, rng), FREE, rng)
        elif self.short[island] >= EVERY and np.isfinite(self.end_distance[island]).any():
            best = int(self.end_distance[island].argmin())
            self.end_distance[island, best] = np.inf
            self.short[island], self.long[lane] = 0, True
            self._attempts.begin(lane, self.ends[island, best][None].copy(), PROMOTED, rng)
        else:
            sampled = self._draw is None and not self._attempts.sampled[island]  # then its sample does
            self._attempts.begin(lane, self._starts(0 if sampled else ANYWHERE, rng), FREE, rng)

    def _starts(self, n: int, rng: np.random.Generator) -> Floats:
        return rng.random((n, self.ends.shape[2])) if self._draw is None else self._draw(rng, n)

    def tell(self, told: Mapping[int, Told]) -> list[tuple[int, bool]]:
        """Learn what became of the last points; return the island of each attempt that ended, and its success."""
        attempts = self._attempts
        attempts.tell(told)
        ended = []
        for lane in told:
            island, solved = lane // attempts.lanes, bool(attempts.solved[lane])
            self.progress[island] |= attempts.least[lane] < SUCCESS * attempts.first[lane]
            if not self.over(lane):
                continue
            ended.append((island, solved))
            self.flat[island] += np.array([1, attempts.flat[lane]])
            if solved or self.long[lane]:
                continue
            self.short[island] += 1
            worst = int(self.end_distance[island].argmax())
            if attempts.distance[lane] < self.end_distance[island, worst]:
                self.ends[island, worst] = attempts.u[lane]
                self.end_distance[island, worst] = attempts.distance[lane]
        return ended

    def state(self) -> dict[str, Array]:
        """Copy all state; first axes count islands."""
        islands = len(self.short)
        arrays = {name: getattr(self, name).copy() for name in self.ARRAYS}
        arrays["long"] = arrays["long"].reshape(islands, -1)
        return {f"solver_{name}": array for name, array in arrays.items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set all state to a `state()`."""
        for name in self.ARRAYS:
            array = getattr(self, name)
            array[...] = state[f"solver_{name}"].reshape(array.shape)
