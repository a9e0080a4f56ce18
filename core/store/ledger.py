"""Ledgers of the parts that a writer has sealed, by which one that is gone is missed.

The first `PARTS_IN_A_FILE` parts are in `points/ledger-WWWW.json`, the next ones in `ledger-WWWW-00001.json`, and
so on: a file is written anew for each part added to it, which must not take longer the more parts there are.
Ledgers of earlier versions have all parts in the first file.

A part gets its name first, its line in the ledger second, and only then is its journal removed. A part without a
line has therefore its journal beside it, or was put there by somebody else; a line without a part is damage.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terranova.errors import StoreCorrupt
from terranova.store.format import refuse_newer
from terranova.store.layout import Segment
from terranova.system import disk
from terranova.system.atomic import write_atomic

PARTS_IN_A_FILE = 256

_NAME = re.compile(r"ledger-(\d{4,})(?:-(\d{5,}))?\.json")
_CHECKSUM = "crc32"


@dataclass(frozen=True)
class Entry:
    """One sealed part.

    Attributes:
        rows: in it.
        size: of the file, in bytes.
        crc32: of the whole file.
        islands, generations: the first and the last in it.
        footer: CRC-32 of what a reader of the file looks at first, which has no checksum of its own, as pages have;
            None in ledgers of earlier versions.
    """

    rows: int
    size: int
    crc32: int
    islands: tuple[int, int]
    generations: tuple[int, int]
    footer: int | None = None

    def __str__(self) -> str:
        return f"{self.rows:,} rows of {span('island', self.islands)}, {span('generation', self.generations)}"


Entries = dict[Segment, Entry]


def span(what: str, ends: tuple[int, int]) -> str:
    """Return "islands 3 to 7", or "island 3"."""
    first, last = ends
    return f"{what} {first}" if first == last else f"{what}s {first} to {last}"


def save_ledger(points: Path, writer: int, entries: Mapping[Segment, Entry]) -> None:
    """Write the whole ledger of a writer, durably; each file all or nothing, the first one last."""
    numbers = {segment.sequence // PARTS_IN_A_FILE for segment in entries} | {0}
    numbers |= {number for owner, number in _files(points) if owner == writer}
    for number in sorted(numbers, reverse=True):
        own = {
            segment: entry for segment, entry in entries.items() if segment.sequence // PARTS_IN_A_FILE == number
        }
        if own or number == 0:
            _save(ledger_path(points, writer, number), points, own)
        else:
            disk.unlink(ledger_path(points, writer, number))


def save_entry(points: Path, writer: int, entries: Mapping[Segment, Entry], segment: Segment) -> None:
    """Write the one file of a ledger in which a part's line stands, durably and all or nothing.

    Args:
        points: directory of the parts.
        writer: whose ledger.
        entries: at least all those of that file; of a ledger of an earlier version, the first file keeps its own.
        segment: the part.
    """
    number = segment.sequence // PARTS_IN_A_FILE
    own = {s: entry for s, entry in entries.items() if s.sequence // PARTS_IN_A_FILE == number}
    if number == 0 and len(own) < len(entries):  # do not lose what an earlier version has put there
        there = _load(points, writer, 0)
        own = {s: entry for s, entry in entries.items() if s in own or s in there}
    _save(ledger_path(points, writer, number), points, own)


def _save(path: Path, points: Path, entries: Mapping[Segment, Entry]) -> None:
    parts = [
        {
            "file": segment.part(points).name,
            "sequence": segment.sequence,
            "rows": entry.rows,
            "bytes": entry.size,
            "crc32": entry.crc32,
            "footer": entry.footer,
            "islands": list(entry.islands),
            "generations": list(entry.generations),
        }
        for segment, entry in sorted(entries.items())
    ]
    write_atomic(path, checked_json({"parts": parts}))


def load_ledger(points: Path, writer: int) -> Entries:
    """Read the ledger of a writer; nothing when there is none.

    Raises:
        StoreCorrupt: it is damaged.
        RunError: it is of a newer format.
    """
    entries: Entries = {}
    for number in sorted(number for owner, number in _files(points) if owner == writer):
        entries |= _load(points, writer, number)
    return dict(sorted(entries.items()))


def _load(points: Path, writer: int, number: int) -> Entries:
    """Read one file of a ledger; nothing when there is none."""
    path = ledger_path(points, writer, number)
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return {}
    try:
        content = read_checked_json(text)
        refuse_newer(path, content)
        return dict(_entry(writer, part) for part in content["parts"])
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise StoreCorrupt(f"{path} is damaged: {error}") from error


def _entry(writer: int, part: Mapping[str, Any]) -> tuple[Segment, Entry]:
    ends = [part[key][i] for key in ("islands", "generations") for i in (0, 1)]
    numbers = [part[key] for key in ("sequence", "rows", "bytes", "crc32")]
    footer = part.get("footer")
    for number in (*numbers, *ends, *([] if footer is None else [footer])):
        # The numbers make names of files, and are computed with.
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**63:
            raise ValueError(f"{number!r} stands where a number is expected")
    sequence, rows, size, crc32 = numbers
    return Segment(writer, sequence), Entry(rows, size, crc32, (ends[0], ends[1]), (ends[2], ends[3]), footer)


def _files(points: Path) -> list[tuple[int, int]]:
    """Writer and number of the files of all ledgers, sorted."""
    try:
        names = os.listdir(points)
    except FileNotFoundError:
        return []
    return sorted((int(match[1]), int(match[2] or 0)) for name in names if (match := _NAME.fullmatch(name)))


def ledger_writers(points: Path) -> list[int]:
    """Numbers of the writers that have a ledger."""
    return sorted({writer for writer, _ in _files(points)})


def load_ledgers(points: Path, writers: Collection[int] | None = None) -> tuple[Entries, dict[Path, str]]:
    """Return the entries of ledgers, and what is wrong with those files that cannot be read.

    Args:
        points: directory of the parts.
        writers: whose ledgers; everybody's if None.
    """
    entries: Entries = {}
    damaged: dict[Path, str] = {}
    for writer, number in _files(points):
        if writers is not None and writer not in writers:
            continue
        try:
            entries |= _load(points, writer, number)
        except StoreCorrupt as error:
            damaged[ledger_path(points, writer, number)] = str(error)
    return entries, damaged


def ledger_path(points: Path, writer: int, number: int = 0) -> Path:
    """A file of a writer's ledger."""
    return points / f"ledger-{writer:04d}{f'-{number:05d}' if number else ''}.json"


def checked_json(content: Mapping[str, Any]) -> str:
    """Return content as JSON text with a checksum in it."""
    return json.dumps({**content, _CHECKSUM: _checksum(content)}, indent=1) + "\n"


def read_checked_json(text: bytes) -> dict[str, Any]:
    """Inverse of `checked_json`.

    Raises:
        ValueError: it is not JSON, or does not match its checksum.
    """
    content = json.loads(text)
    if not isinstance(content, dict):
        raise ValueError("it holds no JSON object")
    expected = content.pop(_CHECKSUM, None)
    if expected != _checksum(content):
        raise ValueError("its content does not match its checksum")
    return content


def _checksum(content: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())
