"""Recovery of a run directory after its writers ended, however they ended."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from terranova.errors import RunMismatch
from terranova.store.checkpoint import checkpoint_of, pieces_there
from terranova.store.journal import parse
from terranova.store.layout import POINTS, Segment, list_segments, temporary_files
from terranova.store.ledger import Entries, ledger_writers, load_ledger, save_entry, save_ledger
from terranova.store.part import entry_of, write_part
from terranova.store.records import table_of
from terranova.store.schema import Schema
from terranova.system import disk
from terranova.system.atomic import TEMPORARY

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recovery:
    """What `recover` did.

    Attributes:
        sealed: new parts, made of journals that were left over.
        rows: in those parts.
        removed: half-written files, and journals that held nothing new.
        torn_bytes: incomplete last frames dropped; none of them had been acknowledged.
        adopted: parts that no ledger knew, and that now do.
    """

    sealed: Sequence[Path] = ()
    rows: int = 0
    removed: Sequence[Path] = ()
    torn_bytes: int = 0
    adopted: Sequence[Path] = ()


def recover(directory: Path, schema: Schema | None = None, *, writer: int | None = None) -> Recovery:
    """Seal the journals that earlier writers left, and remove what they left half-written.

    To be called before writing starts again, while nothing writes. Dying at any point of it does no harm.

    Args:
        directory: of the run.
        schema: what the left-over rows must have as columns; not checked if None.
        writer: look only at this writer's files; at everybody's if None.

    Raises:
        StoreCorrupt: a journal is damaged before its end, or a ledger is.
        RunMismatch: a journal has other columns than `schema`.
        OSError: the directory cannot be read or written.
    """
    points = directory / POINTS
    left_over = temporary_files(points, writer)
    for path in left_over:
        disk.unlink(path)
    if writer is None:
        left_over += remove_left_over(directory)
    result = Recovery(removed=left_over)
    listing = list_segments(points)
    mentioned = {segment.writer for segment in (*listing.parts, *listing.journals)} | set(ledger_writers(points))
    for number in sorted(mentioned) if writer is None else [writer]:
        parts = [segment for segment in listing.parts if segment.writer == number]
        journals = [segment for segment in listing.journals if segment.writer == number]
        ledger = load_ledger(points, number)
        for segment in journals:
            result = _settle(points, segment, ledger, schema, result)
        result = _adopt(points, [segment for segment in parts if segment not in ledger], ledger, result)
    return result


_OURS = ("manifest.json", "config.yaml", "summary.json", "checkpoint/*.npz")
"""Files that the writing job replaces; other programs may be writing reports or exports beside them."""


def remove_left_over(directory: Path) -> list[Path]:
    """Remove what was left half-written of the files that no writer of points owns; return which these were."""
    left_over = [path for pattern in _OURS for path in sorted(directory.glob(pattern + TEMPORARY))]
    left_over += [piece for piece in pieces_there(directory) if not checkpoint_of(piece).exists()]
    for path in left_over:
        disk.unlink(path)
    return left_over


def _settle(points: Path, segment: Segment, ledger: Entries, schema: Schema | None, result: Recovery) -> Recovery:
    """Turn one journal into a part, unless the ledger says that it is one or it holds no rows; then remove it."""
    journal = segment.journal(points)
    if segment not in ledger:
        contents = parse(journal.read_bytes(), journal)
        if contents.torn_bytes:
            log.info("%s: dropped an incomplete frame of %d bytes at its end", journal, contents.torn_bytes)
            result = replace(result, torn_bytes=result.torn_bytes + contents.torn_bytes)
        if contents.schema is not None and schema is not None and contents.schema != schema:
            raise RunMismatch(f"{journal} holds other columns than this run stores: is it of another scan?")
        if contents.schema is not None and contents.origin is not None and len(contents.records):
            table = table_of(contents.records, contents.reasons, contents.schema)
            # A writer that died before it came to the ledger leaves a part as well: it is made again.
            ledger[segment] = write_part(points, table, contents.schema, contents.origin)
            save_entry(points, segment.writer, ledger, segment)
            result = replace(result, sealed=[*result.sealed, segment.part(points)], rows=result.rows + len(table))
    disk.unlink(journal)
    return replace(result, removed=[*result.removed, journal])


def _adopt(points: Path, unknown: list[Segment], ledger: Entries, result: Recovery) -> Recovery:
    """Put parts in the ledger that are not: of a run begun before there were ledgers, or of one that lost them."""
    if not unknown:
        return result
    for segment in unknown:
        ledger[segment] = entry_of(segment.part(points))
    save_ledger(points, unknown[0].writer, ledger)
    return replace(result, adopted=[*result.adopted, *(segment.part(points) for segment in unknown)])
