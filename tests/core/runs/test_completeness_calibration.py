"""Estimates with an interval: on capture histories whose truth is known, and of signs that mean more or less."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terranova.interfaces.parameters import Parameter, ParameterSpace
from terranova.interfaces.priors import Uniform
from terranova.runs.completeness import judge
from terranova.runs.completeness_calibration import LEVEL, MOST_NEW, Signs, estimated, outside
from terranova.runs.coverage import Coverage
from terranova.runs.marks import PARTS, Marks
from terranova.types import Floats

SPACE = ParameterSpace(tuple(Parameter(f"p{i}", Uniform(0.0, 1.0)) for i in range(4)))
SOME = Signs(bins=1000, unseen=150.0, late=60, growing=())


@given(bins=st.integers(1, 10**6), unseen=st.floats(0.0, 1e12), late=st.floats(0.0, 1.0))
def test_estimates_are_shares_within_their_intervals(bins: int, unseen: float, late: float) -> None:
    found = estimated(Signs(bins, unseen, int(late * bins), ()))
    assert 0.0 < found.low <= found.value <= found.high <= 1.0


def test_signs_of_more_to_come_lower_the_estimate() -> None:
    for worse in (replace(SOME, unseen=400.0), replace(SOME, late=120)):
        assert estimated(worse).value < estimated(SOME).value
        assert estimated(worse).low < estimated(SOME).low
    complete = estimated(Signs(bins=1000, unseen=0.0, late=0, growing=()))
    assert complete.value > 0.95
    assert complete.high == 1.0


def test_what_is_outside_the_calibration_says_why() -> None:
    assert outside(SOME) == ""
    assert outside(replace(SOME, growing=("tan_beta",))) == "it still grows along tan_beta"
    assert outside(replace(SOME, growing=tuple("abcd"))) == "it still grows along a, b, c, ..."
    late = int(MOST_NEW * SOME.bins) + 1
    assert f"{100 * late / SOME.bins:.0f} % of it" in outside(replace(SOME, late=late))


def crowded(n: int, sharpness: float, rng: np.random.Generator) -> Floats:
    """Points that are found ever less often towards the corners of a cube: no bin is as easy as another."""
    return 0.5 + 0.5 * np.tanh(rng.normal(0.0, 1.0, (n, 4))) ** 1 * rng.random((n, 1)) ** (1.0 / sharpness)


@pytest.mark.parametrize("sharpness", [2.0, 4.0])
def test_intervals_hold_the_truth_of_independent_islands(sharpness: float) -> None:
    """Islands that draw at random from a region whose bins are unequally likely: the truth is known exactly."""
    rng = np.random.default_rng(1)
    truth = Coverage(4)
    truth.add(crowded(200_000, sharpness, rng))
    held, said = [], []
    for n in (500, 1000, 2000, 4000):
        for _ in range(5):
            u = crowded(n, sharpness, rng)
            marks, coverage = Marks(SPACE, 16), Coverage(4)
            marks.add(u, np.arange(n) % 16, PARTS * np.arange(n) // n)
            coverage.add(u)
            found = judge(marks, calibrated=True)
            if found.estimate is not None:
                share = coverage.occupied.sum() / (truth.occupied | coverage.occupied).sum()
                held.append(found.estimate.low <= share <= found.estimate.high)
                said.append(found.estimate.value)
    assert len(said) >= 10
    assert np.mean(held) >= LEVEL - 0.15
