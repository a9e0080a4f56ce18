"""The machine: what slows ranks down is doubtful, not broken."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from terranova.installation import machine
from terranova.installation.finding import Level


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")


def test_a_folder_that_cannot_be_written_is_broken(tmp_path: Path) -> None:
    assert machine._disk(tmp_path).level is not Level.BROKEN
    assert list(tmp_path.iterdir()) == []
    assert machine._disk(tmp_path / "absent").level is Level.BROKEN


def test_a_numba_cache_that_cannot_be_written_is_doubtful(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    assert machine._numba_cache().level is Level.FINE
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert machine._numba_cache().level is Level.DOUBTFUL


def test_many_threads_are_doubtful_only_where_ranks_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in machine.THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(machine, "cores", lambda: 4)
    monkeypatch.setattr(machine, "detect_launcher", lambda: None)
    assert machine._threads().level is Level.FINE
    monkeypatch.setattr(machine, "detect_launcher", _two_ranks)
    assert machine._threads().level is Level.DOUBTFUL
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert machine._threads().level is Level.FINE


def _two_ranks() -> object:
    from terranova.parallel.launchers import LauncherInfo

    return LauncherInfo(0, 2, "PMI_RANK")


def test_cores_are_those_this_process_may_use() -> None:
    assert 1 <= machine.cores() <= (os.cpu_count() or 1)
