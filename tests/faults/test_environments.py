"""Environments that look like jobs: shells of srun, children of ranks, ranks with a thread for every core."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.scan_processes import MPIRUN, PATIENCE, Lab, count
from support.stored_runs import scanned
from typer.main import get_command

import terranova
from terranova.cli.commands import app
from terranova.errors import ParallelError
from terranova.parallel import world as parallel
from terranova.parallel.exit import run_guarded
from terranova.system.environment import ALONE, ONE_THREAD, clean_environment

needs_mpirun = [
    pytest.mark.mpi,
    pytest.mark.xdist_group("mpi"),
    pytest.mark.skipif(MPIRUN is None, reason="no mpirun on this machine"),
]

JOBS = {
    "shell of srun": {"SLURM_JOB_ID": "3", "SLURM_STEP_NUM_TASKS": "8", "SLURM_NTASKS": "8", "SLURM_PROCID": "0"},
    "child of a rank": {"PMI_RANK": "1", "PMI_SIZE": "2", "PMI_FD": "9999", "HYDI_CONTROL_FD": "7"},
    "rank of Open MPI": {"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "4", "PMIX_RANK": "0"},
}
"""The variables of processes that cannot be ranks."""

TOGETHER: dict[str, list[str]] = {
    "scan": ["absent.yaml"],
    "resume": ["absent"],
    "fit": ["absent.yaml"],
    "compare": ["absent.yaml"],
    "launch": ["absent.yaml"],
}
"""Commands that ranks carry out together, and what they are given: they can be asked to work alone."""

APART: dict[str, Callable[[Path], list[Any]]] = {
    "plugins": lambda run: ["toy-shell"],
    "report": lambda run: [run, "--random", 0],
    "best": lambda run: [run],
    "export": lambda run: [run, "--to", "parquet"],
    "rescore": lambda run: [run, "-c", _constraints(run), "--output", run.with_name("rescored")],
    "merge": lambda run: [run, run.with_name("other"), "--output", run.with_name("merged")],
    "verify": lambda run: [run],
    "salvage": lambda run: [run],
    "doctor": lambda run: [],
    "status": lambda run: [run],
    "cite": lambda run: [run],
    "check": lambda run: [run / "config.yaml", "--points", 5],
    "warm": lambda run: ["toy-shell"],
    "new model": lambda run: ["my_model", "--directory", run.parent],
    "surrogate train": lambda run: [
        *(run, "--output", run.with_name("one.surrogate"), "--trials", 0, "--target", "ring")
    ],
    "surrogate check": lambda run: [run.with_name("one.surrogate")],
    "surrogate explain": lambda run: [run.with_name("one.surrogate")],
}
"""All others, with arguments that make sense: they must never touch MPI. A new command belongs here or there."""


def _constraints(run: Path) -> Path:
    file = run.with_name("wide.yaml")
    file.write_text(
        "name: wide\nconstraints:\n  - {name: r, observable: ring, kind: window, upper: 9, "
        'source: "arXiv:2207.00092", date: 2022-07}\n'
    )
    return file


def _commands() -> Iterator[str]:
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        yield from [name] if inner is None else (f"{name} {other}" for other in inner)


def _run(words: list[Any], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Run the command line in this process, as its program does; return the exit code and all that was said."""
    with pytest.raises(SystemExit) as leaving:
        run_guarded(lambda: app([str(word) for word in words], prog_name="terranova"))
    said = capsys.readouterr()
    return int(leaving.value.code or 0), said.out + said.err


@pytest.fixture(
    params=["child of a rank", *(pytest.param(n, marks=pytest.mark.slow) for n in list(JOBS) if n[0] != "c")]
)
def job(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The variables of a job, and an MPI that cannot be touched."""
    for name in set(os.environ) - set(clean_environment()):
        monkeypatch.delenv(name)
    for name, value in JOBS[request.param].items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(ALONE, raising=False)
    for name in [name for name in sys.modules if name.partition(".")[0] == "mpi4py"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    monkeypatch.setattr(parallel, "_whole", {})
    return str(request.param)


@pytest.mark.fault("F59")
def test_every_command_is_known_here() -> None:
    assert set(_commands()) == {*TOGETHER, *APART}


@contextmanager
def toys_registered() -> Iterator[None]:
    """For fixtures that live longer than a test."""
    from support import toys

    from terranova.registry import registry

    shared = registry()
    before = list(shared.plugins)
    shared.register(toys, name="toys", origin="tests")
    try:
        yield
    finally:
        shared.plugins[:] = before


@pytest.fixture(scope="module")
def run_of_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in a folder with another one, made before there was any job."""
    folder = tmp_path_factory.mktemp("before") / "runs"
    folder.mkdir()
    with toys_registered():
        for seed, name in enumerate(("run", "other")):
            scanned(folder / name, budget={"evaluations": 400}, seed=seed)
    return folder / "run"


@pytest.fixture(scope="module")
def surrogate_of_before(run_of_before: Path) -> Path:
    """A surrogate trained on that run; no file if there is nothing to train it with."""
    from terranova.runs.run import Run
    from terranova.surrogates import training

    file = run_of_before.parents[1] / "one.surrogate"
    if importlib.util.find_spec("xgboost"):
        with toys_registered():
            training.train([Run(run_of_before)], ["ring"], trials=0).save(file)
    return file


@pytest.mark.fault("F59")
@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.integration) for n in APART])
def test_a_command_that_needs_no_ranks_works_whatever_the_variables_say(
    name: str,
    job: str,
    run_of_before: Path,
    surrogate_of_before: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    toy_registry: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    run = Path(shutil.copytree(run_of_before.parent, tmp_path / "runs")) / "run"
    if name.startswith("surrogate"):
        pytest.importorskip("xgboost", reason="the ml extra is not installed")
        if name != "surrogate train":
            shutil.copy(surrogate_of_before, run.with_name("one.surrogate"))
    if name == "surrogate explain":
        pytest.importorskip("shap", reason="the ml extra is not installed")
    code, said = _run([*name.split(), *APART[name](run)], capsys)
    if name == "doctor":  # it looks for ranks, and says what it found
        assert "--alone" in said
        assert "Traceback" not in said
    else:
        assert code == 0, said
    assert parallel.world_so_far() is None or name == "doctor"
    code, said = _run([*name.split(), "--help"], capsys)
    assert code == 0, said


@pytest.mark.fault("F59")
@pytest.mark.parametrize("name", TOGETHER)
def test_a_command_of_ranks_says_how_to_go_on_and_works_alone(
    name: str, job: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("terranova.parallel.exit._another_speaks", lambda: False)  # we listen to every rank
    code, said = _run([name, *TOGETHER[name]], capsys)
    assert code == ParallelError.exit_code, said
    assert "--alone" in said
    assert "Traceback" not in said
    code, said = _run([name, *TOGETHER[name], "--alone"], capsys)
    assert code in (2, 4), "what is asked for is not there, and that is said"
    assert "absent" in said
    if name != "launch":
        monkeypatch.setenv(ALONE, "1")
        assert _run([name, *TOGETHER[name]], capsys)[0] == code


@pytest.mark.fault("F59")
def test_python_works_alone_when_it_is_asked_to(job: str, tmp_path: Path, toy_registry: None) -> None:
    words: dict[str, Any] = {"model": "toy-shell", "constraints": [], "sampler": "random", "quiet": True}
    with pytest.raises(ParallelError, match="--alone"):
        terranova.scan(**words, evaluations=20, output=str(tmp_path / "no"))
    run = terranova.scan(**words, evaluations=20, output=str(tmp_path / "run"), alone=True)
    assert run.count == 20
    assert terranova.resume(run, evaluations=30, alone=True, quiet=True).count == 30


# -- real ranks


CHILD = """
import subprocess, sys
from mpi4py import MPI
mine = sys.argv[1] + str(MPI.COMM_WORLD.rank)
words = [sys.executable, "-P", "-m", "terranova"]
for command in (["scan", sys.argv[2], "--output", mine, "-q", *sys.argv[3:]], ["export", mine], ["best", mine]):
    done = subprocess.run([*words, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
print(f"done {MPI.COMM_WORLD.Get_size()}")
"""

BETWEEN = """
import subprocess, sys
done = subprocess.run([sys.executable, "-P", "-m", "terranova", *sys.argv[1:]], capture_output=True, text=True)
print(f"{done.returncode} {done.stdout} {done.stderr}")
"""

FUTURES = """
import sys, terranova
from mpi4py.futures import MPIPoolExecutor

def scan(words):
    return terranova.scan(words[0], output=words[1], quiet=True).count

if __name__ == "__main__":
    with MPIPoolExecutor() as pool:
        here = scan((sys.argv[1], sys.argv[2] + "-of-the-first"))
        print(list(pool.map(scan, [(sys.argv[1], output) for output in sys.argv[2:]])), here)
"""

THREADS = """
import sys
import numpy as np
from terranova.parallel.exit import run_guarded
from terranova.parallel.world import world
from terranova.system.environment import threads_here

def main():
    np.ones((9, 9)) @ np.ones((9, 9))
    everyone = world().allgather(threads_here())
    import scipy.linalg
    if world().is_root:
        print(everyone, threads_here())

run_guarded(main)
"""


def _under_mpirun(lab: Lab, *words: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """Start Python on two ranks, with no limit of threads but what the variables say."""
    environment = {name: value for name, value in lab.environment.items() if name not in ONE_THREAD}
    return subprocess.run(
        [str(MPIRUN), "-n", "2", sys.executable, *map(str, words)],
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


class TestRealRanks:
    """What a job of two ranks starts."""

    pytestmark = needs_mpirun

    @pytest.mark.fault("F59")
    @pytest.mark.integration
    def test_children_of_ranks_scan_and_export_alone(self, tmp_path: Path) -> None:
        lab = Lab(tmp_path)
        path, run = lab.config("child", evaluations=30)
        done = _under_mpirun(lab, "-c", CHILD, run, path, "--alone")
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("done 2") == 2
        assert [count(run.with_name(f"child{rank}")) for rank in (0, 1)] == [30, 30]
        assert len(list(tmp_path.glob("child?/*.csv"))) == 2

    @pytest.mark.slow
    @pytest.mark.fault("F59")
    @pytest.mark.integration
    def test_children_of_ranks_are_recognised(self, tmp_path: Path) -> None:
        lab = Lab(tmp_path)
        path, run = lab.config("child", evaluations=30)
        done = _under_mpirun(lab, "-c", CHILD, run, path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert [count(run.with_name(f"child{rank}")) for rank in (0, 1)] == [30, 30]

    @pytest.mark.fault("F59")
    @pytest.mark.integration
    def test_a_program_in_between_that_cuts_ranks_off_is_named(self, tmp_path: Path) -> None:
        lab = Lab(tmp_path)
        path, run = lab.config("between", evaluations=30)
        done = _under_mpirun(lab, "-c", BETWEEN, "scan", path, "-q")
        assert done.stdout.count("passed a rank's variables on, but not its connection") == 2, done.stdout
        assert "Abort" not in done.stdout + done.stderr
        assert not run.exists()

    @pytest.mark.slow
    @pytest.mark.fault("F59")
    @pytest.mark.integration
    def test_tasks_of_mpi4py_futures_work_alone(self, tmp_path: Path) -> None:
        lab = Lab(tmp_path)
        path, run = lab.config("task", evaluations=30)
        (tmp_path / "futures.py").write_text(FUTURES)
        outputs = [run.with_name(f"task{i}") for i in range(3)]
        done = _under_mpirun(lab, "-m", "mpi4py.futures", tmp_path / "futures.py", path, *outputs)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "[30, 30, 30] 30" in done.stdout

    @pytest.mark.fault("F59")
    @pytest.mark.integration
    @pytest.mark.parametrize(
        ("variables", "threads"),
        [({}, 1), pytest.param({"OMP_NUM_THREADS": "2"}, 2, marks=pytest.mark.slow)],
    )
    def test_ranks_use_one_thread_unless_told_otherwise(
        self, variables: dict[str, str], threads: int, tmp_path: Path
    ) -> None:
        done = _under_mpirun(Lab(tmp_path), "-c", THREADS, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        counts = {int(word.strip(" ,]}")) for word in done.stdout.split() if word.strip(" ,]}").isdigit()}
        # Numerical libraries start no more threads than there are cores.
        assert counts == {min(threads, os.cpu_count() or 1)}, done.stdout
