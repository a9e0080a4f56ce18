"""Commands over ranks: they meet before anything else, or work alone when they are asked to."""

from __future__ import annotations

from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from terranova.cli.ranks import over_ranks
from terranova.errors import ParallelError
from terranova.parallel import world as parallel
from terranova.parallel.launchers import detect_launcher
from terranova.parallel.world import world

APP = typer.Typer()


@APP.command()
@over_ranks
def count(
    name: Annotated[str, typer.Argument(help="A name.")], number: Annotated[int, typer.Option("-n", min=1)] = 1
) -> None:
    """Say who takes part."""
    typer.echo(f"{name} {number} {world()}")


@pytest.fixture(autouse=True)
def _nobody_has_met(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_whole", {})


def _refuse() -> None:
    raise ParallelError("MPI is touched")


def test_a_command_keeps_its_arguments_and_has_one_more() -> None:
    done = CliRunner().invoke(APP, ["x", "-n", "3"])
    assert done.output == "x 3 <rank 0 of 1>\n"
    assert CliRunner().invoke(APP, ["x", "-n", "0"]).exit_code == 2
    assert "--alone" in CliRunner().invoke(APP, ["--help"]).output


def test_the_ranks_meet_first_unless_it_works_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "connect", _refuse)
    assert isinstance(CliRunner().invoke(APP, ["x"]).exception, ParallelError)
    assert CliRunner().invoke(APP, ["x", "--alone"]).output == "x 1 <rank 0 of 1>\n"
    assert parallel.world_so_far() is None


def test_who_works_alone_without_asking_for_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from terranova.parallel import standing

    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "1")
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "4")
    assert detect_launcher() is not None
    monkeypatch.setattr(parallel, "connect", lambda: None)
    monkeypatch.setattr(standing, "standing_of", lambda launcher: standing.Standing.SHELL)
    assert "note: this process was typed into the shell" in CliRunner().invoke(APP, ["x"]).output
    assert "note" not in CliRunner().invoke(APP, ["x", "--alone"]).output
