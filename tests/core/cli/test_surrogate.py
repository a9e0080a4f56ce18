"""`terranova surrogate`: help, and arguments that are checked at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from terranova.cli.surrogate import app
from terranova.errors import RunError

RUNNER = CliRunner()


@pytest.mark.parametrize("name", ["train", "check", "explain"])
def test_every_command_says_what_it_does(name: str) -> None:
    assert RUNNER.invoke(app, [name, "--help"]).exit_code == 0


@pytest.mark.parametrize("words", [["--trials", "-1"], ["--held-out", "1.5"], ["--rows", "0"]])
def test_numbers_are_checked_where_they_are_given(words: list[str], tmp_path: Path) -> None:
    assert RUNNER.invoke(app, ["train", str(tmp_path), "--output", "s", *words]).exit_code == 2


def test_a_run_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = RUNNER.invoke(app, ["train", str(tmp_path / "nowhere"), "--output", str(tmp_path / "s")])
    assert isinstance(done.exception, RunError)
