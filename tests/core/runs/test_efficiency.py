"""Efficiency: valid points per evaluation, over time and island by island."""

from __future__ import annotations

from math import inf
from pathlib import Path

import pytest
from support.stored_runs import WIDE, rows, scanned, stored

from terranova.runs.diagnosis import (
    efficiency_of,
)


@pytest.mark.usefixtures("toy_registry")
def test_efficiency(tmp_path: Path) -> None:
    violations = [[1, 0], [1, 0], [inf, inf], [0, 0], [0, 0], [1, 0]]
    run = stored(tmp_path, rows(violations, status=[0, 0, 2, 0, 0, 0], islands=2))
    efficiency = efficiency_of(run, run.problem())
    assert (efficiency.evaluated, efficiency.valid, efficiency.failed) == (6, 2, 1)
    assert efficiency.first_valid == 4  # both islands had evaluated two points each
    assert efficiency.per_ten_thousand == pytest.approx(1e4 / 3)
    assert efficiency.coverage == 2.0  # two points, in different bins of every pair


@pytest.mark.usefixtures("toy_registry")
def test_efficiency_is_the_same_when_only_valid_points_are_kept(tmp_path: Path) -> None:
    every = scanned(tmp_path / "all", constraints=[WIDE], model="toy-holes")
    valid = scanned(tmp_path / "valid", constraints=[WIDE], model="toy-holes", store={"keep": "valid"})
    a, b = efficiency_of(every, every.problem()), efficiency_of(valid, valid.problem())
    assert (a.evaluated, a.valid, a.failed, a.coverage) == (b.evaluated, b.valid, b.failed, b.coverage)
    assert a.first_valid == b.first_valid
    assert b.stored == b.valid
