"""F42: symbolic links in a run directory that came from somebody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.stored_runs import rows, stored

import terranova
from terranova.errors import RunError
from terranova.runs.run import Run
from terranova.store.lock import LOCK, RunLock
from terranova.system.atomic import make_temporary, write_atomic

pytestmark = pytest.mark.fault("F42")


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A file of the user's, outside of the run directory."""
    path = tmp_path / "thesis.tex"
    path.write_text("years of work")
    return path


@pytest.fixture
def run(tmp_path: Path, toy_registry: None) -> Run:
    return stored(tmp_path / "run", rows([[0.0, 0.0], [1.0, 0.0]]))


@pytest.mark.parametrize("to", ["csv", "parquet"])
def test_an_export_goes_through_no_link(run: Run, precious: Path, tmp_path: Path, to: str) -> None:
    for name in (f"points.{to}.tmp", f"points.{to}.units.json.tmp"):
        (tmp_path / "run" / name).symlink_to(precious)
    written = terranova.export(tmp_path / "run", to=to)
    assert precious.read_text() == "years of work"
    assert written.is_file()
    assert not written.is_symlink()


@pytest.mark.slow
def test_a_report_goes_through_no_link(run: Run, precious: Path, tmp_path: Path) -> None:
    (tmp_path / "run" / "report.html.tmp").symlink_to(precious)
    terranova.report(tmp_path / "run", random=0)
    assert precious.read_text() == "years of work"


def test_a_lock_goes_through_no_link(precious: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / LOCK).symlink_to(precious)
    with pytest.raises(RunError, match="cannot be locked"):
        RunLock(tmp_path / "other")
    assert precious.read_text() == "years of work"


@pytest.mark.parametrize("dangling", [False, True])
def test_whatever_lies_at_a_temporary_name_is_replaced(precious: Path, tmp_path: Path, dangling: bool) -> None:
    path = tmp_path / "new.json"
    link = tmp_path / "new.json.tmp"
    link.symlink_to(tmp_path / "nowhere" if dangling else precious)
    write_atomic(path, "{}")
    assert (path.read_text(), path.is_symlink(), link.exists()) == ("{}", False, False)
    link.symlink_to(precious)
    assert not make_temporary(path).is_symlink()
    assert precious.read_text() == "years of work"
