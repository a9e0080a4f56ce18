"""A module that is being imported is not interrupted by an exception; the request is not lost either."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from terranova.system import signals
from terranova.system.signals import CommandSignals, Interrupted, Stopped, StopRequest

SLOW = """
import os, signal, time
os.kill(os.getpid(), signal.SIGINT)
until = time.monotonic() + 0.2
while time.monotonic() < until:
    pass
WHOLE = True
"""


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Import a module that presses Ctrl-C at its beginning."""
    (tmp_path / "slow_to_import.py").write_text(SLOW)
    monkeypatch.syspath_prepend(tmp_path)

    def load() -> None:
        importlib.import_module("slow_to_import")

    before = signal.getsignal(signal.SIGURG)
    yield load
    assert signal.getsignal(signal.SIGURG) is before
    sys.modules.pop("slow_to_import", None)


def _whole() -> bool:
    return bool(getattr(sys.modules.get("slow_to_import"), "WHOLE", False))


def _load_and_wait(load: Callable[[], None]) -> None:
    load()
    until = time.monotonic() + 30.0
    while time.monotonic() < until:
        time.sleep(0.001)
    pytest.fail("it was never raised")


def test_a_command_ends_after_the_import(load: Callable[[], None]) -> None:
    with CommandSignals() as request:
        with pytest.raises(Stopped):
            _load_and_wait(load)
        assert _whole()
        assert request.signal == signal.SIGINT


def test_a_model_is_broken_off_after_the_import(load: Callable[[], None]) -> None:
    with StopRequest() as stop:
        with pytest.raises(Interrupted), stop.breakable():
            _load_and_wait(load)
        assert _whole()


def test_the_second_ctrl_c_raises_after_the_import(
    load: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "SAME_REQUEST", 0.0)
    with StopRequest() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.signal == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            _load_and_wait(load)
        assert _whole()


def test_what_is_asked_too_late_breaks_nothing_off(load: Callable[[], None]) -> None:
    with StopRequest() as stop:
        with suppress(Interrupted), stop.breakable():  # it may end before it is reminded
            load()
        assert stop.signal == signal.SIGINT
        time.sleep(0.1)


def test_an_import_around_the_block_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scans_when_imported.py").write_text(
        "import os, signal\n"
        "from terranova.system.signals import CommandSignals, Stopped\n"
        "STOPPED = False\n"
        "with CommandSignals():\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    except Stopped:\n"
        "        STOPPED = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert importlib.import_module("scans_when_imported").STOPPED
    sys.modules.pop("scans_when_imported")


def test_no_thread_is_left(load: Callable[[], None]) -> None:
    with CommandSignals(), pytest.raises(Stopped):
        _load_and_wait(load)
    time.sleep(0.05)
    assert not any(isinstance(thread, threading.Timer) for thread in threading.enumerate())
