"""What is in front of a user is scanned as it is: from the documents word for word, killed, and gone on with."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from support.scan_processes import MPIRUN

import terranova
from terranova.errors import RunError
from terranova.system.environment import clean_environment

pytestmark = pytest.mark.integration

TERRANOVA = [sys.executable, "-m", "terranova"]
KEYS = ["island", "index"]


def started(folder: Path, command: Sequence[str]) -> subprocess.Popen[str]:
    """Start a command in a folder, as a user who has agreed to nothing yet."""
    environment = {k: v for k, v in clean_environment().items() if not k.startswith("SLURM_")}
    environment["XDG_STATE_HOME"] = str(folder / "state")
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=pipe, stderr=pipe, start_new_session=True
    )


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    process = started(folder, command)
    out, err = process.communicate(timeout=280)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def points(folder: Path, name: str) -> pd.DataFrame:
    """The points of a run, in an order of their own, without the time that they took."""
    frame = terranova.open(folder / name).to_pandas().drop(columns=["seconds"])
    return frame.sort_values(KEYS).reset_index(drop=True)


def script_of_the_readme(root: Path) -> str:
    """The second example of the README."""
    blocks = re.findall(r"```python\n(.*?)```", (root / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    (script,) = (block for block in blocks if "model_from" in block)
    return str(script)


def test_the_script_of_the_readme_works_word_for_word(root: Path, tmp_path: Path) -> None:
    script = script_of_the_readme(root)
    assert len(script.splitlines()) == 12
    (tmp_path / "width.py").write_text(script)
    done = run(tmp_path, sys.executable, "width.py")
    assert done.returncode == 0, done.stderr
    assert "width" in done.stdout
    found = terranova.open(tmp_path / "runs" / "width")
    assert found.count == 2000
    frame = found.to_pandas()
    assert frame["width"].to_numpy() == pytest.approx((frame.g**2 * frame.m**3 / 1.6e5).to_numpy(), rel=1e-14)
    assert (frame.valid == (frame.width <= 0.1)).all()
    assert "source of model python:width" in found.manifest.versions


SLOW = """
import time
import terranova
from terranova import Function, LogUniform

def width(m, g):
    time.sleep(0.002)
    return g**2 * m**3 / 1.6e5

model = terranova.model_from(width, {{"m": (1, 100), "g": LogUniform(1e-3, 1)}}, ["width"])
narrow = Function(name="narrow", observables=("width",), source="me", violation_of=lambda w: w * (w > 0.1))
parallel = {{"mode": "islands", "isolation": "none"}}
how = dict(sampler={{"name": "de", "islands": 4}}, parallel=parallel, seed=3, quiet=True)
{call}
"""
SCAN = "terranova.scan(model=model, constraints=[narrow], evaluations=3000, output='run', **how)"
RESUME = "terranova.resume('run', model=model, constraints=[narrow], quiet=True)"


@pytest.mark.mpi
@pytest.mark.skipif(MPIRUN is None, reason="there is no mpirun")
def test_a_function_is_killed_and_gone_on_with_on_two_ranks(tmp_path: Path) -> None:
    for folder in ("whole", "killed"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "scan.py").write_text(SLOW.format(call=SCAN))
        (tmp_path / folder / "resume.py").write_text(SLOW.format(call=RESUME))
    assert run(tmp_path / "whole", sys.executable, "scan.py").returncode == 0
    mpirun = [str(MPIRUN), "-n", "2", sys.executable]
    process = started(tmp_path / "killed", [*mpirun, "scan.py"])
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if terranova.open(tmp_path / "killed" / "run").count > 300:
                break
        except RunError:
            pass
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    subprocess.run(["pkill", "-9", "-s", str(process.pid)], check=False)
    process.communicate(timeout=60)
    stored = terranova.open(tmp_path / "killed" / "run").count
    assert 300 < stored < 3000
    done = run(tmp_path / "killed", *mpirun, "resume.py")
    assert done.returncode == 0, done.stderr
    pd.testing.assert_frame_equal(points(tmp_path / "killed", "run"), points(tmp_path / "whole", "run"))


def test_going_on_needs_the_same_thing_again(tmp_path: Path) -> None:
    (tmp_path / "scan.py").write_text(SLOW.replace("0.002", "0").format(call=SCAN))
    assert run(tmp_path, sys.executable, "scan.py").returncode == 0
    done = run(tmp_path, *TERRANOVA, "resume", "run", "--evaluations", "4000")
    assert done.returncode == 2
    assert "the model 'width' was given in Python, as an object" in done.stderr
    assert "Traceback" not in done.stderr

    more = RESUME.replace("quiet", "evaluations=4000, quiet")
    changed = SLOW.replace("0.002", "0").replace("1.6e5", "1.7e5")  # another physics
    (tmp_path / "resume.py").write_text(changed.format(call=more))
    done = run(tmp_path, sys.executable, "resume.py")
    assert done.returncode != 0
    assert "RunMismatch" in done.stderr
    same = SLOW.replace("0.002", "0.0")  # another text, the same numbers
    (tmp_path / "resume.py").write_text(same.format(call=more))
    done = run(tmp_path, sys.executable, "resume.py")
    assert done.returncode == 0, done.stderr
    assert "source of model python:width" in done.stderr
    assert terranova.open(tmp_path / "run").count == 4000


MODEL = """
from helper import FACTOR
from terranova import LogUniform, Model, Observable, Parameter, Uniform, Window

class MyModel(Model):
    parameters = (Parameter("m", Uniform(1.0, 100.0), "GeV"), Parameter("g", LogUniform(1e-3, 1.0)))
    observables = (Observable("width", "GeV"),)

    def __init__(self, power: int = 3):
        self.power = power

    def evaluate(self, p):
        return {"width": FACTOR * p["g"] ** 2 * p["m"] ** self.power}

class Other(MyModel):
    pass

narrow = Window(name="narrow", observables=("width",), upper=0.1, unit="GeV", source="me")
"""
YAML = """
model: {name: ./my_model.py:MyModel, power: 2}
constraints: [./my_model.py:narrow]
budget: {evaluations: 600}
sampler: {name: random, islands: 4}
parallel: {executor: processes, workers: 2}
output: run
"""


def test_a_file_is_scanned_once_a_user_agreed_and_only_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "my_model.py").write_text(MODEL)
    (tmp_path / "helper.py").write_text("FACTOR = 1e-5\n")
    (tmp_path / "scan.yaml").write_text(YAML)
    (tmp_path / "my_model.py").write_text(MODEL + "\nopen('it-ran', 'w').close()\n")
    refused = run(tmp_path, *TERRANOVA, "scan", "scan.yaml", "--quiet")
    assert refused.returncode == 2
    assert "my_model.py:MyModel" in refused.stderr
    assert "nobody has agreed to here" in refused.stderr
    assert not (tmp_path / "it-ran").exists()
    (tmp_path / "my_model.py").write_text(MODEL)

    done = run(tmp_path, *TERRANOVA, "scan", "scan.yaml", "--quiet", "--trust")
    assert done.returncode == 0, done.stderr
    frame = points(tmp_path, "run")
    assert frame["width"].to_numpy() == pytest.approx((1e-5 * frame.g**2 * frame.m**2).to_numpy(), rel=1e-14)
    assert set(frame.status) == {0}
    again = run(tmp_path, *TERRANOVA, "resume", "run", "--evaluations", "700", "--quiet")  # it is remembered
    assert again.returncode == 0, again.stderr
    (tmp_path / "helper.py").write_text("FACTOR = 2e-5\n")
    refused = run(tmp_path, *TERRANOVA, "resume", "run", "--evaluations", "800", "--quiet")
    assert "nobody has agreed to here" in refused.stderr
    refused = run(tmp_path, *TERRANOVA, "resume", "run", "--evaluations", "800", "--quiet", "--trust")
    assert refused.returncode == 4  # other numbers: stored points were evaluated again
    assert "cannot resume" in refused.stderr
    assert terranova.open(tmp_path / "run").count == 700


def test_the_folder_may_move(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    (first / "my_model.py").write_text(MODEL)
    (first / "helper.py").write_text("FACTOR = 1e-5\n")
    (first / "scan.yaml").write_text(YAML.replace("executor: processes, workers: 2", "executor: serial"))
    assert run(first, *TERRANOVA, "scan", "scan.yaml", "--quiet", "--trust").returncode == 0
    shutil.move(first, second)
    config = second / "run" / "config.yaml"
    config.write_text(config.read_text().replace(str(first), str(second)))
    done = run(second, *TERRANOVA, "resume", "run", "--evaluations", "700", "--quiet", "--trust")
    assert done.returncode == 0, done.stderr


IN_A_SCRIPT = """
import terranova
from terranova import Observable, Parameter, PointModel, Uniform, Window

SCALE = 3.0

class Slow(PointModel):
    parameters = (Parameter("a", Uniform(0.0, 1.0)),)
    observables = (Observable("y"),)
    def evaluate_point(self, point):
        return {"y": SCALE * point["a"]}

run = terranova.scan(
    model=Slow,
    constraints=[Window(name="low", observables=("y",), upper=1.0, source="me")],
    sampler="random",
    parallel={"executor": "processes", "workers": 2},
    evaluations=200,
    output="run",
    quiet=True,
)
print("rows", run.count, set(run.to_pandas().status))
"""


@pytest.mark.parametrize("how", ["script", "standard input"])
def test_worker_processes_get_what_a_script_defines(tmp_path: Path, how: str) -> None:
    (tmp_path / "script.py").write_text(IN_A_SCRIPT)
    command = [sys.executable, "script.py"] if how == "script" else ["sh", "-c", f"{sys.executable} - < script.py"]
    done = run(tmp_path, *command)
    assert "rows 200 {0}" in done.stdout, done.stderr


OWN_SAMPLER = """
import numpy as np
from terranova import Proposal, Sampler

class Halton(Sampler):
    name = "mine"
    def ask(self):
        return self.rng.random((16, self.space.dimension))
    def tell(self, batch):
        pass
"""


def test_a_sampler_of_one_s_own_is_given_or_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "my_sampler.py").write_text(OWN_SAMPLER)
    model = terranova.model_from(lambda a: a**2, {"a": (0, 1)}, "y", vectorised=True)
    keys = {"model": model, "constraints": [], "budget": {"evaluations": 100}, "quiet": True, "trust": True}
    name = str(tmp_path / "my_sampler.py")
    first = terranova.scan(**keys, sampler={"name": name, "islands": 2}, output=str(tmp_path / "a"))
    names: dict[str, type] = {"__name__": "a_notebook"}
    exec(OWN_SAMPLER, names)
    second = terranova.scan(**keys, sampler={"name": names["Halton"], "islands": 2}, output=str(tmp_path / "b"))
    pd.testing.assert_frame_equal(
        first.to_pandas().drop(columns="seconds"), second.to_pandas().drop(columns="seconds")
    )
    assert second.config.sampler.name == "python:mine"
