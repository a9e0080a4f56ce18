"""Marks of valid points: who entered a bin first, when, and how far points reach."""

from __future__ import annotations

import numpy as np
import pytest

from terranova.interfaces.parameters import Parameter, ParameterSpace
from terranova.interfaces.priors import Angle, LogUniform, Uniform
from terranova.runs.marks import PARTS, Marks
from terranova.types import Floats, Ints

SPACE = ParameterSpace(
    (
        Parameter("mass", Uniform(0.0, 1000.0), "GeV"),
        Parameter("ratio", LogUniform(0.1, 100.0)),
        Parameter("phase", Angle()),
    )
)


def uniform(n: int, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).random((n, 3))


def in_time(n: int) -> Ints:
    return PARTS * np.arange(n) // n


def test_the_first_entry_counts_in_whatever_order_points_come() -> None:
    u, sample, part = uniform(2000), np.arange(2000) % 5, in_time(2000)
    growth = []
    for order in (np.arange(2000), np.arange(2000)[::-1], np.random.default_rng(2).permutation(2000)):
        marks = Marks(SPACE, 5)
        for rows in np.array_split(order, 7):
            marks.add(u[rows], sample[rows], part[rows])
        growth.append(marks.growth().tolist())
        assert marks.valid == 2000
    cells = np.minimum((u * 20).astype(int), 19)
    by_hand = [
        sum(len({(row[i], row[j]) for row in cells[part <= p]}) for i, j in ((0, 1), (0, 2), (1, 2)))
        for p in range(PARTS)
    ]
    assert growth == [by_hand] * 3
    entered = marks.entered
    assert entered.shape == (5, 3 * 400)
    assert [int(row.sum()) for row in entered] == [
        sum(len({(r[i], r[j]) for r in cells[sample == s]}) for i, j in ((0, 1), (0, 2), (1, 2))) for s in range(5)
    ]


def test_how_far_points_reach_and_reached() -> None:
    u = uniform(3000)
    u[:, 1] *= np.where(np.arange(3000) < 2000, 0.5, 0.9)  # the ratio reaches further in the last third
    marks = Marks(SPACE, 8)
    marks.add(u, np.arange(3000) % 8, in_time(3000))
    mass, ratio, _ = marks.extents()
    assert (ratio.name, ratio.unit, ratio.grows) == ("ratio", "1", True)
    assert ratio.high_before == pytest.approx(0.1 * 1000**0.5, rel=0.05)
    assert ratio.high == pytest.approx(0.1 * 1000**0.9, rel=0.05)
    assert ratio.up == pytest.approx(0.4, abs=0.01)
    assert ratio.down < 0.01
    assert (ratio.bins, ratio.new_bins) == (18, 8)
    assert (mass.name, mass.unit, mass.bins, mass.new_bins, mass.grows) == ("mass", "GeV", 20, 0, False)


def test_angles_have_no_ends_that_could_grow() -> None:
    u = uniform(3000)
    u[:, 2] *= np.where(np.arange(3000) < 2000, 0.5, 1.0)
    marks = Marks(SPACE, 8)
    marks.add(u, np.arange(3000) % 8, in_time(3000))
    phase = marks.extents()[2]
    assert (phase.name, phase.bins, phase.new_bins, phase.grows) == ("phase", 20, 10, False)


def test_before_the_first_point_nothing_is_known() -> None:
    marks = Marks(SPACE, 8)
    marks.add(uniform(500), np.arange(500) % 8, np.full(500, PARTS - 1))
    assert all(np.isnan(extent.low_before) and not extent.grows for extent in marks.extents())
    assert marks.growth()[-2] == 0


def test_of_very_many_parameters_some_pairs_are_looked_at() -> None:
    space = ParameterSpace(tuple(Parameter(f"p{i}", Uniform(0.0, 1.0)) for i in range(60)))
    marks = Marks(space, 4)
    marks.add(np.random.default_rng(1).random((200, 60)), np.arange(200) % 4, in_time(200))
    assert marks.entered.shape == (4, 1000 * 400)
