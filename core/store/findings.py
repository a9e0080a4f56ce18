"""Findings about a run directory: what is damaged or missing, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from terranova.store.snapshot import advice

CONFIG, FIT = "config.yaml", "fit.yaml"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        kind: "manifest", "config", "ledger", "part", "journal", "counts", "checkpoint", or of the points as a
            whole "gap" and "duplicate".
        file: relative to the run directory; empty for the points as a whole.
        what: a sentence.
        rows: how many points are lost by it, or are there twice; None when that cannot be known.
        islands, generations: the first and the last of these; None when that cannot be known.
    """

    kind: str
    file: str
    what: str
    rows: int | None = 0
    islands: tuple[int, int] | None = None
    generations: tuple[int, int] | None = None


@dataclass(frozen=True)
class Verification:
    """What `verify` found.

    Attributes:
        directory: of the run.
        parts, journals, checkpoints: files that are good.
        rows: points that can be read.
        complete: True when it is certain that no point is missing up to the last of each island; None for a run
            that keeps only valid points, of which no one can say which are missing.
        findings: what is wrong; empty when all is well.
        torn_bytes: of frames that were being written when a process died; none of their points was acknowledged.
    """

    directory: Path
    parts: int
    journals: int
    checkpoints: int
    rows: int
    complete: bool | None
    findings: Sequence[Finding]
    torn_bytes: int = 0

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return not self.findings

    @property
    def lost(self) -> int | None:
        """Number of points that are missing; None when it cannot be known."""
        gaps = [finding.rows or 0 for finding in self.findings if finding.kind == "gap"]
        files = [finding.rows for finding in self.findings if finding.kind in ("part", "journal")]
        if self.complete is None and None in files:
            return None
        # The points of a file that is gone leave a gap, unless they were the last ones.
        return max(sum(gaps), sum(rows or 0 for rows in files))

    @property
    def remedy(self) -> str:
        """What to do; empty when nothing is wrong."""
        if self.ok:
            return ""
        if all(finding.kind == "gap" for finding in self.findings):
            return f"`terranova resume {self.directory} --recompute-missing` computes again what is missing"
        if all(finding.kind == "config" for finding in self.findings):
            return f"restore {CONFIG} from a copy"
        return advice(self.directory)

    def to_dict(self) -> dict[str, Any]:
        """A form that JSON can hold."""
        derived = {"directory": str(self.directory), "ok": self.ok, "lost": self.lost, "remedy": self.remedy}
        return {**asdict(self), **derived}
