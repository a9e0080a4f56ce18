"""How many points were evaluated, when the run keeps only the valid ones."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from terranova.atomic import write_atomic
from terranova.batch import Batch, Status
from terranova.store.layout import POINTS
from terranova.types import Bools

_NAME = re.compile(r"counts-\d{4,}\.json")


@dataclass
class Counts:
    """Points seen by one writer.

    Points a resumed run computes again are not counted again: within an island the index only grows, so
    `counted` remembers how far each island has been counted.

    Attributes:
        kept: rows in the store.
        dropped: rows not stored, by status ("OK" are those that violate a constraint).
        counted: island -> first index not counted yet.
    """

    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    counted: dict[int, int] = field(default_factory=dict)

    @property
    def evaluated(self) -> int:
        """All points seen."""
        return self.kept + self.dropped.total()

    def add(self, batch: Batch, kept: Bools) -> None:
        """Count a batch (n >= 1 points), of which the rows marked in `kept` (n,) are stored."""
        islands = np.asarray(batch.island)
        new = np.ones(len(batch), dtype=bool)
        for island in np.unique(islands).tolist():
            mine = islands == island
            new[mine] = batch.index[mine] >= self.counted.get(island, 0)
            self.counted[island] = max(self.counted.get(island, 0), int(batch.index[mine].max()) + 1)
        self.kept += int((new & kept).sum())
        statuses, numbers = np.unique(batch.status[new & ~kept], return_counts=True)
        for status, number in zip(statuses.tolist(), numbers.tolist(), strict=True):
            self.dropped[Status(status).name] += number

    def save(self, path: Path) -> None:
        """Write the counts to `path`, all or nothing."""
        content = {
            "evaluated": self.evaluated,
            "kept": self.kept,
            "dropped": dict(self.dropped),
            "counted": self.counted,
        }
        write_atomic(path, json.dumps(content, indent=1))

    @classmethod
    def load(cls, path: Path) -> Counts:
        """Read what `save` wrote; zero when there is no such file."""
        try:
            content = json.loads(path.read_text())
        except FileNotFoundError:
            return cls()
        counted = {int(island): index for island, index in content["counted"].items()}
        return cls(content["kept"], Counter(content["dropped"]), counted)


def counts_path(directory: Path, writer: int) -> Path:
    """The file a writer counts in."""
    return directory / POINTS / f"counts-{writer:04d}.json"


def load_counts(directory: Path) -> Counts:
    """The counts of all writers of a run together; all zero when the run keeps every point."""
    total = Counts()
    points = directory / POINTS
    files = points.iterdir() if points.is_dir() else ()
    for path in sorted(file for file in files if _NAME.fullmatch(file.name)):
        one = Counts.load(path)
        total.kept += one.kept
        total.dropped += one.dropped
        for island, index in one.counted.items():
            total.counted[island] = max(index, total.counted.get(island, 0))
    return total
