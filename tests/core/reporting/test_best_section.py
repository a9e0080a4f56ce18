"""The best points: side by side, with what constraints read and what is violated."""

from __future__ import annotations

from pathlib import Path

from support.stored_runs import prepared, rows, stored, windows

from terranova.pages.table import Table
from terranova.reporting.best_section import best_section
from terranova.runs.kills import kills_of
from terranova.runs.run import Run


def _table(run: Run) -> Table | None:
    section = best_section(run, run.problem(), kills_of(run))
    return next((block for block in section.blocks if isinstance(block, Table)), None)


def test_valid_points_come_by_likelihood(run: Run) -> None:
    table = _table(run)
    assert table is not None
    cells = {row[0]: row[1:] for row in table.rows}
    assert cells["loglike"][:2] == ["−1", "−2"]
    assert {"a", "b", "ratio", "ring"} <= set(cells)
    assert "w_ratio" not in cells, "nothing is violated"


def test_without_valid_points_the_violations_are_shown(tmp_path: Path, toy_registry: None) -> None:
    constraints = [windows(ratio=(0.0, 1.0), ring=(0.0, 1.0))]
    run = stored(tmp_path, rows([[2.0, 0.0], [1.0, 0.0]], loglike=[-float("inf")] * 2), constraints=constraints)
    table = _table(run)
    assert table is not None
    assert any("w_ratio" in row[0] for row in table.rows)
    assert not any("w_ring" in row[0] for row in table.rows)


def test_no_point_is_a_sentence(tmp_path: Path, toy_registry: None) -> None:
    run, _ = prepared(tmp_path)
    assert _table(run) is None
    assert best_section(run, None, kills_of(run)).blocks
