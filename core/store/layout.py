"""Names of the files in `points/`, and how to list them while other processes write.

Writer w owns `part-WWWW-SSSSSSSS.parquet` (sealed) and `journal-WWWW-SSSSSSSS.log` (not yet sealed). A
journal becomes the part with the same two numbers, so where both exist the part counts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from terranova.system.atomic import TEMPORARY

POINTS = "points"
_NAME = re.compile(r"(part|journal)-(\d{4,})-(\d{8,})\.(parquet|log)")


class Segment(NamedTuple):
    """One stretch of one writer's rows; sorts by writer, then sequence."""

    writer: int
    sequence: int

    def part(self, points: Path) -> Path:
        """The file that holds these rows once sealed."""
        return points / f"part-{self.writer:04d}-{self.sequence:08d}.parquet"

    def journal(self, points: Path) -> Path:
        """The file that holds these rows until then."""
        return points / f"journal-{self.writer:04d}-{self.sequence:08d}.log"


class Listing(NamedTuple):
    """What is in `points/` at one moment, sorted. A segment can be in both lists, for an instant."""

    parts: list[Segment]
    journals: list[Segment]

    @property
    def unsealed(self) -> list[Segment]:
        """The journals whose rows are not in a part."""
        return sorted(set(self.journals) - set(self.parts))

    def of(self, writers: Collection[int] | None) -> Listing:
        """What of it is of some writers; all of it if None."""
        if writers is None:
            return self
        return Listing(*([s for s in segments if s.writer in writers] for segments in self))

    def next_sequence(self, writer: int) -> int:
        """The first free sequence number of a writer."""
        return max((s.sequence + 1 for s in self.parts + self.journals if s.writer == writer), default=0)


def list_segments(points: Path) -> Listing:
    """List parts and journals. A missing directory is an empty one.

    A directory is not read in one instant: a journal sealed meanwhile can be missed under both its names. It
    cannot be missed twice, so the listing is taken until two in a row agree.
    """
    names = _names(points)
    while names != (again := _names(points)):
        names = again
    parts: list[Segment] = []
    journals: list[Segment] = []
    for name in names:
        if match := _NAME.fullmatch(name):
            segment = Segment(int(match[2]), int(match[3]))
            (parts if match[1] == "part" else journals).append(segment)
    return Listing(sorted(parts), sorted(journals))


def temporary_files(points: Path, writer: int | None = None) -> list[Path]:
    """Files left half-written by processes that died: of one writer, or of all."""
    owner = r"\d{4,}" if writer is None else f"{writer:04d}"
    ours = re.compile(rf"(part|counts|ledger)-{owner}[-.].*{re.escape(TEMPORARY)}")
    return sorted(points / name for name in _names(points) if ours.fullmatch(name))


def _names(points: Path) -> frozenset[str]:
    try:
        return frozenset(os.listdir(points))
    except FileNotFoundError:
        return frozenset()
