"""Status of a running scan: shown to whoever started it, and published in the run directory."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Mapping
from pathlib import Path

from terranova.config.scan import Budget
from terranova.engine.display import Progress, Snapshot
from terranova.engine.live_completeness import LiveCompleteness
from terranova.engine.meeting import BROKEN_OFF
from terranova.engine.totals import ScanClock, Totals
from terranova.errors import TerranovaError
from terranova.parallel.world import World
from terranova.runs.coverage import Coverage
from terranova.runs.run import SUMMARY, Run
from terranova.system.atomic import write_atomic

log = logging.getLogger("terranova")

PROGRESS_INTERVAL = 0.5
"""Seconds between two updates of the display, and of the published status."""

MOST_ROWS = 100_000_000
"""Rows of which the first rank works out how complete their map is at the end of a scan."""

RUNNING = "running"


def publish_resumed(directory: Path) -> None:
    """Say that a run which may have ended goes on; what it counted stays until the loop counts for itself.

    Otherwise a session that dies before it publishes anything would leave a larger budget beside the word that the
    scan had ended, and the next one would find nothing to do.

    Raises:
        OSError: it cannot be written.
    """
    if summary := Run(directory).summary:
        write_atomic(directory / SUMMARY, json.dumps({**summary, "state": RUNNING}, indent=1) + "\n")


def publish_completeness(directory: Path, run: Run) -> None:
    """Add to the status of a scan that has ended how complete its map may be, for other programs.

    Not where that would take the first rank many minutes, while all others wait.
    """
    if run.count > MOST_ROWS:
        log.info("how complete the map of %s is: see `terranova report`", directory)
        return
    try:
        summary = {**run.summary, "completeness": run.completeness().to_dict()}
        write_atomic(directory / SUMMARY, json.dumps(summary, indent=1) + "\n")
    except (TerranovaError, OSError) as error:
        # The scan is whole without it, and `terranova report` says it as well.
        log.warning("how complete the map is was not written to %s: %s", SUMMARY, error)


class StatusPublisher:
    """Shows and publishes where a scan stands. Only the first rank does anything.

    Args:
        directory: of the run.
        budget: decides which part is done.
        world: the ranks that have islands.
        clock: of the scan.
        progress: the display.
    """

    def __init__(self, directory: Path, budget: Budget, world: World, clock: ScanClock, progress: Progress) -> None:
        self._directory, self._budget, self._world = directory, budget, world
        self._clock, self._progress = clock, progress
        self._live = LiveCompleteness(directory, world.size)
        self._shown_at = self._published_at = -math.inf

    @property
    def display_is_due(self) -> bool:
        """True on the first rank when the display is older than `PROGRESS_INTERVAL`."""
        return self._world.is_root and time.monotonic() - self._shown_at > PROGRESS_INTERVAL

    def show(self, totals: Totals, coverage: Coverage, generation: int) -> Snapshot:
        """Update the display; return what it shows.

        Args:
            totals: of all ranks, as far as this one knows.
            coverage: of the valid points.
            generation: steps taken by the islands.
        """
        self._shown_at = time.monotonic()
        rate = self._clock.rate(totals.evaluations)
        fraction, seconds_left = self._remaining(totals, rate)
        snapshot = Snapshot(
            seconds=self._clock.seconds,
            evaluations=totals.evaluations,
            rate=rate,
            valid=totals.valid,
            probes=totals.probes,
            failed=totals.failed,
            best_violation=totals.best_violation,
            best_loglike=totals.best_loglike,
            coverage=coverage.mean,
            generation=generation,
            fraction=min(fraction, 1.0),
            seconds_left=seconds_left,
            completeness=self._live.words,
        )
        self._progress.update(snapshot)
        return snapshot

    def publish(
        self,
        state: str,
        totals: Totals,
        coverage: Coverage,
        generation: int,
        timings: Mapping[str, float],
        *,
        final: bool,
        behind_store: bool,
    ) -> None:
        """Write the status beside the points, for `resume`, for supervisors, and for whoever looks in.

        Args:
            state: `RUNNING`, or why the scan stopped.
            totals, coverage, generation: as for `show`.
            timings: seconds in each part of the loop.
            final: whether the scan stops here; otherwise nothing is written more often than is of use.
            behind_store: whether the store still holds more than this session has replayed.
        """
        if not self._world.is_root:
            return
        if behind_store and state in (RUNNING, *BROKEN_OFF):
            # The status of an earlier session counts all that is stored. Ours, halfway through the replay, would
            # count less: whoever looks in would see points vanish that are safe.
            return
        if not final and time.monotonic() - self._published_at < PROGRESS_INTERVAL:
            return
        self._published_at = time.monotonic()
        if not final:  # whoever ends a scan looks at all of it
            self._live.look(totals)
        snapshot = self.show(totals, coverage, generation)
        summary = {
            "state": state,
            "ranks": self._world.size,
            **snapshot.to_dict(),
            "timings": dict(timings),
            **self._live.to_dict(),
        }
        try:
            write_atomic(self._directory / SUMMARY, json.dumps(summary, indent=1) + "\n")
        except OSError as error:
            # Not worth a scan: if the disk is full, the next points will say so, and they matter.
            log.warning("%s could not be written: %s", SUMMARY, error)

    def _remaining(self, totals: Totals, rate: float) -> tuple[float, float]:
        """Return the part of the budget that is used, and the seconds that remain (NaN if unknown)."""
        budget, seconds = self._budget, self._clock.seconds
        limits: list[tuple[float, float]] = []
        if budget.evaluations is not None:
            rest = max(0, budget.evaluations - totals.evaluations)
            limits.append((totals.evaluations / budget.evaluations, rest / rate if rate > 0 else math.nan))
        if budget.wall is not None:
            limits.append((seconds / budget.wall, max(0.0, budget.wall - seconds)))
        if budget.valid is not None:
            limits.append((totals.valid / budget.valid, math.nan))
        return max(limits, key=lambda pair: pair[0], default=(0.0, math.nan))
