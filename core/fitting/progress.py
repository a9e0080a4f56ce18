"""Lines on standard error that say what a fit is at."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

Say = Callable[[str], None]
"""Is told, in a sentence, what a fit is at; may be called as often as there is something to say."""

LINE_EVERY = 2.0
"""Seconds between two lines, at least."""


class ProgressLines:
    """Prints now and then what a fit is at.

    Args:
        quiet: print nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._printed_at = -1e9

    def __call__(self, line: str) -> None:
        """Print a line, unless another was printed a moment ago."""
        if not self._quiet and time.monotonic() - self._printed_at > LINE_EVERY:
            self._printed_at = time.monotonic()
            print(line, file=sys.stderr)
