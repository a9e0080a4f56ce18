"""The file of a surrogate: a zip archive of pieces with a checksum each, read within bounds, whoever wrote it.

Pieces are stored as they are, so that nothing is ever larger than the file that it is in.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from terranova.errors import RunError, StoreCorrupt, disk_error
from terranova.interfaces.pieces import read_json
from terranova.system.atomic import write_atomic

CHECKSUMS = "checksums.json"

MOST_BYTES = 2**30
"""Longest file that is read, and so the most memory that its pieces take."""

MOST_PIECES = 10_000
"""Pieces that a file has at most."""

_QUOTED = 200
"""Characters of a file's own that a message quotes at most."""

_NAME = re.compile(r"\w[\w.-]{0,80}(/\w[\w.-]{0,80})?", re.ASCII)
_END = struct.Struct("<4s4H2LH")
"""The end of a zip archive: signature, disks, entries twice, size and place of the directory, size of a comment."""


def write_archive(path: Path, pieces: Mapping[str, bytes]) -> None:
    """Write pieces into one file, durably and all or nothing; the same pieces make the same file.

    Args:
        path: its directory must exist.
        pieces: name -> content; a name is a word, or a folder and a word.

    Raises:
        ValueError: a name is not one.
        RunError: it cannot be written, or would be larger than what is read.
    """
    for name in pieces:
        if not _NAME.fullmatch(name) or name == CHECKSUMS:
            raise ValueError(f"{name!r} cannot be the name of a piece")
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in pieces.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as out:
        for name, content in {CHECKSUMS: json.dumps({"sha256": sums}, indent=1).encode(), **pieces}.items():
            out.writestr(zipfile.ZipInfo(name), content)  # no date: same file every time
    if buffer.tell() > MOST_BYTES or len(pieces) >= MOST_PIECES:
        raise RunError(
            f"{path} would have {len(pieces):,} pieces and {buffer.tell() / 2**20:,.0f} MiB; of {MOST_PIECES:,} "
            f"and {MOST_BYTES // 2**20:,} MiB no more are read again: train on fewer rows"
        )
    try:
        write_atomic(path, buffer.getvalue())
    except OSError as error:
        raise disk_error(f"{path} cannot be written", error) from error


def read_archive(path: Path) -> dict[str, bytes]:
    """Return the pieces of a file, name -> content, each of which has matched its checksum.

    Raises:
        RunError: there is no such file, or it cannot be read.
        StoreCorrupt: it is damaged or beyond the bounds; names the piece.
    """
    content = _content(path)
    _require_bounded_directory(path, content)
    with io.BytesIO(content) as stream:
        try:
            archive = zipfile.ZipFile(stream)
            entries = archive.infolist()
        except Exception as error:  # zipfile raises whatever it comes upon
            raise StoreCorrupt(f"{path} is damaged: {_short(error)}") from error
        _require_plain(path, entries, len(content))
        pieces = {}
        for entry in entries:
            try:
                pieces[entry.filename] = archive.read(entry)
            except Exception as error:  # as above
                raise StoreCorrupt(f"{path} is damaged: piece {entry.filename}: {_short(error)}") from error
    _require_checksums(path, pieces)
    return pieces


def _short(error: Exception) -> str:
    """Return what an error says, without the rest of what it quotes from a file."""
    text = str(error)
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"


def _content(path: Path) -> bytes:
    if not path.is_file():  # a pipe would never end
        raise RunError(f"{path} is not a file." if path.exists() else f"There is no file {path}.")
    try:
        with open(path, "rb") as stream:
            content = stream.read(MOST_BYTES + 1) if os.fstat(stream.fileno()).st_size <= MOST_BYTES else None
    except OSError as error:
        raise disk_error(f"{path} cannot be read", error) from error
    if content is None or len(content) > MOST_BYTES:
        raise StoreCorrupt(f"{path} is longer than {MOST_BYTES // 2**20:,} MiB, the most that is read")
    return content


def _require_bounded_directory(path: Path, content: bytes) -> None:
    """Refuse an archive whose directory would fill the memory before zipfile says how long it is."""
    end = content[-_END.size :]
    if len(end) < _END.size or not end.startswith(b"PK\5\6"):
        raise StoreCorrupt(f"{path} is damaged, or something else: it does not end as a zip archive does")
    _, _, _, here, count, size, place, comment = _END.unpack(end)
    if content[-_END.size - 20 :].startswith(b"PK\6\7") or here != count or comment:
        raise StoreCorrupt(f"{path} is damaged: its directory is not one that terranova writes")
    if count > MOST_PIECES:
        raise StoreCorrupt(f"{path} has {count:,} pieces, more than the {MOST_PIECES:,} that are read")
    if place + size != len(content) - _END.size or size > 300 * count:
        raise StoreCorrupt(f"{path} is damaged: its directory is not where it says")


def _require_plain(path: Path, entries: list[zipfile.ZipInfo], size: int) -> None:
    """Refuse entries that unpack to more than they are, lie over each other, or have two or strange names."""
    if all(entry.filename != CHECKSUMS for entry in entries):
        raise StoreCorrupt(
            f"{path} has no {CHECKSUMS}: it is damaged, or of format 1, which is no longer read. Train it again: "
            f"`terranova surrogate train`"
        )
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        if not _NAME.fullmatch(name):
            raise StoreCorrupt(f"{path} is damaged: {name[:80]!r} is not the name of a piece")
        if name in seen:
            raise StoreCorrupt(f"{path} is damaged: it has two pieces {name}")
        seen.add(name)
        if (
            entry.compress_type != zipfile.ZIP_STORED
            or entry.flag_bits & 1
            or entry.file_size != entry.compress_size
        ):
            raise StoreCorrupt(f"{path} is damaged: piece {name} is packed, which terranova never does")
    total = sum(entry.file_size for entry in entries)
    if total > size:
        raise StoreCorrupt(f"{path} is damaged: its pieces claim {total:,} bytes, more than the {size:,} it has")


def _require_checksums(path: Path, pieces: dict[str, bytes]) -> None:
    """Compare all pieces with their checksums, which are taken out."""
    try:
        content: Any = read_json(pieces.pop(CHECKSUMS), CHECKSUMS)
        sums = content["sha256"]
        names = sums.keys()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreCorrupt(f"{path} is damaged: piece {CHECKSUMS}: {_short(error)}") from error
    for name in sorted(names | pieces.keys()):
        if name not in pieces:
            raise StoreCorrupt(f"{path} is damaged: piece {name[:80]!r} is missing")
        if name not in names:
            raise StoreCorrupt(f"{path} is damaged: piece {name} has no checksum")
        if hashlib.sha256(pieces[name]).hexdigest() != sums[name]:
            raise StoreCorrupt(f"{path} is damaged: piece {name} does not match its checksum")
