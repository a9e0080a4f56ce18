"""The arm that fills empty bins: one parameter is held there, and the others are solved for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from terranova.plugins.samplers.explorer.attempts import Attempts, Terms
from terranova.plugins.samplers.explorer.bases import Bases
from terranova.plugins.samplers.explorer.strata import Strata
from terranova.plugins.samplers.explorer.tree import OVER, Told
from terranova.types import Array, Floats, Ints

FROM_KNOWN = 0.9
"""Share of the attempts that begin at a known valid point, but for the parameter that is held; it follows a valley.
The others begin anywhere, and find other branches."""

ANYWHERE = 15
"""Random points of which such a one begins at the best."""

HELD = Terms(1, 0.5, 4, 400, False)
"""What an attempt may cost."""


class Pins:
    """Stratified solves on I islands.

    Args:
        attempts: what makes the attempts.
        islands: I.
    """

    def __init__(self, attempts: Attempts, islands: int) -> None:
        self._attempts = attempts
        self._strata = Strata(attempts.u.shape[1], islands)
        self._empty = np.zeros(islands * attempts.lanes, dtype=bool)  # whether the bin was, when an attempt began

    def over(self, lane: int) -> bool:
        """Say whether a lane's attempt has ended."""
        return bool(self._attempts.stage[lane] == OVER)

    def hopeful(self, island: int) -> bool:
        """Say whether there is an empty bin in which few attempts have failed."""
        return self._strata.hopeful(island)

    def begin(self, lane: int, bases: Bases, rng: np.random.Generator) -> None:
        """Begin an attempt in a bin that is best empty; `bases` hold at least one point of the island."""
        island = lane // self._attempts.lanes
        axis, place = self._strata.draw(island, rng)
        self._empty[lane] = self._strata.empty(island, axis, place)
        if rng.random() < FROM_KNOWN:
            # After failures it is not always the nearest one.
            choice = int(rng.integers(1 + self._strata.failures(island, axis, place)))
            starts = bases.nearest(island, axis, place, choice)[None].copy()
        else:
            starts = rng.random((ANYWHERE, self._attempts.u.shape[1]))
        starts[:, axis] = place
        self._attempts.begin(lane, starts, HELD, rng, axis)

    def tell(self, told: Mapping[int, Told]) -> list[tuple[int, bool]]:
        """Learn what became of the last points.

        Returns:
            Of each attempt in an empty bin that ended just now, the island and whether it succeeded.
        """
        attempts = self._attempts
        attempts.tell(told)
        ended = []
        for lane in told:
            if not self.over(lane):
                continue
            island, solved = lane // attempts.lanes, bool(attempts.solved[lane])
            if not solved:
                held = int(attempts.held[lane])
                self._strata.fail(island, held, float(attempts.u[lane, held]))
            if self._empty[lane]:
                ended.append((island, solved))
        return ended

    def note(self, u: Floats, island: Ints) -> None:
        """Count valid points u (n, d) of islands (n,), of all arms."""
        self._strata.note(u, island)

    def pending(self) -> Array:
        """Return what islands learnt of bins since the last merge."""
        return self._strata.pending()

    def merge(self, total: Array) -> None:
        """Take in the sum of everybody's `pending()`."""
        self._strata.merge(total)

    def state(self) -> dict[str, Array]:
        """Copy all state right after a merge."""
        empty = self._empty.reshape(-1, self._attempts.lanes)
        return {**self._strata.state(), "pin_empty": empty.copy()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set all state to a `state()`."""
        self._strata.restore(state)
        self._empty[...] = state["pin_empty"].reshape(-1)
