"""Checkpoint files: the state of samplers, archives and random numbers at the end of an epoch.

The points are the truth and a checkpoint saves time, so a damaged one is skipped, never fatal.
"""

from __future__ import annotations

import logging
import re
import zlib
from collections.abc import Mapping
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
COUNTS = "counts"
"""Array (islands,) int64: points evaluated by each island before the checkpoint's generation."""

_HEAD = "head"
_ARRAY = "array/"


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run after `generation`."""

    generation: int
    arrays: dict[str, Array]
    meta: Any


def save_checkpoint(directory: Path, generation: int, arrays: Mapping[str, Array], meta: Any) -> Path:
    """Save state, durably and all or nothing, then remove all but the two newest checkpoints.

    Args:
        directory: of the run.
        generation: after which the state was taken; names the file.
        arrays: by name; no Python objects in them.
        meta: anything JSON can hold.

    Returns:
        The file.

    Raises:
        TypeError: an array holds Python objects, or JSON cannot hold `meta`.
        OSError: it could not be written; the earlier checkpoints are still there.
    """
    plain = {name: np.asarray(values) for name, values in arrays.items()}
    for name, values in plain.items():
        if values.dtype.hasobject:
            raise TypeError(f"array {name!r} of a checkpoint holds Python objects, which is not safe to load")
    head = {
        "generation": generation,
        "meta": meta,
        "crc32": {name: _checksum(values) for name, values in plain.items()},
    }
    content = npz_of({_HEAD: json_array(head), **{_ARRAY + name: values for name, values in plain.items()}})

    folder = directory / CHECKPOINTS
    make_directory(folder)
    path = folder / f"{generation:08d}.npz"
    write_atomic(path, content)
    for old in _newest_first(folder)[KEPT:]:
        disk.unlink(old)
    return path


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
    """Read one checkpoint, in memory that its size bounds.

    Raises:
        Exception: it is damaged; NumPy and zipfile raise whatever they come upon.
    """
    members = read_arrays(path)
    head = from_json_array(members.pop(_HEAD))
    if not isinstance(head, dict) or not isinstance(head.get("crc32"), dict) or "meta" not in head:
        raise ValueError("its head is not that of a checkpoint")
    arrays = {name.removeprefix(_ARRAY): values for name, values in members.items()}
    if arrays.keys() != head["crc32"].keys():
        raise ValueError("it does not hold the arrays that its head names")
    arrays = {name: arrays[name] for name in head["crc32"]}
    for name, values in arrays.items():
        if _checksum(values) != head["crc32"][name]:
            raise ValueError(f"array {name!r} does not match its checksum")
    match = _NAME.fullmatch(path.name)
    if match is None or head.get("generation") != int(match[1]):
        raise ValueError(f"it is of generation {head.get('generation')!r}, which its name does not say")
    _check_counts(arrays.get(COUNTS))
    return Checkpoint(int(match[1]), arrays, head["meta"])


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
