"""Snapshot of a scan, and how its numbers are written for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Snapshot:
    """Where a scan stands, over all ranks.

    Attributes:
        seconds: wall time of the scan, earlier sessions included.
        evaluations: points evaluated, in all sessions.
        rate: points per second of this session.
        valid: valid points, without probes of derivatives.
        failed: points with a status other than ok.
        best_violation: smallest total violation so far, 0 once a valid point is known, inf before the first.
        best_loglike: largest log-likelihood of a valid point, -inf before the first.
        coverage: mean occupied bins, out of 400, over all pairs of parameters.
        generation: steps taken by the islands.
        fraction: of the budget that is used, in [0, 1].
        seconds_left: expected, NaN when unknown.
        probes: valid points that `valid` leaves out: they were evaluated for derivatives only.
        completeness: of the map, in words; empty while nothing is known.
    """

    seconds: float
    evaluations: int
    rate: float
    valid: int
    failed: int
    best_violation: float
    best_loglike: float
    coverage: float
    generation: int
    fraction: float
    seconds_left: float
    probes: int = 0
    completeness: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The numbers, ready for JSON."""
        numbers = {k: v for k, v in asdict(self).items() if k != "completeness"}
        return {k: v if v == v and abs(v) != float("inf") else None for k, v in numbers.items()}


def clock(seconds: float) -> str:
    """Return a duration as people write it: 4s, 2m 05s, 3h 10m."""
    if seconds != seconds or seconds == float("inf"):
        return "?"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02d}m"


def number(value: float) -> str:
    """Return a number in four digits, or a dash when there is none yet."""
    return "-" if value == float("inf") or value != value else f"{value:.4g}"
