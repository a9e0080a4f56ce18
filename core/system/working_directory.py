"""The current directory: one that somebody removes takes what was computed along, if nothing is done about it."""

from __future__ import annotations

import os
from pathlib import Path


def current_directory() -> str | None:
    """Return the current directory, None if it has been removed."""
    try:
        return os.getcwd()
    except OSError:
        return None


def stand_somewhere(directory: Path) -> None:
    """Go to a directory if the current one is gone: libraries refuse to start without any.

    No relative path that meant something before means something else afterwards: there is none any more.

    Args:
        directory: absolute, and there.
    """
    if current_directory() is None:
        os.chdir(directory)
