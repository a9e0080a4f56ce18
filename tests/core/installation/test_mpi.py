"""MPI: every launcher is tried, and none can hang the doctor."""

from __future__ import annotations

from pathlib import Path

import pytest

from terranova.installation import mpi
from terranova.installation.finding import Level


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")


def _script(folder: Path, text: str) -> Path:
    path = folder / "mpirun"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("text", "level", "words"),
    [
        ("echo size 2; echo size 2", Level.FINE, "find each other"),
        ("echo size 1; echo size 1", Level.BROKEN, "do not know of each other"),
        ("echo not allowed on this host; exit 1", Level.DOUBTFUL, "not allowed on this host"),
        ("sleep 60 & sleep 60", Level.DOUBTFUL, "no end after"),
    ],
)
def test_launchers_are_tried(
    text: str, level: Level, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mpi, "TRIAL_SECONDS", 1.0)
    finding = mpi.trial(_script(tmp_path, text))
    assert finding.level is level
    assert words in finding.value


def test_a_machine_without_mpi_is_not_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mpi, "version_of", lambda name: "")
    assert [finding.level for finding in mpi.mpi(alone=True)] == [Level.ABSENT]


def test_the_real_library_is_asked() -> None:
    pytest.importorskip("mpi4py", reason="the mpi extra is not installed")
    assert mpi.mpi_library().level is Level.FINE


@pytest.mark.parametrize(
    ("threads", "total", "words"),
    [
        ([1, 1], 2, ""),
        ([2], 2, ""),
        ([2, 2], 2, "2 ranks with 4 threads on 2 cores"),
        ([1, 1, 1], 2, "3 ranks on 2 cores"),
    ],
)
def test_more_ranks_or_threads_than_cores_are_doubtful(threads: list[int], total: int, words: str) -> None:
    found = mpi.crowded("here", threads, total)
    assert [finding.value for finding in found] == ([words] if words else [])
    assert all(finding.level is Level.DOUBTFUL and finding.cure for finding in found)
