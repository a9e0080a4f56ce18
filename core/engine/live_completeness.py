"""Completeness of a scan that is going on: read from its store now and then, at a bounded cost."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

from terranova.engine.totals import Totals
from terranova.errors import TerranovaError
from terranova.runs.completeness import LEAST_VALID, Completeness
from terranova.runs.completeness_text import brief
from terranova.runs.run import Run

log = logging.getLogger("terranova")

EVERY = 20.0
"""Seconds between two looks, at least."""

SHARE = 0.01
"""Part of the time that looking may take: after a look that took long, the next one is so much later."""

RANKS = 64
"""With more ranks nobody looks: whoever does holds all points that are not sealed, gigabytes then."""


class LiveCompleteness:
    """How complete the map of a running scan is, as of the last look.

    The store is read, which has the rows of all ranks and sessions: nothing is kept or exchanged for it.

    Args:
        directory: of the run.
        ranks: that write to it.
    """

    def __init__(self, directory: Path, ranks: int) -> None:
        self._directory, self._ranks = directory, ranks
        self._run: Run | None = None
        self._known: Completeness | None = None
        self._evaluations = 0
        self._due_at = time.monotonic() + EVERY

    def look(self, totals: Totals) -> None:
        """Look again if it is time to; `totals` of the scan."""
        started = time.monotonic()
        if started < self._due_at or totals.valid < LEAST_VALID or self._ranks > RANKS:
            return
        try:
            self._run = self._run or Run(self._directory)
            self._known, self._evaluations = self._run.completeness(), totals.evaluations
        except (TerranovaError, OSError) as error:  # not worth a scan; its end says what is damaged
            log.debug("how complete the map is was not worked out: %s", error)
        ended = time.monotonic()
        self._due_at = ended + max(EVERY, (ended - started) / SHARE)

    @property
    def words(self) -> str:
        """What a line of the display has room for; empty before the first look."""
        return "" if self._known is None else brief(self._known)

    def to_dict(self) -> dict[str, Any]:
        """For `summary.json`, with the evaluations that it is known after; empty before the first look."""
        if self._known is None:
            return {}
        return {"completeness": {**self._known.to_dict(), "evaluations": self._evaluations}}
