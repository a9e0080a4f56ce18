"""Signals that ask a scan to stop, turned into a flag, or into an exception where an evaluation may take long."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from terranova.errors import EXIT_CTRL_C, EXIT_INTERRUPTED
from terranova.system.imports import OutsideImports

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP)
"""Ctrl-C; the end of a batch job, or of a time slice; Slurm's usual warning (`--signal=USR1@60`); a terminal
that is closed."""

STOPPED = {"signal": EXIT_INTERRUPTED, "interrupt": EXIT_CTRL_C}
"""Why a scan stopped before its end (see `Scan.run`), and the code to leave with."""

SAME_REQUEST = 0.5
"""Seconds within which another signal is the same request: a terminal and a launcher both pass on a Ctrl-C."""


class Interrupted(BaseException):
    """An evaluation is broken off because the scan is to stop. Not an `Exception`: no model is to catch it."""


class Stopped(BaseException):
    """A command that is no scan was asked to end. Not an `Exception`: nobody is to catch it but for tidying up.

    Attributes:
        signal: its number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


def listen(handler: Callable[[int, FrameType | None], None]) -> dict[int, Any]:
    """Have a handler called for `SIGNALS`, but not for a closed terminal if `nohup` has us ignore it.

    Returns:
        the handlers before; nothing outside of the main thread, where whoever runs us handles signals.
    """
    before: dict[int, Any] = {}
    for number in SIGNALS:
        if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
            continue
        try:
            before[number] = signal.signal(number, handler)
        except ValueError:  # not in the main thread
            break
    return before


def restore(before: Mapping[int, Any]) -> None:
    """Put back the handlers that `listen` has returned."""
    for number, handler in before.items():
        signal.signal(number, handler)


@contextmanager
def held() -> Iterator[None]:
    """Have `SIGNALS` wait; what is started within the block gets none until it calls `release`."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def release() -> None:
    """Get the signals that were held when this process was started, and all later ones."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


class CommandSignals:
    """Turns the first signal to a command into `Stopped`, so that it tidies up; a second Ctrl-C ends it at once.

    Within its `with` block, a scan has a `StopRequest` of its own.

    Attributes:
        signal: the number of the signal; 0 while there was none. Libraries make an error of their own of `Stopped`.
    """

    def __init__(self) -> None:
        self.signal = 0
        self._asked_at = 0.0
        self._before: dict[int, Any] = {}
        self._outside_imports = OutsideImports()

    def __enter__(self) -> CommandSignals:
        self._outside_imports.open()
        self._before = listen(self._note)
        return self

    def __exit__(self, *error: object) -> None:
        self._outside_imports.close()
        restore(self._before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.signal:
            self.signal, self._asked_at = number, now
            self._outside_imports.throw(Stopped(number), frame)
        elif number == signal.SIGINT and now - self._asked_at > SAME_REQUEST:
            os._exit(EXIT_CTRL_C)


class StopRequest:
    """Turns signals into a flag, so that the scan stops between two steps. A second Ctrl-C raises.

    Attributes:
        signal: the number of the signal that asked for it, on this rank or another; 0 while nobody did.
    """

    def __init__(self) -> None:
        self.signal = 0
        self._asked_at = 0.0
        self._breakable = False
        self._before: dict[int, Any] = {}
        self._outside_imports = OutsideImports()

    def __enter__(self) -> StopRequest:
        self._outside_imports.open()
        self._before = listen(self._note)
        return self

    def __exit__(self, *error: object) -> None:
        self._outside_imports.close()
        restore(self._before)

    @property
    def exit_code(self) -> int:
        """What a program that stopped because of it leaves with: 130 for Ctrl-C, else 75, which can be resumed."""
        return EXIT_CTRL_C if self.signal == signal.SIGINT else EXIT_INTERRUPTED

    def ask(self, number: int) -> None:
        """Note that someone else was asked to stop."""
        self.signal = self.signal or number

    @contextmanager
    def breakable(self) -> Iterator[None]:
        """Within the block a request raises `Interrupted`: for a model that runs long in this process."""
        if self.signal:
            raise Interrupted
        self._breakable = True
        try:
            yield
        finally:
            self._breakable = False
            self._outside_imports.forget()

    def _note(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.signal:
            self.signal, self._asked_at = number, now
        elif number == signal.SIGINT and now - self._asked_at > SAME_REQUEST:
            self._outside_imports.throw(KeyboardInterrupt(), frame)
        if self._breakable:
            self._breakable = False
            self._outside_imports.throw(Interrupted(), frame)
