"""Counts of the points that a run drops when it keeps only the valid ones."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from terranova.errors import StoreCorrupt
from terranova.interfaces.batch import Batch, Status
from terranova.store.layout import POINTS
from terranova.store.ledger import checked_json, read_checked_json
from terranova.system.atomic import write_atomic
from terranova.types import Bools

_NAME = re.compile(r"counts-(\d{4,})\.json")


@dataclass(frozen=True)
class Counts:
    """Points of a run.

    Attributes:
        kept: rows in the store.
        dropped: points evaluated but not stored, by status ("OK" are those that violate a constraint, and probes).
        counted: island -> first index not looked at yet, for the islands of a run that drops points.
    """

    kept: int
    dropped: Mapping[str, int]
    counted: Mapping[int, int]

    @property
    def evaluated(self) -> int:
        """All points whose evaluation counts."""
        return self.kept + sum(self.dropped.values())


@dataclass
class Dropped:
    """The points one writer has dropped.

    A resumed run computes points again, but they are not counted again: within an island the index only grows,
    and `counted` remembers how far each island has been counted.

    Attributes:
        by_status: number of points dropped, by name of the status.
        counted: island -> first index not looked at yet.
    """

    by_status: Counter[str] = field(default_factory=Counter)
    counted: dict[int, int] = field(default_factory=dict)

    def add(self, batch: Batch, kept: Bools) -> None:
        """Count the rows of a batch (n >= 1 points) that are not marked in `kept` (n,)."""
        islands = np.asarray(batch.island)
        new = np.empty(len(batch), dtype=bool)
        for island in np.unique(islands).tolist():
            mine = islands == island
            first = self.counted.get(island, 0)
            new[mine] = batch.index[mine] >= first
            self.counted[island] = max(first, int(batch.index[mine].max()) + 1)
        statuses, numbers = np.unique(batch.status[new & ~kept], return_counts=True)
        for status, number in zip(statuses.tolist(), numbers.tolist(), strict=True):
            self.by_status[Status(status).name] += number

    def save(self, path: Path) -> None:
        """Write to `path`, all or nothing."""
        islands = {str(island): index for island, index in self.counted.items()}
        write_atomic(path, checked_json({"dropped": dict(self.by_status), "counted": islands}))

    @classmethod
    def load(cls, path: Path) -> Dropped:
        """Read what `save` wrote; nothing dropped when there is no such file.

        Raises:
            StoreCorrupt: the file is damaged.
        """
        try:
            content = read_checked_json(path.read_bytes())
        except FileNotFoundError:
            return cls()
        except ValueError as error:
            raise StoreCorrupt(
                f"{path} is damaged: {error}. Only the number of points that were not kept is lost; "
                f"`terranova salvage {path.parent.parent}` sets it aside, and a resumed scan counts again."
            ) from error
        counted = {int(island): index for island, index in content["counted"].items()}
        return cls(Counter(content["dropped"]), counted)


def counts_path(directory: Path, writer: int) -> Path:
    """The file a writer counts in."""
    return directory / POINTS / f"counts-{writer:04d}.json"


def counts_files(directory: Path) -> list[Path]:
    """The files in which the writers of a run count."""
    points = directory / POINTS
    files = points.iterdir() if points.is_dir() else ()
    return sorted(file for file in files if _NAME.fullmatch(file.name))


def counts_writer(path: Path) -> int:
    """The number of the writer whose file it is."""
    match = _NAME.fullmatch(path.name)
    return int(match[1]) if match else 0


def all_dropped(directory: Path) -> Dropped:
    """What all writers of a run have dropped together."""
    total = Dropped()
    for path in counts_files(directory):
        one = Dropped.load(path)
        total.by_status += one.by_status
        for island, index in one.counted.items():
            total.counted[island] = max(index, total.counted.get(island, 0))
    return total
