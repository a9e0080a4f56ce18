"""Killed at any moment and resumed, a scan ends with the rows of one that was never killed: every sampler."""

from __future__ import annotations

import itertools
import multiprocessing
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from support import misbehaving_plugins as naughty
from support.scan_processes import MPIRUN, PATIENCE, Lab, assert_same_rows, count, scan_here

import terranova
from terranova.registry import registry
from terranova.store.checkpoint import CHECKPOINTS

SAMPLERS = registry().names("sampler")
EVALUATIONS = 300

mpi = [
    pytest.mark.mpi,
    pytest.mark.xdist_group("mpi"),
    pytest.mark.skipif(MPIRUN is None, reason="no mpirun on this machine"),
]


def _in_child(directory: Path, sampler: str, points: int | None = None, *, often: bool = False) -> int:
    """Do it in a child, which kills itself after so many new points; return its exit code."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["terranova.engine.session", "support.scan_processes", "support.misbehaving_plugins", "pyarrow.dataset"]
    )
    deed = None if points is None else {"deed": "SIGKILL", "points": points}
    child = context.Process(target=scan_here, args=(str(directory), sampler, EVALUATIONS, deed, often))
    child.start()
    child.join(PATIENCE)
    assert child.exitcode is not None, "it hangs"
    return child.exitcode


def _killed(directory: Path, sampler: str, stored: list[int], *, often: bool = False) -> None:
    """Kill a scan whenever about so many points are stored, and resume it; then let it end."""
    for target in stored:
        code = _in_child(directory, sampler, max(2, target - count(directory)), often=often)
        assert code == -signal.SIGKILL, "it should have been killed"
        assert count(directory) < EVALUATIONS
    assert _in_child(directory, sampler, often=often) == 0


STAGES = (50, 10, 70, 30, 90)
ALIKE = {"cmaes", "de", "ensemble", "gp-active", "lhs", "nsga3", "optuna", "random", "sobol", "tpe", "xgb-active"}
"""Samplers whose state is kept like that of another, or that take long; left to `make faults`."""


@pytest.mark.fault("F14")
@pytest.mark.parametrize(
    ("sampler", "percent"),
    [
        pytest.param(name, percent, marks=[pytest.mark.slow] * (name in ALIKE))
        for name, percent in zip(SAMPLERS, itertools.cycle(STAGES), strict=False)
    ],
)
def test_killed_and_resumed_equals_never_killed(tmp_path: Path, sampler: str, percent: int) -> None:
    assert _in_child(tmp_path / "whole", sampler) == 0
    # Checkpoints at every exchange, so that what is resumed from is a state and not only the store.
    _killed(tmp_path / "killed", sampler, [EVALUATIONS * percent // 100], often=True)
    assert_same_rows(tmp_path / "killed", tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.fault("F14")
@pytest.mark.parametrize("often", [True, False], ids=["checkpoints", "replay"])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_killed_at_every_stage_and_resumed_equals_never_killed(tmp_path: Path, sampler: str, often: bool) -> None:
    assert _in_child(tmp_path / "whole", sampler) == 0
    for percent in STAGES:
        at = EVALUATIONS * percent // 100
        for name, stored in (("once", [at]), ("twice", [at, at])):
            directory = tmp_path / f"{name}-{percent}"
            _killed(directory, sampler, stored, often=often)
            assert_same_rows(directory, tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.fault("F14", "F15")
@pytest.mark.parametrize("sampler", [pytest.param(name, marks=mpi) for name in SAMPLERS])
def test_killed_on_one_two_and_three_ranks_in_turn(tmp_path: Path, sampler: str) -> None:
    lab = Lab(tmp_path)
    path, whole = lab.config("whole", sampler=sampler, evaluations=EVALUATIONS)
    assert lab.run("scan", path, "-q").returncode == 0
    path, killed = lab.config("killed", sampler=sampler, evaluations=EVALUATIONS)
    words: tuple[object, ...] = ("scan", path, "-q")
    for percent, ranks in ((10, 2), (30, 3), (50, 1), (70, 3), (90, 2)):
        new = max(2, (EVALUATIONS * percent // 100 - count(killed)) // ranks)
        done = lab.run(*words, ranks=ranks, deed={"deed": "SIGKILL", "points": new, "rank": ranks - 1})
        assert done.returncode in (-signal.SIGKILL, signal.SIGKILL, 128 + signal.SIGKILL), done.stdout + done.stderr
        if (killed / "manifest.json").exists():
            words = ("resume", killed, "-q")
    done = lab.run("resume", killed, "-q", ranks=3)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_same_rows(killed, whole)


# -- where the model runs


@pytest.mark.fault("F15")
@pytest.mark.mpi
@pytest.mark.xdist_group("mpi")
@pytest.mark.skipif(MPIRUN is None, reason="no mpirun on this machine")
@pytest.mark.parametrize(
    ("ranks", "parallel"),
    [
        pytest.param(2, "mode: islands", marks=pytest.mark.slow),
        pytest.param(3, "mode: evaluations", marks=pytest.mark.slow),
        pytest.param(1, "executor: processes, workers: 2", marks=pytest.mark.slow),
        (2, "mode: islands, executor: processes, timeout: 60"),
    ],
)
def test_rows_do_not_depend_on_ranks_or_on_where_the_model_runs(tmp_path: Path, ranks: int, parallel: str) -> None:
    lab = Lab(tmp_path)
    words: dict[str, Any] = {"sampler": "cmaes-novelty", "model": "toy-naughty-point", "evaluations": 240}
    for name, on, where in (("serial", 1, "isolation: none"), ("other", ranks, parallel)):
        path, _ = lab.config(name, parallel=where, **words)
        done = lab.run("scan", path, "-q", ranks=on)
        assert done.returncode == 0, done.stdout + done.stderr
    assert count(tmp_path / "serial") == 240
    assert_same_rows(tmp_path / "other", tmp_path / "serial")


@pytest.mark.slow
@pytest.mark.fault("F14", "F15")
@pytest.mark.mpi
@pytest.mark.xdist_group("mpi")
@pytest.mark.skipif(MPIRUN is None, reason="no mpirun on this machine")
@pytest.mark.parametrize("percent", [10, 30, 50, 70, 90])
def test_a_killed_run_goes_on_with_another_executor(tmp_path: Path, percent: int) -> None:
    lab = Lab(tmp_path)
    words: dict[str, Any] = {"sampler": "cmaes-novelty", "model": "toy-naughty-point", "evaluations": 240}
    path, whole = lab.config("whole", parallel="executor: serial", **words)
    assert lab.run("scan", path, "-q").returncode == 0
    path, killed = lab.config("killed", parallel="executor: serial", **words)
    lab.run("scan", path, "-q", deed={"deed": "SIGKILL", "points": 240 * percent // 100})
    other = lab.config("other", parallel="executor: processes, workers: 2", **words)[0]
    done = lab.run("resume", killed, other, "-q", ranks=2)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_same_rows(killed, whole)


# -- the checkpoint


def _delete(path: Path) -> None:
    path.unlink()


def _tear(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


@pytest.fixture(scope="module")
def whole_and_killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, and one that was killed after some checkpoints."""
    folder = tmp_path_factory.mktemp("runs")
    assert _in_child(folder / "whole", "cmaes-novelty") == 0
    assert _in_child(folder / "killed", "cmaes-novelty", EVALUATIONS * 9 // 10, often=True) == -signal.SIGKILL
    return folder


@pytest.mark.fault("F16")
@pytest.mark.parametrize("every", [False, True], ids=["newest", "all"])
@pytest.mark.parametrize("damage", [_delete, _tear, _flip])
def test_a_damaged_checkpoint_costs_a_warning_and_a_replay(
    tmp_path: Path, whole_and_killed: Path, damage: Any, every: bool, caplog: pytest.LogCaptureFixture
) -> None:
    whole, killed = whole_and_killed / "whole", tmp_path / "killed"
    shutil.copytree(whole_and_killed / "killed", killed)
    newest = sorted((killed / CHECKPOINTS).glob("*.npz"), reverse=True)
    assert len(newest) == 2
    for path in newest if every else newest[:1]:
        damage(path)
    shared = registry()
    before = list(shared.plugins)
    shared.register(naughty, name="naughty", origin="tests")
    try:
        terranova.resume(killed, quiet=True)
    finally:
        shared.plugins[:] = before
    assert_same_rows(killed, whole)
    warnings = [r for r in caplog.records if r.levelname == "WARNING"]
    damaged = 0 if damage is _delete else 2 if every else 1
    assert len(warnings) == damaged
    assert all("damaged" in r.message for r in warnings)
