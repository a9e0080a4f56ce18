"""Exceptions out of signal handlers wait until the import of a module has ended."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from types import FrameType
from typing import Any

_AGAIN = 0.02
"""Seconds after which it is looked again whether an import has ended."""

_REMINDER = signal.SIGURG
"""The signal by which this process reminds itself: nobody uses it, and it does nothing where nobody listens."""

_MACHINERY = "<frozen importlib._bootstrap>"


class OutsideImports:
    """Raises out of a signal handler, though not into the import of a module.

    Modules in C and C++ call Python while they are imported, and many do not expect that it raises: those bound by
    nanobind end the process, others are left half made. So the exception is kept until none is imported any more.
    Imports that go on around the `with` block whose `__enter__` called `open` do not count.
    """

    def __init__(self) -> None:
        self._outer: FrameType | None = None
        self._kept: BaseException | None = None
        self._before: Any = None

    def open(self) -> None:
        """Begin, for the `with` statement of whoever calls the caller."""
        self._outer = sys._getframe(2)

    def close(self) -> None:
        """Raise nothing any more."""
        self.forget()
        self._outer = None
        if self._before is not None:
            signal.signal(_REMINDER, self._before)
            self._before = None

    def forget(self) -> None:
        """Do not raise what is still kept: there, it would be at the wrong place."""
        self._kept = None

    def throw(self, error: BaseException, frame: FrameType | None) -> None:
        """Raise an exception, now or later.

        Args:
            error: what to raise.
            frame: which the signal interrupted.
        """
        if not self._importing(frame):
            self._kept = None
            raise error
        self._kept = error
        if self._before is None:
            self._before = signal.signal(_REMINDER, self._again)
        timer = threading.Timer(_AGAIN, _thread.interrupt_main, [_REMINDER])
        timer.daemon = True
        timer.start()

    def _again(self, number: int, frame: FrameType | None) -> None:
        if self._kept is not None:
            self.throw(self._kept, frame)

    def _importing(self, frame: FrameType | None) -> bool:
        while frame is not None and frame is not self._outer:
            if frame.f_code.co_filename == _MACHINERY:
                return True
            frame = frame.f_back
        return False
