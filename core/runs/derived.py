"""Directories derived from runs, which hold points but cannot be resumed as scans, and how they are recognised."""

from __future__ import annotations

from pathlib import Path

from terranova.errors import RunMismatch

RESCORED = "rescored.json"
"""In a run that `terranova rescore` made: from which one, and what it changed."""

MERGED = "merged.json"
"""In a run that `terranova merge` made: from which ones."""

FITTED = "fit.yaml"
"""In the directory of a fit: its configuration."""

_INSTEAD = {
    RESCORED: "was made by `terranova rescore` from another run; resume that one",
    MERGED: "was made by `terranova merge` from other runs; resume these",
    FITTED: "was made by `terranova fit`; the same command goes on with it",
}


def refuse_derived(directory: Path) -> None:
    """Make sure that a run can be resumed as a scan.

    Raises:
        RunMismatch: it was derived from others; the message says what to resume instead.
    """
    for origin, instead in _INSTEAD.items():
        if (directory / origin).exists():
            raise RunMismatch(f"{directory} {instead}")
