"""The doctor: everything is looked at, and what does not work decides the exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from terranova.cli import doctor
from terranova.installation import report
from terranova.installation.finding import Finding, Level, Section

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")


def test_the_exit_code_says_whether_something_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(report, "mpi", lambda *, alone: [Finding("mpi4py", "4.1 on [MPI]")])
    assert doctor.run(tmp_path) == int("broken:" in capsys.readouterr().out)
    monkeypatch.setattr(report, "plugins", lambda: Section("Plugins", [Finding("p", "gone", Level.BROKEN, "cure")]))
    assert doctor.run(tmp_path) == 1
    shown = capsys.readouterr().out
    assert "[MPI]" in shown
    assert "broken: p" in shown
