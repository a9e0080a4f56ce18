"""The current directory is removed, before a command or while it runs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import hostile_models as hostile
from support.live_stores import ROWS, SCHEMA, sealed_run
from support.scan_processes import PATIENCE

import terranova
from terranova import Status
from terranova.plugins.executors import SerialExecutor
from terranova.store import Reader, verify
from terranova.testing import NoSync

pytestmark = pytest.mark.fault("F56")


@pytest.fixture
def gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current directory that can be removed."""
    here = tmp_path / "gone"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


def test_what_was_stored_is_read(tmp_path: Path, gone: Path) -> None:
    with NoSync():
        sealed_run(tmp_path / "run", 4)
    reader = Reader(tmp_path / "run")
    gone.rmdir()
    assert reader.sql("SELECT count(*) AS n FROM points")["n"][0].as_py() == 4 * ROWS
    assert len(Reader(tmp_path / "run").table(where="valid OR NOT valid")) == 4 * ROWS
    assert reader.schema == SCHEMA


def test_a_run_is_verified(tmp_path: Path, gone: Path) -> None:
    with NoSync():
        sealed_run(tmp_path / "run", 4)
    gone.rmdir()
    assert verify(tmp_path / "run").rows == 4 * ROWS


def test_a_scan_goes_on_and_is_summed_up(tmp_path: Path, gone: Path, toy_registry: None) -> None:
    shutil.rmtree(gone)
    run = terranova.scan(
        {
            "model": "toy-shell",
            "constraints": [],
            "sampler": {"name": "random", "islands": 2},
            "budget": {"evaluations": 50},
            "output": str(tmp_path / "run"),
        },
        quiet=True,
    )
    assert run.count == 50
    assert run.valid_count == 50


def test_workers_go_on(gone: Path) -> None:
    with SerialExecutor(hostile.problem(hostile.Hostile), isolate=True) as executor:
        executor.warm_up()
        gone.rmdir()
        found = executor.evaluate(hostile.points(["good", "leave", "good", "wander", "good"]))
    assert found.status.tolist() == [Status.OK, Status.CRASHED, Status.OK, Status.OK, Status.OK]


@pytest.mark.parametrize("words", [("best", "run"), ("scan", "scan.yaml"), ("plugins",)])
def test_a_command_says_that_its_directory_is_gone(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "gone").mkdir()
    script = 'cd "$1"; shift; rmdir "$PWD"; exec "$@"'
    done = subprocess.run(
        ["bash", "-c", script, "bash", str(tmp_path / "gone"), sys.executable, "-P", "-m", "terranova", *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if not line.startswith("shell-init")]
    assert lines == [
        f"error: the current directory ({tmp_path}/gone) does not exist any more: change to one that does, and "
        "give the command again"
    ]
