"""Sealing of rows at the same time on all ranks, at the end of an epoch."""

from __future__ import annotations

from terranova.store import Writer

LEAST = 0.25
"""Part of a part's rows that a rank must have to seal when another one has to: no small files for its sake."""


class Sealing:
    """Has a rank's writer seal when those of the others do.

    Sealing takes as long as several epochs. If each rank did it when its own rows fill a part, then among many
    ranks there would be one in every epoch, and all others would wait for it at its end.

    Args:
        writer: of this rank.
        ranks: how many there are; one alone seals when its rows fill a part.
    """

    def __init__(self, writer: Writer, ranks: int) -> None:
        self._writer, self._together = writer, ranks > 1
        self._before = writer.unsealed

    def due(self) -> bool:
        """Say whether the rows of another epoch like the last one may not fit; once at the end of each."""
        rows = self._writer.unsealed
        added, self._before = max(0, rows - self._before), rows
        return self._together and rows + added > self._writer.capacity

    def together(self) -> None:
        """Seal, because some rank has to."""
        if self._writer.unsealed >= LEAST * self._writer.capacity:
            self._writer.seal()
        self._before = self._writer.unsealed
