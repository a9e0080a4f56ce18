"""Which constraints exclude how much, alone and together: small tables with answers worked out by hand."""

from __future__ import annotations

from math import inf
from pathlib import Path

import numpy as np
import pytest
from support.stored_runs import rows, scanned, stored

from terranova.runs.diagnosis import (
    Kills,
    efficiency_of,
    kills_of,
)

TABLE = np.array(
    [
        [0.0, 0.0, 0.0],  # valid
        [0.0, 0.0, 0.0],  # valid
        [1.0, 0.0, 0.0],  # a alone
        [2.0, 0.0, 0.0],  # a alone
        [0.0, 3.0, 0.0],  # b alone
        [1.0, 1.0, 0.0],  # a and b
        [1.0, 1.0, 1.0],  # all
        [0.0, 1.0, inf],  # b, and c was not computed
    ]
)


@pytest.fixture
def kills() -> Kills:
    counted = Kills(("a", "b", "c"))
    counted.add(TABLE[:5])
    counted.add(TABLE[5:])
    return counted


def test_kills(kills: Kills) -> None:
    assert kills.points == 8
    assert kills.satisfied == 2
    assert kills.violated.tolist() == [4, 4, 1]
    assert kills.unknown.tolist() == [0, 0, 1]
    assert kills.alone.tolist() == [2, 2, 0]
    assert kills.joint.tolist() == [[4, 2, 1], [2, 4, 1], [1, 1, 1]]
    assert kills.pass_rate.tolist() == [0.5, 0.5, 1 - 1 / 7]
    assert dict(kills.sets) == {("a",): 2, ("b",): 2, ("a", "b"): 1, ("a", "b", "c"): 1}
    assert kills.smallest_sets(3) == [(("a",), 2), (("b",), 2), (("a", "b"), 1)]


def test_sets_of_more_than_three_are_not_listed() -> None:
    counted = Kills(tuple("abcdefghij"))  # more than eight: the packed bits need two bytes
    counted.add(np.array([[1.0] * 4 + [0.0] * 6, [0.0] * 8 + [1.0, 1.0]]))
    assert dict(counted.sets) == {("i", "j"): 1}


def test_no_points_and_no_constraints() -> None:
    nothing = Kills(("a",))
    nothing.add(np.empty((0, 1)))
    assert np.isnan(nothing.pass_rate).all()
    assert nothing.smallest_sets() == []
    free = Kills(())
    free.add(np.empty((3, 0)))
    assert free.satisfied == free.points == 3


@pytest.mark.usefixtures("toy_registry")
def test_stored_failures_are_left_out(tmp_path: Path) -> None:
    run = stored(tmp_path, rows([[0, 1], [inf, inf], [1, 0]], status=[0, 3, 0]))
    counted = kills_of(run)
    assert counted.points == 2
    assert counted.alone.tolist() == [1, 1]


@pytest.mark.usefixtures("toy_registry")
def test_no_constraints_means_all_are_valid(tmp_path: Path) -> None:
    run = scanned(tmp_path, constraints=[])
    assert kills_of(run).names == ()
    assert efficiency_of(run).fraction == 1.0
