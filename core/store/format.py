"""Formats of files of a run: one that a newer terranova raised is refused, rather than guessed at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from terranova.errors import RunError

FORMAT = 1
"""Raised when older versions of terranova could misread a run directory.

A new kind of frame in journals needs that, or a column that means something else; a key that is added does not.
"""


def refuse_newer(path: Path, content: Mapping[str, Any]) -> None:
    """Make sure that a file, or the directory it describes, is of a format that this version reads.

    Args:
        path: named in the error.
        content: what it says; without `format`, it is of the first.

    Raises:
        RunError: it is of a newer format.
    """
    number = content.get("format", FORMAT)
    if isinstance(number, int) and number <= FORMAT:
        return
    versions = content.get("versions")
    writer = versions.get("terranova", "") if isinstance(versions, Mapping) else ""
    raise RunError(
        f"{path} has format {number!r}, written by terranova {writer or 'of a newer version'}; "
        f"this version reads formats up to {FORMAT}. Update terranova to open it."
    )


def known(kind: Any, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a mapping that a dataclass has fields for: the rest was added by a newer version."""
    names = {field.name for field in fields(kind)}
    return {key: value for key, value in content.items() if key in names}
