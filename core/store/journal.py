"""Journals: append-only files that hold rows until they are sealed into a part.

A journal is a sequence of frames, little-endian::

    magic (4 bytes) | payload length (8) | CRC-32 of length and payload (4) | payload

The first frame is a head: JSON with the schema and the origin of the rows, so a journal can be read with
nothing else at hand. The payload of each further frame is one appended batch::

    number of rows (8) | records | JSON of the reasons, or nothing

A dying process leaves at most one incomplete frame, the last. It was never acknowledged, so it is dropped. A
bad frame with a good one behind it cannot come from that: it is damage, and is reported.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from terranova.errors import StoreCorrupt
from terranova.store.format import known, refuse_newer
from terranova.store.origin import Origin
from terranova.store.records import Reasons, record_dtype
from terranova.store.schema import Schema
from terranova.system import disk
from terranova.system.atomic import sync_directory, wait_for_disk
from terranova.types import Array

_MAGIC_START = b"TNV"
HEAD = b"TNVh"
ROWS = b"TNVr"
_PREFIX = struct.Struct("<4sQI")
_LENGTH = struct.Struct("<Q")


class Journal:
    """A journal open for appending.

    Args:
        path: must not exist.
        schema: the columns of the rows.
        origin: who writes it.

    Raises:
        OSError: the file could not be created.
    """

    def __init__(self, path: Path, schema: Schema, origin: Origin) -> None:
        self.path = path
        self._fd = disk.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)
        head = {"schema": schema.to_dict(), "origin": origin.to_dict()}
        self._write(HEAD, json.dumps(head).encode())
        sync_directory(path.parent)

    def append(self, records: Array, reasons: Reasons) -> None:
        """Write one batch. When this returns, the rows survive the death of the process.

        Args:
            records: (n,) contiguous.
            reasons: by row of `records`.

        Raises:
            OSError: not all of it was written; the journal must not be used further.
        """
        texts = json.dumps(reasons).encode() if reasons else b""
        self._write(ROWS, _LENGTH.pack(len(records)), records.view(np.uint8).data, texts)

    def _write(self, magic: bytes, *pieces: bytes | memoryview) -> None:
        length = sum(map(len, pieces))
        checksum = zlib.crc32(_LENGTH.pack(length))
        for piece in pieces:
            checksum = zlib.crc32(piece, checksum)
        frame = (_PREFIX.pack(magic, length, checksum), *pieces)
        # One system call, and no copy to glue the pieces together; the kernel may still take only a part.
        written = disk.writev(self._fd, frame)
        if written < _PREFIX.size + length:
            rest = memoryview(b"".join(frame))[written:]
            while rest:
                rest = rest[disk.write(self._fd, rest) :]

    def sync(self) -> None:
        """Wait until everything written is on the disk."""
        wait_for_disk(self._fd)

    def close(self) -> None:
        """Close the file, which stays where it is. Harmless when closed already."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)


@dataclass(frozen=True)
class Contents:
    """What was found in a journal.

    Attributes:
        schema, origin: from the head; None when not even the head is complete.
        records: (n,) all rows of the good frames.
        reasons: by row of `records`.
        torn_bytes: bytes of an incomplete last frame, which was not acknowledged.
        damage: (start, stop) of the stretches that hold no good frame, while good ones follow.
    """

    schema: Schema | None
    origin: Origin | None
    records: Array
    reasons: Reasons
    torn_bytes: int
    damage: tuple[tuple[int, int], ...] = ()


def parse(data: bytes, path: Path) -> Contents:
    """Decode the bytes of a journal.

    Args:
        data: all of the file, or as much of it as had been written when it was read.
        path: named in the error.

    Raises:
        StoreCorrupt: a frame is damaged and good ones follow.
    """
    contents = parse_damaged(data, path)
    if contents.damage:
        begin, end = contents.damage[0]
        raise StoreCorrupt(
            f"{path} is damaged at byte {begin}: what is written there does not match its checksum, while good "
            f"rows follow from byte {end}. `terranova salvage {path.parent.parent}` keeps all other rows"
        )
    return contents


def parse_damaged(data: bytes, path: Path, schema: Schema | None = None) -> Contents:
    """Decode all good frames of a journal, whatever lies between them.

    Args:
        data: the file.
        path: named in the error.
        schema: of its rows, for a journal of which the head is damaged; without it, rows are then not decoded.

    Raises:
        RunError: it is of a newer format.
    """
    origin: Origin | None = None
    pieces: list[Array] = []
    reasons: dict[int, str] = {}
    damage: list[tuple[int, int]] = []
    dtype = record_dtype(schema) if schema is not None else None
    rows = end = 0
    for start, magic, payload in _frames(data):
        if start != end or (start == 0) != (magic == HEAD):
            damage.append((end, start))
        end = start + _PREFIX.size + len(payload)
        if magic == HEAD:
            head = json.loads(bytes(payload))
            refuse_newer(path, head)
            schema, origin = Schema.from_dict(head["schema"]), Origin(**known(Origin, head["origin"]))
            dtype = record_dtype(schema)
            continue
        if dtype is None:
            continue
        (n,) = _LENGTH.unpack_from(payload)
        split = _LENGTH.size + n * dtype.itemsize
        pieces.append(np.frombuffer(payload[_LENGTH.size : split], dtype))
        if split < len(payload):
            texts = json.loads(bytes(payload[split:]))
            reasons.update({rows + int(row): text for row, text in texts.items()})
        rows += n
    records = np.concatenate(pieces) if pieces else np.empty(0, dtype if dtype is not None else "V0")
    return Contents(schema, origin, records, reasons, len(data) - end, tuple(damage))


def _frames(data: bytes) -> Iterator[tuple[int, bytes, memoryview]]:
    """Yield (start, magic, payload) of every good frame, jumping over what is not one."""
    view = memoryview(data)
    start = data.find(_MAGIC_START)
    while start >= 0:
        payload = _payload_at(view, start)
        if payload is None:
            start = data.find(_MAGIC_START, start + 1)
        else:
            yield start, data[start : start + 4], payload
            start = data.find(_MAGIC_START, start + _PREFIX.size + len(payload))


def _payload_at(view: memoryview, start: int) -> memoryview | None:
    if start + _PREFIX.size > len(view):
        return None
    magic, length, checksum = _PREFIX.unpack_from(view, start)
    begin = start + _PREFIX.size
    if magic not in (HEAD, ROWS) or begin + length > len(view):
        return None
    payload = view[begin : begin + length]
    good = zlib.crc32(payload, zlib.crc32(_LENGTH.pack(length))) == checksum
    return payload if good else None
