"""Directories for new runs: which are free, why one is not, and how one is taken."""

from __future__ import annotations

import itertools
from pathlib import Path

from terranova.errors import RunExists, RunLocked
from terranova.runs.run import CONFIG
from terranova.store.lock import LOCK, RunLock


def claim(directory: Path, *, next_free: bool = False) -> tuple[Path, RunLock]:
    """Take a directory for a new run, before anything is written into it; the lock is held until it is released.

    Of several processes that want one directory, the first gets it, and the others are refused: nothing of theirs
    comes to lie beside its points.

    Args:
        directory: of the run; made if need be.
        next_free: if it is in use, take directory-2, directory-3, ...

    Returns:
        the directory and its lock.

    Raises:
        RunExists: it holds a run, or something else.
        RunLocked: another process has just taken it.
        RunError: it cannot be written.
    """
    while True:
        wanted = next_free_directory(directory) if next_free else directory
        refuse_to_overwrite(wanted)  # before the lock makes a file in what may be somebody's folder
        try:
            lock = RunLock(wanted)
        except RunLocked:
            if next_free:
                continue  # by now it exists, so that another name is the next free one
            raise
        try:
            refuse_to_overwrite(wanted)  # another process may have come and gone meanwhile
        except BaseException as error:
            lock.release()
            if next_free and isinstance(error, RunExists):
                continue
            raise
        return wanted, lock


def refuse_to_overwrite(directory: Path) -> None:
    """Make sure that a run can be started in a directory.

    Raises:
        RunExists: it holds a run, or something else.
    """
    if not _is_free(directory):
        raise RunExists(_why_not(directory))


def _why_not(directory: Path) -> str:
    """Say why a run cannot be started in a directory, and what can be done."""
    if not directory.is_dir():
        return f"{directory} is a file, expected a directory that does not exist yet or is empty"
    if not (directory / "manifest.json").exists():
        return f"{directory} is not empty; a run needs a directory of its own"
    return (
        f"{directory} already holds a run, and a run is never overwritten; go on with "
        f"`terranova resume {directory}`, or take the next free name with --next (in Python: next=True)"
    )


def _is_free(directory: Path) -> bool:
    """Say whether a run can be started there: nothing is, or what a start leaves that was cut off at once."""
    if not directory.exists():
        return True
    if not directory.is_dir():
        return False
    names = {path.name for path in directory.iterdir()} - {LOCK}
    points = directory / "points"
    begun = "points" in names and names <= {"points", CONFIG} and points.is_dir() and not any(points.iterdir())
    return not names or begun


def next_free_directory(directory: Path) -> Path:
    """Return the directory, or the first of directory-2, directory-3, ... that does not exist."""
    names = itertools.chain([directory], (directory.with_name(f"{directory.name}-{i}") for i in itertools.count(2)))
    return next(name for name in names if not name.exists())
