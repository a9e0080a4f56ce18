"""Every example is a valid input of the command that it says it is for."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from terranova.comparison.config_reading import load_comparison
from terranova.config import build_problem, load_config
from terranova.fitting.config_reading import load_fit
from terranova.runs.provenance import stored_columns

EXAMPLES = Path(__file__).parents[2] / "examples"
LOADERS = {"scan": load_config, "fit": load_fit, "compare": load_comparison}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_an_example_is_valid_for_the_command_in_its_head(path: Path) -> None:
    head = path.read_text(encoding="utf-8")
    commands = [word for word in LOADERS if f"terranova {word} examples/{path.name}" in head]
    assert commands, "a comment says how to start it"
    for command in commands:
        LOADERS[command](path)


def test_the_picture_of_the_readme_draws_what_its_scan_stores() -> None:
    drawn = runpy.run_path(str(EXAMPLES / "plot_valid_points.py"))["PANELS"]
    config = load_config(EXAMPLES / "thdm3.yaml")
    problem = build_problem(config.problem)
    names = [o.name for o in problem.model.observables]
    stored = {names[i] for i in stored_columns(config, problem) or range(len(names))}
    assert {name for panel in drawn for name in panel} <= stored | set(problem.model.space.names)
