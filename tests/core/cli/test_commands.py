"""Commands: every one has help, and what it is given is checked before anything is done."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.stored_runs import rows, stored, windows
from typer.main import get_command
from typer.testing import CliRunner

import terranova
from terranova.cli.commands import app
from terranova.errors import RunError

RUNNER = CliRunner()
NAMES = sorted(get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_says_what_it_does(name: str) -> None:
    done = RUNNER.invoke(app, [name, "--help"])
    assert done.exit_code == 0
    assert len(done.stdout.splitlines()) > 5


def test_what_the_command_line_says_python_says_too() -> None:
    assert {"scan", "resume", "report", "fit", "compare", "best", "export", "verify", "doctor"} <= set(NAMES)
    assert {name for name in NAMES if name not in dir(terranova)} <= {"launch", "new", "surrogate"}


def test_best_points_are_printed(tmp_path: Path, toy_registry: None) -> None:
    batch = rows([[0.0], [0.0]], loglike=[-2.5, -1.25])
    stored(tmp_path / "run", batch, constraints=[windows(ratio=(0.0, 1.0))])
    done = RUNNER.invoke(app, ["best", str(tmp_path / "run")])
    assert done.exit_code == 0
    assert "-1.25" in done.stdout


def test_a_run_is_verified(tmp_path: Path, toy_registry: None) -> None:
    stored(tmp_path / "run", rows([[0.0]]), constraints=[windows(ratio=(0.0, 1.0))])
    done = RUNNER.invoke(app, ["verify", str(tmp_path / "run")])
    assert done.exit_code == 0
    missing = RUNNER.invoke(app, ["verify", str(tmp_path / "nowhere")])
    assert isinstance(missing.exception, RunError)


def test_numbers_are_checked_where_they_are_given() -> None:
    assert RUNNER.invoke(app, ["launch", "scan.yaml", "--ranks", "0"]).exit_code == 2
