"""Requests to stop: a flag, an interruption where one is possible, and the handlers of before afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from terranova.system import signals
from terranova.system.signals import SIGNALS, Interrupted, StopRequest


def _send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_becomes_a_flag_and_an_exit_code(number: signal.Signals) -> None:
    outside = signal.signal(number, signal.SIG_DFL)  # tests may run under nohup, which is respected
    try:
        with StopRequest() as stop:
            assert stop.signal == 0
            _send(number)
            assert stop.signal == number
            assert stop.exit_code == (130 if number == signal.SIGINT else 75)
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, outside)


def test_the_first_request_counts() -> None:
    with StopRequest() as stop:
        _send(signal.SIGTERM)
        _send(signal.SIGUSR1)
        stop.ask(signal.SIGINT)
        assert stop.signal == signal.SIGTERM


def test_a_request_of_another_rank_is_noted() -> None:
    stop = StopRequest()
    stop.ask(signal.SIGUSR1)
    assert (stop.signal, stop.exit_code) == (signal.SIGUSR1, 75)


def test_a_second_ctrl_c_raises_but_not_the_echo_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    with StopRequest() as stop:
        _send(signal.SIGINT)
        _send(signal.SIGINT)  # a launcher passes on what the terminal has sent already
        assert stop.signal == signal.SIGINT
        monkeypatch.setattr(signals, "SAME_REQUEST", 0.0)
        with pytest.raises(KeyboardInterrupt):
            _send(signal.SIGINT)


def test_a_second_batch_signal_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "SAME_REQUEST", 0.0)
    with StopRequest() as stop:
        _send(signal.SIGTERM)
        _send(signal.SIGTERM)
        assert stop.signal == signal.SIGTERM


def test_a_breakable_block_is_broken_off_once() -> None:
    with StopRequest() as stop:
        with pytest.raises(Interrupted), stop.breakable():
            _send(signal.SIGTERM)
        with pytest.raises(Interrupted), stop.breakable():
            pytest.fail("what begins after the request is not begun at all")
        _send(signal.SIGTERM)  # outside of a block nothing is broken off


def test_no_model_catches_an_interruption() -> None:
    assert not issubclass(Interrupted, Exception)


def test_in_another_thread_signals_are_left_to_whoever_runs_us() -> None:
    entered = []

    def use() -> None:
        with StopRequest() as stop:
            entered.append(stop.signal)

    before = [signal.getsignal(number) for number in SIGNALS]
    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert entered == [0]
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_process_that_was_started_held_gets_its_signals_when_it_listens() -> None:
    code = (
        "import os, signal, sys\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "from terranova.system.signals import StopRequest, release\n"
        "with StopRequest() as stop:\n"
        "    before = stop.signal\n"
        "    release()\n"
        "    print(before, stop.signal)\n"
    )
    with signals.held():
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()
    out, _ = process.communicate(timeout=120)
    assert out == f"0 {int(signal.SIGINT)}\n"
