"""The whole report: every section, once, and whoever cannot reach the other ranks says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from terranova.errors import ParallelError
from terranova.installation import report as module
from terranova.installation.finding import Level
from terranova.installation.report import everyone_here, report
from terranova.parallel.world import serial_world


@pytest.fixture(autouse=True)
def _without_mpi(monkeypatch: pytest.MonkeyPatch) -> None:
    """Launchers are tried in test_mpi.py."""
    monkeypatch.setattr(module, "mpi", lambda *, alone: [])
    monkeypatch.setattr(module, "ranks", lambda everyone: [])


def test_every_section_once(tmp_path: Path) -> None:
    titles = [section.title for section in report(tmp_path)]
    assert len(titles) == len(set(titles)) == 4
    assert titles[-1] == "MPI"


def test_ranks_out_of_reach_are_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable() -> None:
        raise ParallelError("MPI does not connect them")

    monkeypatch.setattr(module, "world", unreachable)
    assert everyone_here()[1] == "MPI does not connect them"
    (finding,) = report(tmp_path)[-1].findings
    assert (finding.name, finding.level) == ("ranks", Level.BROKEN)


def test_only_the_first_rank_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second = serial_world()
    second.rank = 1
    monkeypatch.setattr(module, "world", lambda: second)
    assert report(tmp_path) == []
