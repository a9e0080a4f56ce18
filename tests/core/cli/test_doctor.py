"""The doctor: everything is looked at, and what does not work decides the exit code."""

from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path

import pytest

from terranova.cli import doctor
from terranova.cli.doctor import Finding, Level, Section
from terranova.registry import BrokenPlugin, registry

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")


def _named(findings: list[Finding], name: str) -> Finding:
    return next(finding for finding in findings if finding.name == name)


def test_software_lists_what_is_needed_and_what_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        return "" if name in ("h5py", "numpy") else "1.0"

    monkeypatch.setattr(doctor, "_version", version)
    section = doctor.software()
    assert _named(section.findings, "scipy").level is Level.FINE
    absent = _named(section.findings, "h5py")
    assert absent.level is Level.ABSENT
    assert "terranova[hdf5]" in absent.cure
    assert _named(section.findings, "numpy").level is Level.BROKEN
    assert section.broken
    assert "pytest" not in [finding.name for finding in section.findings]


def test_versions_are_those_that_are_installed() -> None:
    section = doctor.software()
    assert _named(section.findings, "numpy").value == importlib.metadata.version("numpy")
    assert not section.broken


def test_broken_plugins_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = BrokenPlugin("sick", "sick-plugin 1.0: sick", "ImportError: no module named 'fever'")
    monkeypatch.setattr(registry(), "broken", [broken])
    section = doctor.plugins()
    assert section.broken
    assert "fever" in _named(section.findings, "sick").value


def test_a_folder_that_cannot_be_written_is_broken(tmp_path: Path) -> None:
    assert doctor._disk(tmp_path).level is not Level.BROKEN
    assert list(tmp_path.iterdir()) == []
    assert doctor._disk(tmp_path / "absent").level is Level.BROKEN


def test_a_numba_cache_that_cannot_be_written_is_doubtful(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    assert doctor._numba_cache().level is Level.FINE
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert doctor._numba_cache().level is Level.DOUBTFUL


def test_many_threads_are_doubtful_only_where_ranks_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in doctor.THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(doctor, "_cores", lambda: 4)
    monkeypatch.setattr(doctor, "detect_launcher", lambda: None)
    assert doctor._threads().level is Level.FINE
    monkeypatch.setattr(doctor, "detect_launcher", _two_ranks)
    assert doctor._threads().level is Level.DOUBTFUL
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert doctor._threads().level is Level.FINE


def _two_ranks() -> object:
    from terranova.parallel.launchers import LauncherInfo

    return LauncherInfo(0, 2, "PMI_RANK")


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
    monkeypatch.setattr(doctor, "TRIAL_SECONDS", 1.0)
    finding = doctor.trial(_script(tmp_path, text))
    assert finding.level is level
    assert words in finding.value


def test_a_machine_without_mpi_is_not_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_version", lambda name: "")
    assert [finding.level for finding in doctor.mpi(alone=True)] == [Level.ABSENT]


def test_the_real_library_is_asked() -> None:
    pytest.importorskip("mpi4py", reason="the mpi extra is not installed")
    assert doctor.mpi_library().level is Level.FINE


def test_the_exit_code_says_whether_something_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor, "mpi", lambda *, alone: [Finding("mpi4py", "4.1 on [MPI]")])
    assert doctor.run(tmp_path) == int("broken:" in capsys.readouterr().out)
    monkeypatch.setattr(doctor, "plugins", lambda: Section("Plugins", [Finding("p", "gone", Level.BROKEN, "cure")]))
    assert doctor.run(tmp_path) == 1
    shown = capsys.readouterr().out
    assert "[MPI]" in shown
    assert "broken: p" in shown


def test_cores_are_those_this_process_may_use() -> None:
    assert 1 <= doctor._cores() <= (os.cpu_count() or 1)
