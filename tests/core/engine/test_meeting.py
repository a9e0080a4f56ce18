"""Meetings: every rank hears the same, whatever each has said."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.fake_ranks import Done, FakeRanks

from terranova.engine.meeting import Report, _numbers, meet
from terranova.engine.totals import Totals
from terranova.parallel.world import World, serial_world

QUIET = Report("", Totals(), exhausted=False, used_up=False, checkpoint_due=False, seal_due=False)


class Among(FakeRanks):
    """Ranks of which the others say something else."""

    def __init__(self, *others: Report) -> None:
        super().__init__(1 + len(others))
        self.reports = others

    def Iallgather(self, sent: Any, received: Any) -> Done:
        received[0] = sent
        received[1:] = [_numbers(report) for report in self.reports]
        return Done()


def test_alone_one_hears_what_one_says() -> None:
    totals = Totals(2**53 - 1, 3, 2, 0.5, -math.inf, 1)
    report = Report("wall", totals, exhausted=True, used_up=True, checkpoint_due=True, seal_due=True)
    assert meet(serial_world(), report) == report
    assert meet(serial_world(), QUIET) == QUIET


def test_totals_add_up_and_extremes_are_those_of_all() -> None:
    mine = replace(QUIET, totals=Totals(10, 2, 1, 0.0, -3.5, 1))
    other = replace(QUIET, totals=Totals(5, 0, 2, 0.25, -math.inf, 0))
    assert meet(World(Among(other, other)), mine).totals == Totals(20, 2, 5, 0.0, -3.5, 1)


@pytest.mark.parametrize("name", ["used_up", "seal_due"])
def test_one_is_enough(name: str) -> None:
    assert getattr(meet(World(Among(QUIET, replace(QUIET, **{name: True}))), QUIET), name)
    assert not getattr(meet(World(Among(QUIET)), QUIET), name)


def test_a_scan_is_exhausted_when_all_are() -> None:
    done = replace(QUIET, exhausted=True)
    assert meet(World(Among(done, done)), done).exhausted
    assert not meet(World(Among(done, QUIET)), done).exhausted


def test_the_clock_of_the_first_rank_decides_about_checkpoints() -> None:
    due = replace(QUIET, checkpoint_due=True)
    assert meet(World(Among(QUIET)), due).checkpoint_due
    assert not meet(World(Among(due)), QUIET).checkpoint_due


def test_a_signal_comes_before_ctrl_c_and_before_the_time() -> None:
    wall, interrupt, signal = (replace(QUIET, broken_off=why) for why in ("wall", "interrupt", "signal"))
    assert meet(World(Among(QUIET, wall)), QUIET).broken_off == "wall"
    assert meet(World(Among(interrupt, QUIET)), wall).broken_off == "interrupt"
    assert meet(World(Among(signal, interrupt)), wall).broken_off == "signal"


def test_a_thousand_ranks_cost_a_few_numbers_each() -> None:
    ranks = FakeRanks(1024)
    meet(World(ranks), QUIET)
    assert ranks.gathered == 0
    assert ranks.everywhere == 1024 * 8 * len(np.atleast_1d(_numbers(QUIET)))
    assert ranks.exchanges == 1
