"""Completeness of maps whose truth is known, and what is said when nothing can be."""

from __future__ import annotations

import json

import numpy as np
import pytest

from terranova.interfaces.parameters import Parameter, ParameterSpace
from terranova.interfaces.priors import Angle, Fixed, LogUniform, Uniform
from terranova.runs.completeness import LEAST_VALID, judge
from terranova.runs.marks import PARTS, Marks
from terranova.types import Floats

SPACE = ParameterSpace(
    (
        Parameter("mass", Uniform(0.0, 1000.0), "GeV"),
        Parameter("off", Fixed(3.0)),
        Parameter("ratio", LogUniform(0.1, 100.0)),
        Parameter("phase", Angle()),
    )
)


def marked(u: Floats, samples: int = 8) -> Marks:
    """Points that islands find by turns, in order of time."""
    n = len(u)
    marks = Marks(SPACE, samples)
    for rows in np.array_split(np.arange(n), 3):  # as a store is read, in pieces
        marks.add(u[rows], rows % samples, PARTS * rows // n)
    return marks


def uniform(n: int, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).random((n, 3))


def test_a_map_without_gaps_is_complete() -> None:
    found = judge(marked(uniform(40_000)), calibrated=True)
    assert found.silent == ""
    assert found.bins == 3 * 400
    assert found.estimate is not None
    assert found.estimate.value > 0.95
    assert found.estimate.high == 1.0
    assert found.limit is None
    assert (found.new, found.growing, found.samples) == (0.0, (), 8)


def test_without_calibration_there_is_a_limit_only() -> None:
    """500 points in 3 x 400 equal bins: 71 % of them are entered, and capture-recapture finds that."""
    shares = []
    for seed in range(10):
        found = judge(marked(uniform(500, seed)), calibrated=False)
        assert found.estimate is None
        assert "not been compared with a known truth" in found.silent
        assert found.limit is not None
        shares.append(found.limit.fraction / (found.bins / 1200))
    assert np.mean(shares) == pytest.approx(1.0, abs=0.05)


def test_what_still_grows_is_not_estimated() -> None:
    u = uniform(3000)
    u[:, 1] *= np.where(np.arange(3000) < 2000, 0.5, 0.9)  # the ratio reaches further in the last third
    for calibrated in (True, False):
        found = judge(marked(u), calibrated=calibrated)
        assert (found.estimate, found.limit) == (None, None)
        assert "still grows along ratio" in found.silent
        assert [extent.name for extent in found.growing] == ["ratio"]
        assert found.new > 0.2


def test_a_region_found_in_the_last_third_only() -> None:
    marks = Marks(SPACE, 8)
    marks.add(uniform(500), np.arange(500) % 8, np.full(500, PARTS - 1))
    found = judge(marks, calibrated=True)
    assert found.new == 1.0
    assert found.estimate is None
    assert found.growing == ()  # there is nothing that it could have grown from
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["growing"] == {}


@pytest.mark.parametrize(
    ("points", "samples", "why"),
    [
        (0, 8, "no valid point"),
        (LEAST_VALID - 1, 8, "99 valid points only"),
        (1000, 1, "1 island only"),
        (1000, 3, "3 islands only"),
    ],
)
def test_nothing_is_said_that_cannot_be(points: int, samples: int, why: str) -> None:
    found = judge(marked(uniform(points), samples), calibrated=True)
    assert found.estimate is None
    assert found.limit is None
    assert why in found.silent
    assert found.to_dict()["found"] is None


def test_islands_without_valid_points_are_no_samples() -> None:
    u = uniform(400)
    marks = Marks(SPACE, 8)
    marks.add(u, np.arange(400) % 2, PARTS * np.arange(400) // 400)
    assert "2 islands only" in judge(marks, calibrated=True).silent


def test_one_parameter_has_no_pairs() -> None:
    marks = Marks(ParameterSpace(SPACE.parameters[:1]), 8)
    marks.add(uniform(400)[:, :1], np.arange(400) % 8, PARTS * np.arange(400) // 400)
    found = judge(marks, calibrated=True)
    assert "one parameter only" in found.silent
    assert found.extents[0].bins == 20
