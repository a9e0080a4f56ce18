"""Put a run directory in order after its writers ended, however they ended."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from terranova.errors import RunMismatch
from terranova.store.journal import parse
from terranova.store.layout import POINTS, Segment, list_segments, temporary_files
from terranova.store.part import write_part
from terranova.store.records import table_of
from terranova.store.schema import Schema

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recovery:
    """What `recover` did.

    Attributes:
        sealed: new parts, made of journals that were left over.
        rows: in those parts.
        removed: half-written files, and journals that held nothing new.
        torn_bytes: incomplete last frames dropped; none of them had been acknowledged.
    """

    sealed: Sequence[Path] = ()
    rows: int = 0
    removed: Sequence[Path] = ()
    torn_bytes: int = 0


def recover(directory: Path, schema: Schema | None = None, *, writer: int | None = None) -> Recovery:
    """Seal the journals that earlier writers left, and remove what they left half-written.

    To be called before writing starts again, while nothing writes. Dying at any point of it does no harm.

    Args:
        directory: of the run.
        schema: what the left-over rows must have as columns; not checked if None.
        writer: look only at this writer's files; at everybody's if None.

    Raises:
        StoreCorrupt: a journal is damaged before its end.
        RunMismatch: a journal has other columns than `schema`.
        OSError: the directory cannot be read or written.
    """
    points = directory / POINTS
    result = Recovery(removed=temporary_files(points, writer))
    for path in result.removed:
        path.unlink()
    listing = list_segments(points)
    for segment in listing.journals:
        if writer is None or segment.writer == writer:
            result = _settle(points, segment, segment in listing.parts, schema, result)
    return result


def _settle(points: Path, segment: Segment, sealed: bool, schema: Schema | None, result: Recovery) -> Recovery:
    """Turn one journal into a part, unless it is one already or holds no rows; then remove it."""
    journal = segment.journal(points)
    if not sealed:
        found = parse(journal.read_bytes(), journal)
        if found.torn_bytes:
            log.info("%s: dropped an incomplete frame of %d bytes at its end", journal, found.torn_bytes)
            result = replace(result, torn_bytes=result.torn_bytes + found.torn_bytes)
        if found.schema is not None and schema is not None and found.schema != schema:
            raise RunMismatch(f"{journal} holds other columns than this run stores: is it of another scan?")
        if found.schema is not None and found.origin is not None and len(found.records):
            table = table_of(found.records, found.reasons, found.schema)
            part = write_part(points, table, found.schema, found.origin)
            result = replace(result, sealed=[*result.sealed, part], rows=result.rows + len(table))
    journal.unlink()
    return replace(result, removed=[*result.removed, journal])
