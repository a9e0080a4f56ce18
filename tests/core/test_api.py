"""The Python interface: the words of the command line, with the same keywords."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from support.stored_runs import rows, stored, windows

import terranova
from terranova import api
from terranova.errors import PluginMissing, RunError

FUNCTIONS = [
    f for n, f in inspect.getmembers(api, inspect.isfunction) if f.__module__ == api.__name__ and n[0] != "_"
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_every_function_is_offered_and_says_what_it_does(function: object) -> None:
    name = function.__name__  # type: ignore[attr-defined]
    assert name in terranova.__all__
    assert inspect.getdoc(function)


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
