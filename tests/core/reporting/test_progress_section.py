"""Progress and failures: a figure that says how many islands, a table that says why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from support.stored_runs import prepared

from terranova.pages.blocks import Paragraph, Picture
from terranova.pages.table import Table
from terranova.reporting.progress_section import failed_section, progress_section
from terranova.runs.diagnosis import Diagnosis
from terranova.runs.run import Run


def test_the_figure_of_progress(run: Run, tmp_path: Path) -> None:
    section = progress_section(run, run.problem())
    assert section is not None
    (picture,) = (block for block in section.blocks if isinstance(block, Picture))
    assert "and coverage" in picture.caption
    assert picture.draw().axes
    assert progress_section(prepared(tmp_path / "empty")[0], None) is None


def test_failures_are_grouped_by_reason(run: Run, diagnosis: Diagnosis) -> None:
    blocks = failed_section(run, diagnosis).blocks
    text = " ".join(block.text for block in blocks if isinstance(block, Paragraph))
    assert "2 points of 8 (25 %) failed" in text
    (table,) = (block for block in blocks if isinstance(block, Table))
    assert {tuple(row[:2]) for row in table.rows} == {("unphysical", "tachyon"), ("raised", "m = # failed")}


def test_no_failure_is_said(run: Run, diagnosis: Diagnosis) -> None:
    none = replace(diagnosis, efficiency=replace(diagnosis.efficiency, failed=0))
    (block,) = failed_section(run, none).blocks
    assert isinstance(block, Paragraph)
    assert "No point failed" in block.text
