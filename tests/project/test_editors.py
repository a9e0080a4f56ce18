"""In an editable install, tools that only read the code resolve it: what editors check is what runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROBE = """\
import terranova
from terranova.config.problem import ProblemConfig
from terranova.models.thdm3 import ThreeHiggsDoublet
from terranova.plugins.samplers.explorer.sampler import Explorer

reveal_type(terranova.scan)
reveal_type(terranova.plugins("thdm3"))
reveal_type(terranova.open("runs/a").count)
reveal_type(ProblemConfig)
reveal_type(ThreeHiggsDoublet)
reveal_type(Explorer)
wrong: str = terranova.open("runs/a").count
"""
WRONG = len(PROBE.splitlines())
"""The line with a mistake, which a tool that takes everything for `Any` does not see."""


@pytest.fixture
def probe(tmp_path: Path) -> Path:
    """A user's script outside of the checkout."""
    path = tmp_path / "probe.py"
    path.write_text(PROBE, encoding="utf-8")
    return path


def test_pyright_resolves_every_room(probe: Path) -> None:
    pytest.importorskip("basedpyright", reason="the dev extra is not installed")
    command = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, "--outputjson", str(probe)]
    done = subprocess.run(command, cwd=probe.parent, capture_output=True, text=True, timeout=240)
    found = json.loads(done.stdout)["generalDiagnostics"]
    errors = [(d["range"]["start"]["line"] + 1, d["message"]) for d in found if d["severity"] == "error"]
    assert [line for line, _ in errors] == [WRONG], errors
    revealed = " ".join(d["message"] for d in found if d["severity"] == "information")
    for shown in (
        "-> Run",
        "list[Plugin]",
        '"int"',
        "type[ProblemConfig]",
        "type[ThreeHiggsDoublet]",
        "type[Explorer]",
    ):
        assert shown in revealed


@pytest.mark.slow
def test_mypy_resolves_every_room(probe: Path) -> None:
    """Without its cache, mypy reads all that the probe reaches: that takes most of a minute."""
    command = [sys.executable, "-m", "mypy", "--no-incremental", "--follow-imports", "silent", str(probe)]
    done = subprocess.run(command, cwd=probe.parent, capture_output=True, text=True, timeout=240)
    lines = done.stdout.splitlines()
    assert [line for line in lines if ": error:" in line] == [
        f'{probe.name}:{WRONG}: error: Incompatible types in assignment (expression has type "int", '
        'variable has type "str")  [assignment]'
    ], done.stdout
    assert "Any" not in " ".join(line for line in lines if "Revealed type" in line and "def (" not in line)


def test_jedi_completes_the_interface() -> None:
    jedi = pytest.importorskip("jedi", reason="the dev extra is not installed")
    script = jedi.Script("import terranova\nterranova.")
    names = {completion.name for completion in script.complete(2, 10)}
    import terranova

    assert set(terranova.__all__) <= names
    script = jedi.Script("from terranova.models.thdm3 import ThreeHiggsDoublet\nThreeHiggsDoublet")
    (definition,) = script.infer(2, 5)
    assert definition.full_name == "terranova.models.thdm3.model.ThreeHiggsDoublet"


def test_core_is_not_importable_under_its_folders_name(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-c", "import core"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "No module named 'core'" in done.stderr
