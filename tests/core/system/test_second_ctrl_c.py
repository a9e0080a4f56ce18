"""A second Ctrl-C ends a process that does not come back to Python, and only the second."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

BUSY = """
import hashlib, os, signal, sys, threading, time
from terranova.system.second_ctrl_c import end_on_second_ctrl_c, let_go
end_on_second_ctrl_c()
{setting}
def press():
    for wait in {waits}:
        time.sleep(wait)
        os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=press, daemon=True).start()
{work}
"""
DEAF = "hashlib.pbkdf2_hmac('sha256', b'', b'', {rounds})"
"""Computes without coming back to Python, as a query or a training does."""


def _run(work: str, waits: list[float], setting: str = "") -> subprocess.CompletedProcess[str]:
    code = BUSY.format(work=work, waits=waits, setting=setting)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.integration
def test_the_second_ends_what_does_not_come_back() -> None:
    started = time.monotonic()
    done = _run(DEAF.format(rounds=2**31 - 1), [0.3, 0.7])
    assert done.returncode == 130, done.stderr
    assert done.stderr == "interrupted at once; every point that was reported is stored\n"
    assert time.monotonic() - started < 200, "it would have taken an hour"


@pytest.mark.integration
def test_the_first_and_its_echo_are_handled_as_ever() -> None:
    done = _run(
        "try:\n    time.sleep(200)\nexcept KeyboardInterrupt:\n    time.sleep(1.5)\n    print('in good order')",
        [0.3, 0.1],
        # The echo would break the handler of this test; in terranova `StopRequest` knows it.
        "def first(*a):\n    signal.signal(signal.SIGINT, lambda *_: None)\n    raise KeyboardInterrupt\n"
        "signal.signal(signal.SIGINT, first)",
    )
    assert (done.returncode, done.stdout) == (0, "in good order\n"), done.stderr


@pytest.mark.integration
def test_at_the_end_the_operating_system_deals_with_it() -> None:
    done = _run("let_go()\ntime.sleep(200)", [0.3])
    assert (done.returncode, done.stderr) == (-2, "")


def test_elsewhere_than_in_the_main_thread_nothing_is_changed() -> None:
    import signal
    import threading

    from terranova.system.second_ctrl_c import end_on_second_ctrl_c, let_go

    before = signal.getsignal(signal.SIGINT)
    for call in (end_on_second_ctrl_c, let_go):
        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
    assert signal.getsignal(signal.SIGINT) is before
    assert not any(thread.name == "second Ctrl-C" for thread in threading.enumerate())
