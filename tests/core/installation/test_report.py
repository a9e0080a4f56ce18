"""The whole look: every part is there, and ranks that MPI does not connect are a finding, not an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from terranova.errors import ParallelError
from terranova.installation import report
from terranova.installation.finding import Finding, Level


def test_every_part_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(report, "mpi", lambda *, alone: [Finding("mpi4py", "4.1")])
    titles = [section.title for section in report.report(tmp_path)]
    assert titles[1:] == ["Plugins", "This machine", "MPI"]


def test_ranks_that_nothing_connects_are_broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def nobody() -> None:
        raise ParallelError("one of 2 processes")

    monkeypatch.setattr(report, "world", nobody)
    monkeypatch.setattr(report, "mpi", lambda *, alone: [Finding("alone", str(alone))])
    section = report.report(tmp_path)[-1]
    assert [(f.name, f.level) for f in section.findings] == [("alone", Level.FINE), ("ranks", Level.BROKEN)]
    assert section.findings[0].value == "False"
