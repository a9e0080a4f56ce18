"""Completeness of maps whose truth is known, and what is said when nothing can be."""

from __future__ import annotations

import json

import numpy as np
import pytest

from terranova.interfaces.parameters import Parameter, ParameterSpace
from terranova.interfaces.priors import Angle, Fixed, LogUniform, Uniform
from terranova.runs.completeness import LEAST_VALID, Marks, judge
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
        marks.add(u[rows], rows % samples, 3 * rows // n)
    return marks


def uniform(n: int, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).random((n, 3))


def test_a_map_without_gaps_is_complete() -> None:
    found = judge(marked(uniform(40_000)), shared=False)
    assert found.silent == ""
    assert found.bins == 3 * 400
    assert found.estimate is not None
    assert found.estimate.fraction == pytest.approx(1.0)
    assert (found.new, found.growing, found.samples) == (0.0, (), 8)


def test_a_map_with_gaps_says_how_large_they_are() -> None:
    """500 points in 3 x 400 equal bins: 71 % of them are entered, and that is what is estimated."""
    shares = []
    for seed in range(10):
        found = judge(marked(uniform(500, seed)), shared=False)
        assert found.estimate is not None
        truth = found.bins / 1200
        low, high = found.estimate.interval
        assert low < truth < high
        shares.append(found.estimate.fraction / truth)
    assert np.mean(shares) == pytest.approx(1.0, abs=0.05)


def test_what_grows_is_named_with_its_values() -> None:
    u = uniform(3000)
    u[:, 1] *= np.where(np.arange(3000) < 2000, 0.5, 0.9)  # the ratio reaches further in the last third
    found = judge(marked(u), shared=True)
    (extent,) = found.growing
    assert (extent.name, extent.unit) == ("ratio", "1")
    assert extent.high_before == pytest.approx(0.1 * 1000**0.5, rel=0.05)
    assert extent.high == pytest.approx(0.1 * 1000**0.9, rel=0.05)
    assert extent.up == pytest.approx(0.4, abs=0.01)
    assert extent.down < 0.01
    assert (extent.bins, extent.new_bins) == (18, 8)
    assert found.new > 0.2
    mass = found.extents[0]
    assert (mass.name, mass.unit, mass.bins, mass.new_bins) == ("mass", "GeV", 20, 0)


def test_angles_have_no_ends_that_could_grow() -> None:
    u = uniform(3000)
    u[:, 2] *= np.where(np.arange(3000) < 2000, 0.5, 1.0)
    found = judge(marked(u), shared=True)
    assert found.growing == ()
    phase = found.extents[2]
    assert (phase.name, phase.bins, phase.new_bins) == ("phase", 20, 10)


def test_a_region_found_in_the_last_third_only() -> None:
    marks = Marks(SPACE, 8)
    marks.add(uniform(500), np.arange(500) % 8, np.full(500, 2))
    found = judge(marks, shared=False)
    assert found.new == 1.0
    assert found.growing == ()  # there is nothing that it could have grown from
    assert np.isnan(found.extents[0].low_before)
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
    found = judge(marked(uniform(points), samples), shared=False)
    assert found.estimate is None
    assert why in found.silent
    assert found.to_dict()["found_at_most"] is None


def test_islands_without_valid_points_are_no_samples() -> None:
    u = uniform(400)
    marks = Marks(SPACE, 8)
    marks.add(u, np.arange(400) % 2, 3 * np.arange(400) // 400)
    assert "2 islands only" in judge(marks, shared=False).silent


def test_one_parameter_has_no_pairs() -> None:
    marks = Marks(ParameterSpace(SPACE.parameters[:1]), 8)
    marks.add(uniform(400)[:, :1], np.arange(400) % 8, 3 * np.arange(400) // 400)
    found = judge(marks, shared=False)
    assert "one parameter only" in found.silent
    assert found.extents[0].bins == 20


def test_of_very_many_parameters_some_pairs_are_looked_at() -> None:
    space = ParameterSpace(tuple(Parameter(f"p{i}", Uniform(0.0, 1.0)) for i in range(60)))
    marks = Marks(space, 4)
    marks.add(np.random.default_rng(1).random((200, 60)), np.arange(200) % 4, 3 * np.arange(200) // 200)
    assert marks.entered.shape == (4, 1000 * 400)
