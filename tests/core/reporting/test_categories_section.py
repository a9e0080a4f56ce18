"""The section on discrete parameters: its numbers are those of the rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.stored_runs import scanned, windows

from terranova.pages.table import Table
from terranova.reporting.categories_section import categories_section

pytestmark = [pytest.mark.usefixtures("toy_registry"), pytest.mark.integration]


def test_each_category_with_its_points(tmp_path: Path) -> None:
    parameters = {"a": {"prior": "choice", "values": [2, 5, 9]}, "b": {"prior": "log", "lower": 0.1, "upper": 10}}
    run = scanned(tmp_path, parameters=parameters, constraints=[windows(ring=(0.0, 2.0))])
    section = categories_section(run, run.problem())
    assert section is not None
    table = next(block for block in section.blocks if isinstance(block, Table))
    frame = run.to_pandas()
    for row, value in zip(table.rows, (2.0, 5.0, 9.0), strict=True):
        mine = frame[frame["a"] == value]
        assert row[:3] == [f"{value:g}", f"{len(mine):,}", f"{int(mine['valid'].sum()):,}"]
    assert sum(int(str(row[2]).replace(",", "")) for row in table.rows) == run.valid_count > 0
    assert str(table.rows[0][4]) == "0"


def test_without_discrete_parameters_there_is_none(tmp_path: Path) -> None:
    run = scanned(tmp_path)
    assert categories_section(run, run.problem()) is None
    assert categories_section(run, None) is None
