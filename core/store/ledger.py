"""Ledgers of the parts that a writer has sealed, `points/ledger-WWWW.json`, by which one that is gone is missed.

A part gets its name first, its line in the ledger second, and only then is its journal removed. A part without a
line has therefore its journal beside it, or was put there by somebody else; a line without a part is damage.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terranova.errors import StoreCorrupt
from terranova.store.format import refuse_newer
from terranova.store.layout import Segment
from terranova.system.atomic import write_atomic

_NAME = re.compile(r"ledger-(\d{4,})\.json")
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
    """Write the ledger of a writer, durably and all or nothing."""
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
    write_atomic(ledger_path(points, writer), checked_json({"parts": parts}))


def load_ledger(points: Path, writer: int) -> Entries:
    """Read the ledger of a writer; nothing when there is none.

    Raises:
        StoreCorrupt: it is damaged.
        RunError: it is of a newer format.
    """
    path = ledger_path(points, writer)
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


def ledger_writers(points: Path) -> list[int]:
    """Numbers of the writers that have a ledger."""
    try:
        names = os.listdir(points)
    except FileNotFoundError:
        return []
    return sorted(int(match[1]) for name in names if (match := _NAME.fullmatch(name)))


def load_ledgers(points: Path) -> tuple[Entries, dict[Path, str]]:
    """Return the entries of all ledgers, and what is wrong with those that cannot be read, by file."""
    entries: Entries = {}
    damaged: dict[Path, str] = {}
    for writer in ledger_writers(points):
        try:
            entries |= load_ledger(points, writer)
        except StoreCorrupt as error:
            damaged[ledger_path(points, writer)] = str(error)
    return entries, damaged


def ledger_path(points: Path, writer: int) -> Path:
    """The file of a writer."""
    return points / f"ledger-{writer:04d}.json"


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
