"""Every example is a valid input of the command that it says it is for."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import terranova
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


EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
book = nbformat.read(sys.argv[1], 4)
NotebookClient(book, timeout=250, kernel_name="python3").execute()
nbformat.write(book, sys.argv[2])
"""


@pytest.mark.integration
def test_the_notebook_runs_from_its_first_cell_to_its_last(tmp_path: Path) -> None:
    committed = EXAMPLES / "first_hour.ipynb"
    command = [sys.executable, "-c", EXECUTE, str(committed), "executed.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=290, check=False)
    assert done.returncode == 0, done.stderr
    before, after = (json.loads(path.read_text()) for path in (committed, tmp_path / "executed.ipynb"))
    kinds = [
        [[o["output_type"] for o in cell.get("outputs", ())] for cell in book["cells"]] for book in (before, after)
    ]
    assert kinds[0] == kinds[1], "the committed notebook is an executed one"
    said = json.dumps(after)
    for text in ("4,000 evaluated", "did you mean 'm'?", "BLOCK TERRANOVAIN", "<progress max='1' value='1.0000'"):
        assert text in said
    assert terranova.open(tmp_path / "runs" / "masses").count == 4000
