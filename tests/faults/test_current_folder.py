"""Files in the current folder that are called as modules: no process that terranova starts imports them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import toys
from support.scan_processes import Lab

import terranova
from terranova.comparison.session import _start
from terranova.installation import mpi

pytestmark = [pytest.mark.fault("F51")]

NAMES = ("queue", "random", "signal", "token", "types", "numpy", "yaml", "terranova")

SCAN = """
model: {model}
constraints: []
sampler: {{name: random, islands: 2}}
budget: {{evaluations: 4}}
output: run
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder in which such files lie; one that is imported leaves a witness, and ends its process."""
    witness = f"open({str(tmp_path / 'imported')!r}, 'a').write(__name__)\nraise SystemExit(99)\n"
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(witness)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_files_would_be_imported_otherwise(here: Path) -> None:
    done = subprocess.run([sys.executable, "-c", "import queue"], cwd=here, check=False)
    assert done.returncode == 99
    assert (here / "imported").read_text() == "queue"


def test_workers_of_comparisons_do_not(here: Path) -> None:
    worker = _start(here, trust=False)
    assert worker.wait(120) == 2, "it looks for its plan, and finds none"
    assert not (here / "imported").exists()


def test_workers_of_scans_do_not(here: Path, toy_registry: None) -> None:
    run = terranova.scan(
        model="toy-point",
        constraints=[toys.shell_set()],
        sampler={"name": "random", "islands": 1},
        budget={"evaluations": 3},
        output=here / "run",
        quiet=True,
    )
    assert run.count == 3
    assert not (here / "imported").exists()


def test_a_look_at_mpi_does_not(here: Path) -> None:
    assert mpi.mpi_library()
    assert not (here / "imported").exists()


@pytest.mark.integration
@pytest.mark.slow
@pytest.mark.parametrize("ranks", [1, pytest.param(2, marks=pytest.mark.mpi)])
def test_ranks_of_a_supervised_scan_do_not(here: Path, ranks: int) -> None:
    (here / "scan.yaml").write_text(SCAN.format(model="toy-point"))
    done = Lab(here / "lab", ["support.toys"]).run("launch", "-n", ranks, here / "scan.yaml", "--quiet")
    assert done.returncode == 0, done.stderr
    assert terranova.open(here / "run").count == 4
    assert not (here / "imported").exists()
