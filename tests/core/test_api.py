"""The Python interface: the words of the command line, with the same keywords."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
import typer.main
from support.stored_runs import rows, stored, windows

import terranova
from terranova import api
from terranova.cli.commands import app
from terranova.errors import PluginMissing, RunError

FUNCTIONS = [
    f for n, f in inspect.getmembers(api, inspect.isfunction) if f.__module__ == api.__name__ and n[0] != "_"
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_every_function_is_offered_and_says_what_it_does(function: object) -> None:
    name = function.__name__  # type: ignore[attr-defined]
    assert name in terranova.__all__
    assert inspect.getdoc(function)


NOT_IN_PYTHON = {"launch": "it starts other processes", "new": "a group", "surrogate": "a group"}

ONLY_IN_PYTHON = {"model", "problem", "open", "open_fit"}

OBJECTS = {"resume": {"model", "constraints", "sampler"}}
"""Keywords for classes and objects, which no command line can give."""


def test_every_command_is_a_function_with_its_options_as_keywords() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]

    assert set(commands) - set(NOT_IN_PYTHON) == {f.__name__ for f in FUNCTIONS} - ONLY_IN_PYTHON
    for name in set(commands) - set(NOT_IN_PYTHON):
        parameters = inspect.signature(getattr(api, name)).parameters
        keywords = {p.name for p in parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD}
        open_ended = len(keywords) < len(parameters)  # the keys of a file are welcome as they are
        options = set()
        for option in commands[name].params:
            words = [word for word in option.opts if word.startswith("--")] or [option.name]
            options.add(words[-1].removeprefix("--").replace("-", "_"))
        options -= {"help", "json", "debug"}  # they are about printing
        assert keywords - OBJECTS.get(name, set()) <= options, name
        assert options <= keywords or open_ended, name


def test_dir_offers_the_functions() -> None:
    assert {f.__name__ for f in FUNCTIONS} <= set(dir(terranova))
    assert set(api.__all__) == {f.__name__ for f in FUNCTIONS}


def test_models_and_problems_are_made_by_name(toy_registry: None) -> None:
    assert terranova.model("toy-shell").name == "toy-shell"
    problem = terranova.problem("toy-shell", ["toy-windows"])
    assert [c.name for c in problem.constraints] == ["ring", "ratio"]
    with pytest.raises(PluginMissing, match="'toy-shel'"):
        terranova.model("toy-shel")


def test_plugins_are_listed_all_or_by_name(toy_registry: None) -> None:
    assert [plugin.kind for plugin in terranova.plugins("toy-shell")] == ["model"]
    assert len(terranova.plugins()) > 20


def test_runs_are_opened_and_looked_at(tmp_path: Path, toy_registry: None) -> None:
    batch = rows([[0.0], [0.0], [3.0]], loglike=[-2.0, -1.0, -float("inf")])
    stored(tmp_path / "run", batch, constraints=[windows(ratio=(0.0, 1.0))])
    run = terranova.open(tmp_path / "run")
    assert run.count == 3
    assert (
        terranova.best(run, 1)["loglike"].tolist()
        == terranova.best(tmp_path / "run", 1)["loglike"].tolist()
        == [-1.0]
    )
    assert terranova.verify(run).rows == 3
    with pytest.raises(RunError, match=r"no run directory|is not a run directory"):
        terranova.open(tmp_path / "nowhere")
