"""Compilation: counted once, however deep, and left out of the clock of a scan."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from terranova.engine import compilation as module
from terranova.engine.compilation import Compilation
from terranova.engine.totals import ScanClock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets time pass."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return sleep


def test_nested_compilations_count_once_and_are_told_once(clock: Callable[[float], None]) -> None:
    compiled, told = Compilation(), []
    compiled.tell = told.append
    for so_far in (3.0, 6.0):
        compiled.begin()
        clock(1.0)
        compiled.begin()
        clock(2.0)
        assert compiled.seconds == so_far
        compiled.end()
        compiled.end()
        clock(10.0)
    assert compiled.seconds == 6.0
    assert len(told) == 1


def test_the_clock_of_a_scan_stands_still_meanwhile(
    clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = Compilation()
    monkeypatch.setattr("terranova.engine.totals.compilation", lambda: compiled)
    scan = ScanClock(5.0, 100, replaying=False)
    clock(10.0)
    compiled.begin()
    clock(30.0)
    assert scan.seconds == 15.0
    compiled.end()
    clock(10.0)
    assert scan.seconds == 25.0
    assert scan.rate(300) == 10.0


@pytest.mark.integration
def test_numba_is_heard() -> None:
    import numba

    compiled = Compilation()
    compiled.listen()
    before = compiled.seconds
    assert numba.njit(lambda x: x + 1)(1) == 2
    assert compiled.seconds > before


def test_without_numba_nothing_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(module.sys.modules, "numba", raising=False)
    assert Compilation().seconds == 0.0
    assert "numba" not in module.sys.modules
