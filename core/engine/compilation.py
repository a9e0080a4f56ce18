"""Compilation of machine code by numba: how long it has taken so far, which is no part of a scan's time."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any

EVENT = "numba:compile"


class Compilation:
    """Seconds that this process has spent on compiling, nested compilations counted once.

    It listens to numba from its construction on, and imports it only when somebody else has.
    """

    def __init__(self) -> None:
        self.tell: Callable[[str], None] | None = None
        """Is told, once a session, that something is compiled."""
        self._seconds, self._depth, self._began, self._listening = 0.0, 0, 0.0, False

    @property
    def seconds(self) -> float:
        """So far; of a compilation that is under way, what it has taken."""
        self.listen()
        return self._seconds + (time.monotonic() - self._began if self._depth else 0.0)

    def listen(self) -> None:
        """Begin to listen, once numba is there."""
        if self._listening or "numba" not in sys.modules:
            return
        try:
            event: Any = importlib.import_module("numba.core.event")
            methods = {"on_start": lambda _, e: self.begin(), "on_end": lambda _, e: self.end()}
            event.register(EVENT, type("_Listener", (event.Listener,), methods)())
        except (ImportError, AttributeError):  # another numba: then compilation counts as part of the scan
            pass
        self._listening = True

    def begin(self) -> None:
        """Note that a compilation begins, perhaps within another one."""
        self._depth += 1
        if self._depth == 1:
            self._began = time.monotonic()
            if self.tell is not None:
                self.tell("compiling machine code, once for each version; this does not count as wall time")
                self.tell = None

    def end(self) -> None:
        """Note that one ends."""
        self._depth -= 1
        if self._depth == 0:
            self._seconds += time.monotonic() - self._began


@cache
def compilation() -> Compilation:
    """Return the one of this process."""
    return Compilation()
