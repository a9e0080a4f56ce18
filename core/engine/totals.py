"""Running totals of a scan: points and valid points over all ranks, wall time, time in each part of the loop."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from terranova.engine.compilation import compilation
from terranova.interfaces.batch import Batch, Status


@dataclass
class Totals:
    """What all ranks together have found; sums and extremes that do not depend on the order of merging.

    `valid` does not count probes of derivatives (see `Batch`); `probes` are those left out of it.
    """

    evaluations: int = 0
    valid: int = 0
    failed: int = 0
    best_violation: float = math.inf
    best_loglike: float = -math.inf
    probes: int = 0

    def add(self, batch: Batch) -> None:
        """Count the rows of a batch."""
        valid = batch.valid
        self.evaluations += len(batch)
        self.valid += int(batch.found.sum())
        self.probes += int((valid & batch.probe).sum())
        self.failed += int((batch.status != Status.OK).sum())
        if valid.any():
            self.best_violation = 0.0
            self.best_loglike = max(self.best_loglike, float(batch.loglike[valid].max()))
        elif self.best_violation > 0.0:
            total = batch.violations.sum(axis=1)[batch.status == Status.OK]
            self.best_violation = min(self.best_violation, float(total.min(initial=np.inf)))

    def merged(self, others: list[Totals]) -> Totals:
        """Return these totals plus those of others."""
        everyone = [self, *others]
        return Totals(
            evaluations=sum(t.evaluations for t in everyone),
            valid=sum(t.valid for t in everyone),
            failed=sum(t.failed for t in everyone),
            best_violation=min(t.best_violation for t in everyone),
            best_loglike=max(t.best_loglike for t in everyone),
            probes=sum(t.probes for t in everyone),
        )


@dataclass
class Timings:
    """Seconds that this rank spent in each part of the loop."""

    seconds: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(("ask", "model", "score", "store", "tell", "exchange"), 0.0)
    )

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        """Add the time spent in the block to a part."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] += time.perf_counter() - started


class ScanClock:
    """Wall time of a scan over all its sessions, without replaying stored points and compiling machine code.

    Args:
        earlier_seconds: of earlier sessions.
        earlier_evaluations: of these.
        replaying: whether this session begins by replaying.
    """

    def __init__(self, earlier_seconds: float, earlier_evaluations: int, *, replaying: bool) -> None:
        self._earlier_seconds, self._replaying = earlier_seconds, replaying
        self._started = self._now()
        self._started_with = earlier_evaluations

    @staticmethod
    def _now() -> float:
        """A clock that stands still while machine code is compiled."""
        return time.monotonic() - compilation().seconds

    def end_replay(self, evaluations: int) -> None:
        """From here on points are new; `evaluations` of them were counted so far."""
        self._replaying = False
        self._started = self._now()
        self._started_with = evaluations

    @property
    def seconds(self) -> float:
        """Wall time of all sessions."""
        return self._earlier_seconds + (0.0 if self._replaying else self._now() - self._started)

    def rate(self, evaluations: int) -> float:
        """Return the points per second of this session, given the points of all."""
        return (evaluations - self._started_with) / max(self._now() - self._started, 1e-9)
