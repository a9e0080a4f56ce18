"""Snapshot of a run's rows at one moment, as one Arrow dataset, while other processes may write and seal."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.dataset as ds

from terranova.errors import StoreCorrupt
from terranova.store.journal import Contents, parse, parse_damaged
from terranova.store.layout import POINTS, Listing, Segment, list_segments
from terranova.store.ledger import Entries, load_ledgers
from terranova.store.part import dataset_of
from terranova.store.records import table_of
from terranova.store.schema import Schema

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Snapshot:
    """Parts, and journals that were not sealed when it was taken: no row is in both.

    Attributes:
        parts: sealed files; they never change.
        journals: the rows of the others, decoded.
        ledger: what the writers say they have sealed; a part may be without an entry, but not the reverse.
    """

    parts: dict[Segment, Path]
    journals: dict[Segment, Contents]
    ledger: Entries

    def missing(self) -> Entries:
        """What the ledgers list and is not there."""
        there = {*self.parts, *self.journals}
        return {segment: entry for segment, entry in sorted(self.ledger.items()) if segment not in there}

    def require_all(self, points: Path) -> None:
        """Raise StoreCorrupt, a line for each part that is missing, if any is."""
        if lines := [f"{segment.part(points)} is missing: {entry}" for segment, entry in self.missing().items()]:
            raise StoreCorrupt("\n".join([*lines, advice(points.parent)]))

    def dataset(self, schema: Schema, parts: list[Path] | None = None) -> ds.Dataset:
        """All rows, or those of the given parts and of all journals.

        The sealed rows come first; within them, and within the others, they are ordered by writer and age.
        """
        chosen = list(self.parts.values()) if parts is None else parts
        sealed = dataset_of(chosen, schema.arrow)
        tables = [
            table_of(contents.records, contents.reasons, contents.schema)
            for contents in self.journals.values()
            if contents.schema is not None and len(contents.records)
        ]
        if not tables:
            return sealed
        unsealed = ds.dataset(pa.concat_tables(tables).cast(schema.arrow))
        return ds.dataset([sealed, unsealed])


def advice(directory: Path) -> str:
    """What to do about damage."""
    return (
        f"`terranova salvage {directory}` sets aside what is damaged, so that the rest can be read; "
        f"`terranova resume {directory} --recompute-missing` does so and computes again what is lost"
    )


def take_snapshot(directory: Path, *, lenient: bool = False, writers: Collection[int] | None = None) -> Snapshot:
    """Look at a run directory; writers need not be told, and do not wait.

    Args:
        directory: of the run.
        lenient: leave out what is damaged or missing, for whoever repairs it.
        writers: whose files to look at; everybody's if None.

    Raises:
        StoreCorrupt: a journal is damaged, or a part is missing.
        RunError: a ledger or journal is of a newer format.
    """
    points = directory / POINTS
    # The ledgers come first: what they know was sealed before, and has to be in the listing.
    ledger, damaged = load_ledgers(points, writers)
    while True:
        listing = list_segments(points).of(writers)
        try:
            opened = _open(listing, points)
        except FileNotFoundError:
            continue  # sealed since it was listed: it is a part now
        break
    journals: dict[Segment, Contents] = {}
    for segment, file in opened.items():
        # An open file can be read even after its writer has sealed and removed it.
        with file:
            path, data = segment.journal(points), file.read()
            journals[segment] = parse_damaged(data, path) if lenient else parse(data, path)
    snapshot = Snapshot({segment: segment.part(points) for segment in listing.parts}, journals, ledger)
    if not lenient:
        for text in damaged.values():
            log.warning("%s. The points can be read, but parts that are gone would not be missed", text)
        snapshot.require_all(points)
    return snapshot


def _open(listing: Listing, points: Path) -> dict[Segment, BinaryIO]:
    opened: dict[Segment, BinaryIO] = {}
    try:
        for segment in listing.unsealed:
            opened[segment] = segment.journal(points).open("rb", buffering=0)  # type: ignore[assignment]
    except FileNotFoundError:
        for file in opened.values():
            file.close()
        raise
    return opened
