"""A directory of limits: what can be used of it, what cannot and why, and a hash of its content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from terranova.plugins.higgs_limits.json_reading import Unusable
from terranova.plugins.higgs_limits.limit_file import read_limit
from terranova.plugins.higgs_limits.limits import Grid, Limit
from terranova.plugins.higgs_limits.table_file import Reference, read_reference, read_table


@dataclass(frozen=True)
class DataSet:
    """Limits that were read.

    Attributes:
        limits: in the order of their files' names, then the tables; likelihoods last.
        unusable: file -> why it is not used.
        digest: hash of the names and the content of all files, hexadecimal.
    """

    limits: tuple[Limit, ...]
    unusable: Mapping[str, str]
    digest: str


def read_data_set(directory: Path, tables: Sequence[Mapping[str, Any]], reference: Path | None) -> DataSet:
    """Return the limits of all JSON files below a directory, and of the tables that are named.

    A file that cannot be used is noted; a table that cannot be used is a mistake, because it was asked for.

    Raises:
        ValueError: the directory or the reference cannot be read, or there is not one limit.
    """
    if not directory.is_dir():
        what = "is no folder" if directory.exists() else "does not exist"
        raise ValueError(f"directory {directory} {what}: expected the data files of HiggsTools or HiggsBounds-5")
    hashed = hashlib.sha256()
    usable, unusable = _json_limits(directory, hashed)
    limits = list(usable)
    for i, given in enumerate(tables):
        try:
            limits.append(read_table(directory, given))
        except Unusable as error:
            raise ValueError(f"tables[{i}]: {directory / given['file']}: {error}") from error
        hashed.update(given["file"].encode() + b"\0" + (directory / given["file"]).read_bytes())
    if reference is not None:
        reference_rates(reference)
        hashed.update(b"reference\0" + reference.read_bytes())
    # Likelihoods come last: they are slow, and are only looked at where they may be the most sensitive.
    limits.sort(key=lambda limit: not isinstance(limit.numbers, Grid))
    if not limits:
        why = f": {next(iter(unusable.items()))}" if unusable else ", and no tables are named"
        raise ValueError(f"directory {directory} holds no limit that can be used{why}")
    return DataSet(tuple(limits), unusable, hashed.hexdigest()[:32])


def reference_rates(file: Path) -> Reference:
    """Return the rates of a reference model.

    Raises:
        ValueError: the file is not such a table.
    """
    try:
        return read_reference(file)
    except Unusable as error:
        raise ValueError(f"reference: {file}: {error}") from error


def _json_limits(directory: Path, hashed: Any) -> tuple[list[Limit], dict[str, str]]:
    limits: list[Limit] = []
    unusable: dict[str, str] = {}
    first: dict[int, str] = {}
    for file in sorted(directory.rglob("*.json")):
        name = file.relative_to(directory).as_posix()
        try:
            status = file.stat()
            hashed.update(name.encode() + b"\0" + file.read_bytes())
            limit = _read_once(file, name, status.st_mtime_ns, status.st_size)
        except OSError as error:
            unusable[name] = error.strerror or str(error)
        except Unusable as error:
            unusable[name] = str(error)
        else:
            if limit.number in first:  # as in HiggsTools
                unusable[name] = f"id {limit.number} is that of {first[limit.number]} already"
                continue
            first[limit.number] = name
            limits.append(limit)
    return limits, unusable


@lru_cache(maxsize=4096)
def _read_once(file: Path, name: str, changed: int, size: int) -> Limit:
    """Return the limit of a file; the same file is read once a process: a problem is built several times."""
    del changed, size  # they tell one state of the file from another
    return read_limit(file, name)
