"""Directories for new runs: which are free, and why one is not."""

from __future__ import annotations

import itertools
from pathlib import Path

from terranova.errors import RunExists
from terranova.runs.run import CONFIG


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
    names = {path.name for path in directory.iterdir()}
    points = directory / "points"
    begun = "points" in names and names <= {"points", CONFIG} and points.is_dir() and not any(points.iterdir())
    return not names or begun


def next_free_directory(directory: Path) -> Path:
    """Return the directory, or the first of directory-2, directory-3, ... that does not exist."""
    names = itertools.chain([directory], (directory.with_name(f"{directory.name}-{i}") for i in itertools.count(2)))
    return next(name for name in names if not name.exists())
