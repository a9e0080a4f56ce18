"""Completeness while a scan goes on: looked at seldom, cheaply, and never at the price of the scan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terranova.engine import live_completeness as module
from terranova.engine.live_completeness import EVERY, SHARE, LiveCompleteness
from terranova.engine.totals import Totals
from terranova.errors import StoreCorrupt
from terranova.runs.completeness import Completeness
from terranova.runs.completeness_calibration import Share
from terranova.runs.completeness_text import brief

KNOWN = Completeness(5000, 16, 950, 0.01, Share(0.85, 0.72, 0.93), None, (), "")
ENOUGH = Totals(evaluations=1000, valid=500)


class Time:
    """A clock, and a run that takes a while to be judged."""

    def __init__(self, takes: float = 0.0) -> None:
        self.now, self.takes, self.looks = 0.0, takes, 0
        self.answer: Completeness | Exception = KNOWN

    def monotonic(self) -> float:
        return self.now

    def completeness(self) -> Completeness:
        self.looks += 1
        self.now += self.takes
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    def make(takes: float = 0.0) -> tuple[LiveCompleteness, Time]:
        time = Time(takes)
        monkeypatch.setattr(module, "time", time)
        monkeypatch.setattr(module, "Run", lambda _: time)
        return LiveCompleteness(tmp_path, ranks=1), time

    return make


def test_the_first_look_waits_and_the_next_ones_are_seldom(made: Any) -> None:
    live, time = made()
    live.look(ENOUGH)
    assert (time.looks, live.words, live.to_dict()) == (0, "", {})
    for now in np.arange(0.0, 10 * EVERY, 0.5):
        time.now = float(now)
        live.look(ENOUGH)
    assert time.looks == 9
    assert live.words == brief(KNOWN) == "85 % (72 to 93) of the reachable bins"
    assert live.to_dict() == {"completeness": {**KNOWN.to_dict(), "evaluations": 1000}}


def test_looks_that_take_long_are_seldom(made: Any) -> None:
    live, time = made(takes=3.0)
    for _ in range(2000):
        time.now += 1.0
        live.look(ENOUGH)
    assert time.looks * time.takes <= SHARE * time.now + time.takes


def test_too_few_points_are_not_looked_at(made: Any) -> None:
    live, time = made()
    time.now = 2 * EVERY
    live.look(Totals(evaluations=1000, valid=5))
    assert time.looks == 0


def test_what_was_known_stays_when_a_look_fails(made: Any) -> None:
    live, time = made()
    time.now = 2 * EVERY
    live.look(ENOUGH)
    time.now, time.answer = 4 * EVERY, StoreCorrupt("a file is damaged")
    live.look(replace(ENOUGH, evaluations=2000))
    assert time.looks == 2
    assert live.to_dict()["completeness"]["evaluations"] == 1000
