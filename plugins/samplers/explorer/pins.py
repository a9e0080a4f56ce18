"""The arm that fills empty bins: one parameter is held there, and the others are solved for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from terranova.plugins.samplers.explorer.attempts import Attempts
from terranova.plugins.samplers.explorer.bases import Bases
from terranova.plugins.samplers.explorer.rows import Rows
from terranova.plugins.samplers.explorer.strata import Strata
from terranova.plugins.samplers.explorer.tree import OVER, Told
from terranova.types import Array, Bools, Floats, Ints

FROM_KNOWN = 0.9
"""Share of the attempts that begin at a known valid point, but for the parameter that is held; it follows a valley.
The others begin anywhere, and find other branches."""

ANYWHERE = 15
"""Random points of which such a one begins at the best."""


class Pins:
    """Stratified solves on I islands.

    Args:
        rows: what decides on validity.
        periodic: (d,) axes that wrap.
        islands: I.
    """

    def __init__(self, rows: Rows, periodic: Bools, islands: int) -> None:
        self._attempts = Attempts(rows, periodic, islands)
        self._strata = Strata(len(periodic), islands)
        self._empty = np.zeros(islands, dtype=bool)  # whether the bin was, when the attempt began

    def over(self, island: int) -> bool:
        """Say whether an island's attempt has ended."""
        return bool(self._attempts.stage[island] == OVER)

    def hopeful(self, island: int) -> bool:
        """Say whether there is an empty bin in which few attempts have failed."""
        return self._strata.hopeful(island)

    def begin(self, island: int, bases: Bases, rng: np.random.Generator) -> None:
        """Begin an attempt in a bin that is best empty; `bases` hold at least one point of the island."""
        axis, place = self._strata.draw(island, rng)
        self._empty[island] = self._strata.empty(island, axis, place)
        if rng.random() < FROM_KNOWN:
            # After failures it is not always the nearest one.
            choice = int(rng.integers(1 + self._strata.failures(island, axis, place)))
            starts = bases.nearest(island, axis, place, choice)[None].copy()
        else:
            starts = rng.random((ANYWHERE, self._attempts.u.shape[1]))
        starts[:, axis] = place
        self._attempts.begin(island, starts, axis, rng)

    def ask(self, who: Sequence[int]) -> dict[int, tuple[Floats, Bools]]:
        """Return for each island of `who` its next points u (n, d), and which of them are probes."""
        return self._attempts.ask(who)

    def tell(self, told: Mapping[int, Told]) -> tuple[Ints, Ints]:
        """Learn what became of the last points; return islands whose attempt in an empty bin ended just now.

        Those where it failed, and those where it succeeded.
        """
        self._attempts.tell(told)
        over = np.array([i for i in told if self.over(i)], dtype=np.int64)
        solved = self._attempts.solved[over]
        for i in over[~solved].tolist():
            held = int(self._attempts.held[i])
            self._strata.fail(i, held, float(self._attempts.u[i, held]))
        return over[~solved & self._empty[over]], over[solved & self._empty[over]]

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
        return {**self._attempts.state(), **self._strata.state(), "pin_empty": self._empty.copy()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set all state to a `state()`."""
        self._attempts.restore(state)
        self._strata.restore(state)
        self._empty[...] = state["pin_empty"]
