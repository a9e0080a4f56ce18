"""The machine: what slows ranks down is doubtful, not broken."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from terranova.installation import machine
from terranova.installation.finding import Level
from terranova.system.environment import ONE_THREAD


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


def test_threads_are_those_the_libraries_have(monkeypatch: pytest.MonkeyPatch) -> None:
    import threadpoolctl

    for name in ONE_THREAD:
        monkeypatch.delenv(name, raising=False)
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        assert "openblas 1" in machine._threads().value or "mkl 1" in machine._threads().value
    assert "not limited" in machine._threads().value
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert "(OMP_NUM_THREADS=3)" in machine._threads().value


def test_cores_are_those_this_process_may_use() -> None:
    assert 1 <= machine.cores() <= (os.cpu_count() or 1)
