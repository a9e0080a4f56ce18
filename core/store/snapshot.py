"""What a run holds at one moment, as one Arrow dataset, while other processes may be writing and sealing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs

from terranova.store.journal import Contents, parse
from terranova.store.layout import POINTS, Listing, Segment, list_segments
from terranova.store.part import CHECKED
from terranova.store.records import table_of
from terranova.store.schema import Schema


@dataclass(frozen=True)
class Snapshot:
    """Parts, and journals that were not sealed when it was taken: no row is in both.

    Attributes:
        parts: sealed files; they never change.
        journals: the rows of the others, decoded.
    """

    parts: dict[Segment, Path]
    journals: dict[Segment, Contents]

    def dataset(self, schema: Schema, parts: list[Path] | None = None) -> ds.Dataset:
        """All rows, or those of the given parts and of all journals.

        The sealed rows come first; within them, and within the others, they are ordered by writer and age.
        """
        chosen = list(self.parts.values()) if parts is None else parts
        files = [str(path.absolute()) for path in chosen]
        sealed = ds.FileSystemDataset.from_paths(
            files, schema=schema.arrow, format=CHECKED, filesystem=fs.LocalFileSystem()
        )
        tables = [
            table_of(found.records, found.reasons, found.schema)
            for found in self.journals.values()
            if found.schema is not None and len(found.records)
        ]
        if not tables:
            return sealed
        unsealed = ds.dataset(pa.concat_tables(tables).cast(schema.arrow))
        return ds.dataset([sealed, unsealed])


def take_snapshot(directory: Path) -> Snapshot:
    """Look at a run directory; writers need not be told, and do not wait.

    Raises:
        StoreCorrupt: a journal is damaged.
    """
    points = directory / POINTS
    while True:
        listing = list_segments(points)
        try:
            opened = _open(listing, points)
        except FileNotFoundError:
            continue  # sealed since it was listed: it is a part now
        break
    journals: dict[Segment, Contents] = {}
    for segment, file in opened.items():
        # An open file can be read even after its writer has sealed and removed it.
        with file:
            journals[segment] = parse(file.read(), segment.journal(points))
    return Snapshot({segment: segment.part(points) for segment in listing.parts}, journals)


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
