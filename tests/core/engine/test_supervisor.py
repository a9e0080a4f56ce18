"""The supervisor: what it starts, and what it says of an end. Ranks that die: tests/faults/test_ranks.py."""

from __future__ import annotations

from pathlib import Path

import pytest

import terranova
from terranova.engine import supervisor
from terranova.engine.supervisor import launch
from terranova.errors import ConfigError, ParallelError, RunError, RunExists

SCAN = "model: thdm3\nconstraints: [theory]\nsampler: random\nbudget: {evaluations: 10}\n"


def test_within_a_job_no_job_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMI_RANK", "0")
    monkeypatch.setenv("PMI_SIZE", "2")
    with pytest.raises(ParallelError, match="starts the ranks itself"):
        launch(tmp_path, 2)


def test_what_cannot_be_supervised_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    scan = tmp_path / "scan.yaml"
    with pytest.raises(ConfigError):
        launch(scan, 2)
    scan.write_text(SCAN)
    with pytest.raises(RunError, match="names no output"):
        launch(scan, 2)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").touch()
    with pytest.raises(RunExists, match="is not empty"):
        launch(scan, 2, output=tmp_path / "run")
    with pytest.raises(RunError, match="is not a run directory"):
        launch(tmp_path / "run", 2)


@pytest.mark.slow
@pytest.mark.integration
def test_a_scan_that_has_ended_is_not_started_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever becomes of the launcher after it: one whose output nobody reads any more fails at its end."""
    scan, launcher = tmp_path / "scan.yaml", tmp_path / "launcher"
    scan.write_text(SCAN)
    launcher.write_text('#!/bin/sh\nshift 2\n"$@"\nexit 141\n')
    launcher.chmod(0o755)
    assert launch(scan, 1, output=tmp_path / "run", launcher=str(launcher), quiet=True) == 0
    assert terranova.open(tmp_path / "run").count == 10
    assert "only then a process died of SIGPIPE" in capfd.readouterr().err


def test_several_ranks_need_a_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "find_mpirun", lambda: None)
    assert supervisor._launcher("", 1) == []
    assert supervisor._launcher("srun --mpi=pmi2", 4) == ["srun", "--mpi=pmi2"]
    with pytest.raises(ParallelError, match="no mpirun was found to start 4 ranks"):
        supervisor._launcher("", 4)
    monkeypatch.setattr(supervisor, "find_mpirun", lambda: Path("/bin/mpirun"))
    assert supervisor._launcher("", 4) == ["/bin/mpirun"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-9, "SIGKILL"),
        (139, "SIGSEGV"),
        (6, "a rank hung"),
        (0, "before the scan was done"),
        (200, "exit code 200"),
    ],
)
def test_how_a_job_ended_in_words(code: int, words: str) -> None:
    assert words in supervisor._how_it_ended(code)
