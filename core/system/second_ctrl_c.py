"""A second Ctrl-C ends the program at once, whatever it is doing.

Python handles a signal between two of its own instructions, and those may be far apart: in a library that computes,
while files are closed, or threads waited for. So a thread listens as well, which the operating system tells.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress

from terranova.errors import EXIT_CTRL_C
from terranova.system.signals import SAME_REQUEST

GRACE = 1.0
"""Seconds that are left to end in good order after the second Ctrl-C."""

SHOW_CURSOR = b"\x1b[?25h"


def end_on_second_ctrl_c() -> None:
    """From now on, leave with 130 soon after a second Ctrl-C; in the main thread of a program, once.

    What two processes pass on of one key counts as one. Signals are handled as before otherwise.
    """
    listening, telling = os.pipe()
    os.set_blocking(telling, False)
    try:
        signal.set_wakeup_fd(telling, warn_on_full_buffer=False)
    except ValueError:  # not in the main thread: whoever runs us handles signals
        os.close(listening)
        os.close(telling)
        return
    threading.Thread(target=_listen, args=(listening,), name="second Ctrl-C", daemon=True).start()


def let_go() -> None:
    """Leave Ctrl-C to the operating system: the work is done, and Python's own end would print a traceback."""
    with suppress(ValueError):
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def _listen(listening: int) -> None:
    first: float | None = None
    while numbers := os.read(listening, 64):
        now = time.monotonic()
        if signal.SIGINT not in numbers:
            continue
        if first is None:
            first = now
        elif now - first > SAME_REQUEST:
            time.sleep(GRACE)
            _leave()


def _leave() -> None:
    """End this process. What has its final name is whole; temporary files are left, as by any death."""
    with suppress(OSError, ValueError):
        if sys.__stderr__ is not None and sys.__stderr__.isatty():
            os.write(2, SHOW_CURSOR)  # which a progress display may have hidden
        os.write(2, b"interrupted at once; every point that was reported is stored\n")
    os._exit(EXIT_CTRL_C)
