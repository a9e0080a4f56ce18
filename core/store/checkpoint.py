"""Checkpoint files: the state of samplers, archives and random numbers at the end of an epoch.

One process puts all of it in `GENERATION.npz`. Of several, each puts what is its own in a piece,
`GENERATION-PIECE-of-PIECES.npz`, and the first one writes `GENERATION.npz` after that, with what all share and with
the size and the checksum of each piece: without this file there is no checkpoint.

The points are the truth and a checkpoint saves time, so a damaged one is skipped, never fatal.
"""

from __future__ import annotations

import logging
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from terranova.store.arrays import from_json_array, json_array, npz_of, read_arrays
from terranova.system import disk
from terranova.system.atomic import make_directory, write_atomic
from terranova.types import Array

log = logging.getLogger(__name__)

CHECKPOINTS = "checkpoint"
KEPT = 2
"""Checkpoints that are kept: the newest, and one in case it is damaged."""

_NAME = re.compile(r"(\d{8,})\.npz")
_PIECE = re.compile(r"(\d{8,})-(\d{4,})-of-(\d{4,})\.npz")
COUNTS = "counts"
"""Array (islands,) int64: points evaluated by each island before the checkpoint's generation."""

_HEAD = "head"
_ARRAY = "array/"


@dataclass(frozen=True)
class Piece:
    """What one process has put in a file of its own.

    Attributes:
        name: of the file.
        first, count: the islands in it, by which its arrays are indexed: first, first + 1, ... first + count - 1.
        size, crc32: of the file, in bytes.
    """

    name: str
    first: int
    count: int
    size: int
    crc32: int


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run after `generation`; arrays in `pieces` are not among `arrays`."""

    generation: int
    arrays: dict[str, Array]
    meta: Any
    pieces: tuple[Piece, ...] = ()


def save_piece(
    directory: Path, generation: int, arrays: Mapping[str, Array], first: int, number: int, of: int
) -> Piece:
    """Save what one process has to add to a checkpoint, durably and all or nothing.

    Args:
        directory: of the run.
        generation: after which the state was taken.
        arrays: by name, the first axis of each counts the islands.
        first: the number of the first of these islands.
        number, of: which of how many processes this is.

    Raises:
        TypeError: an array holds Python objects.
        OSError: it could not be written.
    """
    content, plain = _content({"generation": generation}, arrays)
    folder = directory / CHECKPOINTS
    make_directory(folder)
    name = f"{generation:08d}-{number:04d}-of-{of:04d}.npz"
    write_atomic(folder / name, content)
    counts = {len(values) for values in plain.values()}
    if len(counts) > 1:
        raise ValueError(f"the arrays of a piece are of {sorted(counts)} islands")
    return Piece(name, first, counts.pop() if counts else 0, len(content), zlib.crc32(content))


def save_checkpoint(
    directory: Path, generation: int, arrays: Mapping[str, Array], meta: Any, pieces: Sequence[Piece] = ()
) -> Path:
    """Save state, durably and all or nothing, then remove all but the two newest checkpoints.

    Args:
        directory: of the run.
        generation: after which the state was taken; names the file.
        arrays: by name; no Python objects in them.
        meta: anything JSON can hold.
        pieces: what other processes have saved, or this one; all of them are on the disk.

    Returns:
        The file.

    Raises:
        TypeError: an array holds Python objects, or JSON cannot hold `meta`.
        OSError: it could not be written; the earlier checkpoints are still there.
    """
    more = {"pieces": [list(vars(piece).values()) for piece in pieces]} if pieces else {}
    content, _ = _content({"generation": generation, "meta": meta, **more}, arrays)
    folder = directory / CHECKPOINTS
    make_directory(folder)
    path = folder / f"{generation:08d}.npz"
    write_atomic(path, content)
    for old in _newest_first(folder)[KEPT:]:
        disk.unlink(old)
    return path


def _content(head: Mapping[str, Any], arrays: Mapping[str, Array]) -> tuple[bytes, dict[str, Array]]:
    """Return the bytes of a file, and the arrays in it."""
    plain = {name: np.asarray(values) for name, values in arrays.items()}
    for name, values in plain.items():
        if values.dtype.hasobject:
            raise TypeError(f"array {name!r} of a checkpoint holds Python objects, which is not safe to load")
    head = {**head, "crc32": {name: _checksum(values) for name, values in plain.items()}}
    members = {_HEAD: json_array(head), **{_ARRAY + name: values for name, values in plain.items()}}
    return npz_of(members), plain


def load_checkpoint(directory: Path, *, quiet: bool = False) -> Checkpoint | None:
    """The newest undamaged checkpoint of a run, or None. Skipped ones are logged, unless `quiet`."""
    for path in checkpoints(directory):
        try:
            return read_checkpoint(path)
        except Exception as error:  # a damaged archive makes NumPy and zipfile raise whatever they come upon
            if not quiet:
                log.warning("%s is damaged and was skipped: %s", path, error)
    return None


def checkpoints(directory: Path) -> list[Path]:
    """The files of a run's checkpoints, the newest first."""
    return _newest_first(directory / CHECKPOINTS)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read one checkpoint without its pieces, in memory that its size bounds.

    Raises:
        Exception: it is damaged; NumPy and zipfile raise whatever they come upon.
    """
    head, arrays = _read(path, _NAME)
    if "meta" not in head:
        raise ValueError("its head is not that of a checkpoint")
    _check_counts(arrays.get(COUNTS))
    return Checkpoint(head["generation"], arrays, head["meta"], _pieces(path, head.get("pieces", [])))


def read_islands(path: Path, checkpoint: Checkpoint, first: int, stop: int) -> dict[str, Array]:
    """Read the arrays of the islands first, ... stop - 1 from the pieces of a checkpoint.

    Args:
        path: of the checkpoint.
        checkpoint: what was read there; it has pieces.

    Raises:
        Exception: a piece is missing or damaged.
    """
    found: list[dict[str, Array]] = []
    for piece in checkpoint.pieces:
        begin, end = max(first, piece.first), min(stop, piece.first + piece.count)
        if begin < end:
            arrays = read_piece(path, piece)
            found.append({name: a[begin - piece.first : end - piece.first] for name, a in arrays.items()})
    return {name: np.concatenate([arrays[name] for arrays in found]) for name in found[0]}


def read_piece(path: Path, piece: Piece) -> dict[str, Array]:
    """Read one piece of the checkpoint at `path`, in memory that its size bounds.

    Raises:
        Exception: it is missing or damaged.
    """
    file = path.with_name(piece.name)
    content = file.read_bytes() if (size := file.stat().st_size) == piece.size else b""
    if zlib.crc32(content) != piece.crc32 or size != piece.size:
        raise ValueError(f"its piece {piece.name} does not match its checksum")
    _, arrays = _read(file, _PIECE)
    if any(len(values) != piece.count for values in arrays.values()):
        raise ValueError(f"its piece {piece.name} is of other islands")
    return arrays


def pieces_there(directory: Path) -> dict[Path, int]:
    """The files of pieces in a run directory -> the numbers of the processes that wrote them."""
    folder = directory / CHECKPOINTS
    names = list(folder.iterdir()) if folder.is_dir() else []
    return {path: int(match[2]) for path in names if (match := _PIECE.fullmatch(path.name))}


def checkpoint_of(piece: Path) -> Path:
    """The file without which a piece belongs to no checkpoint."""
    return piece.with_name(piece.name.partition("-")[0] + ".npz")


def drop_pieces(pieces: Sequence[Path]) -> list[Path]:
    """Remove those of the pieces that belong to no checkpoint; return the others."""
    kept = []
    for piece in pieces:
        if checkpoint_of(piece).exists():
            kept.append(piece)
        else:
            piece.unlink(missing_ok=True)
    return kept


def _read(path: Path, names: re.Pattern[str]) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return head and arrays of a file, of which everything matches its checksum."""
    members = read_arrays(path)
    head = from_json_array(members.pop(_HEAD))
    if not isinstance(head, dict) or not isinstance(head.get("crc32"), dict):
        raise ValueError("its head is not that of a checkpoint")
    arrays = {name.removeprefix(_ARRAY): values for name, values in members.items()}
    if arrays.keys() != head["crc32"].keys():
        raise ValueError("it does not hold the arrays that its head names")
    arrays = {name: arrays[name] for name in head["crc32"]}
    for name, values in arrays.items():
        if _checksum(values) != head["crc32"][name]:
            raise ValueError(f"array {name!r} does not match its checksum")
    match = names.fullmatch(path.name)
    if match is None or head.get("generation") != int(match[1]):
        raise ValueError(f"it is of generation {head.get('generation')!r}, which its name does not say")
    return {**head, "generation": int(match[1])}, arrays


def _pieces(path: Path, listed: Any) -> tuple[Piece, ...]:
    """Make sure that pieces are files of this checkpoint, and that their islands are all there are, in order."""
    pieces = tuple(Piece(*numbers) for numbers in listed)
    stop = 0
    for number, piece in enumerate(pieces):
        match = _PIECE.fullmatch(piece.name) if isinstance(piece.name, str) else None
        if match is None or checkpoint_of(path.with_name(piece.name)) != path:
            raise ValueError(f"its piece {number} is no file of it")
        numbers = (piece.first, piece.count, piece.size, piece.crc32)
        if any(type(n) is not int or n < 0 for n in numbers) or piece.first != stop or piece.count < 1:
            raise ValueError(f"its piece {piece.name} has numbers that make no sense")
        stop += piece.count
    return pieces


def _check_counts(counts: Array | None) -> None:
    """Make sure that the points of each island, by which lost ones are found, are numbers of points."""
    if counts is not None and (counts.ndim != 1 or counts.dtype != np.int64 or (counts < 0).any()):
        raise ValueError(f"array {COUNTS!r} holds no numbers of points")


def _checksum(values: Array) -> int:
    return zlib.crc32(np.ascontiguousarray(values).view(np.uint8).data) if values.size else 0


def _newest_first(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    generations = {path: int(match[1]) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))}
    return sorted(generations, key=lambda path: generations[path], reverse=True)
