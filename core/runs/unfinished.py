"""Directories that `terranova merge` or `rescore` fills: one that was cut off is known, and can be filled anew.

A mark lies in the directory from before the first file until after the last. It says which command with which input
writes there, so that its own half is told from another's, and from whatever else may lie there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from terranova.errors import RunExists, disk_error
from terranova.runs.derived import MERGED, RESCORED
from terranova.runs.directory import claim, refuse_to_overwrite
from terranova.runs.run import CONFIG, SUMMARY
from terranova.store.layout import POINTS
from terranova.store.lock import LOCK, RunLock
from terranova.store.manifest import MANIFEST
from terranova.system import disk
from terranova.system.atomic import TEMPORARY, sync_directory, write_atomic

MARK = "unfinished.json"
"""In a directory that is being filled, and gone when it holds all that it should."""

_FILES = (MANIFEST, CONFIG, SUMMARY, MERGED, RESCORED)
_IN_POINTS = re.compile(
    r"(part-\d+-\d+\.parquet|journal-\d+-\d+\.log|counts-\d+\.json|ledger-\d+(-\d+)?\.json)(\.tmp)?"
)


@contextmanager
def filling(directory: Path, command: str, of: Mapping[str, Any]) -> Iterator[None]:
    """Hold a directory for a derived run while the block writes it; what a cut-off try left is removed first.

    Nothing is removed but the files of the same command with the same input.

    Args:
        directory: of the new run; made if need be.
        command: "merge" or "rescore".
        of: what it is made of, as JSON can hold it.

    Raises:
        RunExists: the directory holds something else.
        RunLocked: another process is writing to it.
        RunError: it cannot be written.
        StoreFull: there is no space.
    """
    mark = {"command": command, "of": json.loads(json.dumps(of))}
    with _take(directory, mark):
        try:
            _clear(directory)
            write_atomic(directory / MARK, json.dumps(mark, indent=1) + "\n")
        except OSError as error:
            raise disk_error(f"{directory} cannot be written", error) from error
        yield
        disk.unlink(directory / MARK)
        sync_directory(directory)


def _take(directory: Path, mark: Mapping[str, Any]) -> RunLock:
    if not _is_half(directory, mark):
        try:
            return claim(directory)[1]
        except RunExists:
            raise RunExists(f"{directory} is in use; give {mark['command']} a new directory") from None
    lock = RunLock(directory)
    try:
        if not _is_half(directory, mark):  # another process has ended it meanwhile
            refuse_to_overwrite(directory)
        if foreign := _foreign(directory):
            raise RunExists(
                f"{directory} holds a {mark['command']} that was cut off, and {foreign[0].name}, which is not of "
                "it: move that away, or take another directory"
            )
    except BaseException:
        lock.release()
        raise
    return lock


def _is_half(directory: Path, mark: Mapping[str, Any]) -> bool:
    """Say whether this command was cut off there, perhaps while it wrote the mark.

    Raises:
        RunExists: another one was.
    """
    try:
        found = json.loads((directory / MARK).read_bytes())
    except (OSError, ValueError):
        names = {path.name for path in directory.iterdir()} if directory.is_dir() else set()
        return MARK + TEMPORARY in names and names <= {MARK + TEMPORARY, LOCK}
    if found != mark:
        what = found.get("command", "?") if isinstance(found, dict) else "?"
        raise RunExists(
            f"{directory} holds a {what} of other runs or with other constraints that was cut off: the same "
            "command ends it; take another directory, or remove this one"
        )
    return True


def _clear(directory: Path) -> None:
    """Remove what an earlier try left, but for the mark."""
    for path in _ours(directory):
        if path.name != MARK:
            disk.unlink(path)


def _ours(directory: Path) -> list[Path]:
    """The files there that such a command may have written."""
    names = {name + ending for name in (*_FILES, MARK) for ending in ("", TEMPORARY)}
    files = [path for path in directory.iterdir() if path.name in names]
    if (points := directory / POINTS).is_dir() and not points.is_symlink():
        files += [path for path in points.iterdir() if _IN_POINTS.fullmatch(path.name)]
    return [path for path in files if path.is_file() and not path.is_symlink()]


def _foreign(directory: Path) -> list[Path]:
    """What else is there."""
    ours, points = {*_ours(directory), directory / LOCK}, directory / POINTS
    there = [path for path in directory.iterdir() if path != points or not points.is_dir() or points.is_symlink()]
    if points.is_dir() and not points.is_symlink():
        there += points.iterdir()
    return sorted(set(there) - ours)
