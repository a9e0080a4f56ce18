"""Commands that are killed or stopped at random moments, again and again, until one gets through."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from support.scan_processes import PATIENCE, relatives, until

CODES = {signal.SIGKILL: (-9, 9, 137), signal.SIGTERM: (75, -15, 15, 143), signal.SIGINT: (130, -2, 2)}
"""With which a command may end that was told so: the last ones if it, or a rank, was not yet listening."""


def cut_short(
    start: Callable[[], subprocess.Popen[str]],
    seconds: float,
    numbers: Iterable[signal.Signals],
    seed: int,
    *,
    folder: Path | None = None,
    again: Callable[[], None] | None = None,
) -> None:
    """Start a command as often as there are signals, and send it one of them each time, at a random moment.

    Args:
        start: starts the command; nobody waits for anything before it does so again.
        seconds: that it takes undisturbed, roughly.
        numbers: the signals.
        seed: of the moments.
        folder: every process that names it gets the signal, as at the end of a batch job; None: only the command.
        again: what to do when it ended first, so that there is work for the next one.
    """
    moments = random.Random(seed)
    for number in numbers:
        process = start()
        try:
            out, err = process.communicate(timeout=seconds * moments.random())
        except subprocess.TimeoutExpired:
            for pid in [process.pid, *(relatives(folder) if folder is not None else [])]:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    continue
            out, err = process.communicate(timeout=PATIENCE)
            assert process.returncode in (0, *CODES[number]), f"{number!r}: {process.returncode}\n{out}{err}"
        if process.returncode == 0:
            if again is not None:
                again()
            continue
        if process.returncode in (75, 130):  # it was already listening
            assert "Traceback" not in err, err


def timed(run: Callable[[], subprocess.CompletedProcess[str]]) -> float:
    """Run a command to its end, which must be a good one; return how long it took."""
    began = time.monotonic()
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    return time.monotonic() - began


def all_gone(folder: Path) -> None:
    """Wait until no process names the folder."""
    until(lambda: not relatives(folder), "no process is left")
