"""Comparisons that are killed: the same command again ends with the same results, whatever died, and when."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.scan_processes import Lab, count, relatives, until
from support.sudden_deaths import all_gone, cut_short, timed

from terranova.store.lock import RunLock

pytestmark = pytest.mark.integration

COMPARISON = """
samplers: [random, cmaes]
problems: [{{model: toy-naughty, constraints: [toy-wide]}}]
budget: {{evaluations: {evaluations}}}
seeds: {seeds}
workers: 2
"""
ONE_BY_ONE = "{name: random, islands: 1, batch: 100}"
SECONDS = ("seconds", "sampler_us", "model_us")


def _comparison(folder: Path, evaluations: int, seeds: int) -> Path:
    file = folder / "comparison.yaml"
    file.write_text(COMPARISON.format(evaluations=evaluations, seeds=seeds))
    return file


def _results(directory: Path) -> dict[str, Any]:
    """Return what was measured, without what depends on the clock."""
    found: dict[str, Any] = {}
    for path in sorted(directory.rglob("trial.json")):
        numbers = json.loads(path.read_text())
        with np.load(path.with_name("trial.npz")) as arrays:
            content = {name: arrays[name].tolist() for name in arrays.files}
        found[str(path.relative_to(directory))] = {k: v for k, v in numbers.items() if k not in SECONDS}, content
    return found


def _no_halves(directory: Path) -> None:
    assert not [path for path in directory.rglob("*") if path.suffix == ".tmp" or path.name == "run"]
    for name in ("summary.csv", "trials.csv", "comparison.html"):
        assert (directory / name).stat().st_size > 0


def _attack(tmp_path: Path, evaluations: int, numbers: list[signal.Signals], *, everything: bool) -> None:
    lab = Lab(tmp_path)
    file = _comparison(tmp_path, evaluations, 2)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    seconds = timed(lambda: lab.run("compare", file, "--output", whole, "-q"))
    folder = cut if everything else None
    cut_short(lambda: lab.start("compare", file, "--output", cut, "-q"), seconds, numbers, 62, folder=folder)
    done = lab.run("compare", file, "--output", cut, "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    assert _results(cut) == _results(whole)
    assert len(_results(cut)) == 4
    _no_halves(cut)
    all_gone(cut)


@pytest.mark.slow
@pytest.mark.fault("F62")
def test_a_comparison_killed_and_started_again_at_once_has_the_same_results(tmp_path: Path) -> None:
    _attack(tmp_path, 600, [signal.SIGKILL, signal.SIGTERM], everything=False)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.fault("F62")
@pytest.mark.parametrize("everything", [False, True], ids=["command", "job"])
def test_a_comparison_killed_at_twenty_moments_has_the_same_results(tmp_path: Path, everything: bool) -> None:
    numbers = [signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGINT] * 4
    _attack(tmp_path, 20_000, numbers, everything=everything)


@pytest.mark.slow
@pytest.mark.fault("F62")
def test_a_trial_whose_process_dies_often_but_gets_on_is_no_failure(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    file, directory = tmp_path / "comparison.yaml", tmp_path / "often"
    file.write_text(COMPARISON.format(evaluations=1500, seeds=1).replace("random, cmaes", ONE_BY_ONE))
    process = lab.start("compare", file, "--output", directory, "-q", deed={"nap": 0.1})
    run = directory / "trials" / "toy-naughty" / "random" / "seed-1" / "run"
    for points in (100, 500, 900):
        until(lambda points=points: count(run) >= points, "the trial gets on", process=process)  # type: ignore[misc]
        for pid in relatives(directory):
            if pid != process.pid:
                os.kill(pid, signal.SIGKILL)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, out + err
    ((numbers, _),) = _results(directory).values()
    assert numbers["evaluations"] == 1500


@pytest.mark.slow
@pytest.mark.fault("F62")
def test_a_trial_that_gets_nowhere_is_given_up(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    file = tmp_path / "comparison.yaml"
    file.write_text(COMPARISON.format(evaluations=900, seeds=1).replace("random, cmaes", ONE_BY_ONE))
    lab.environment |= lab.with_deed({"deed": "SIGKILL", "points": 1})
    done = lab.run("compare", file, "--output", tmp_path / "never", "-q")
    assert done.returncode == 0, done.stderr
    assert "its process died 2 times without a new point" in done.stdout
    all_gone(tmp_path / "never")


@pytest.mark.slow
@pytest.mark.fault("F62")
def test_trials_that_others_are_at_are_waited_for(tmp_path: Path) -> None:
    """As after a kill: a worker of the first start is not gone yet when the second one has done all the rest."""
    lab = Lab(tmp_path)
    file, directory = _comparison(tmp_path, 100, 1), tmp_path / "held"
    lock = RunLock(directory / "trials" / "toy-naughty" / "random" / "seed-1")
    process = lab.start("compare", file, "--output", directory, "-q")

    def let_go() -> None:
        until(lambda: list(directory.rglob("trial.json")), "the other trial is done", process=process)
        lock.release()

    thread = threading.Thread(target=let_go)
    thread.start()
    out, err = process.communicate(timeout=240)
    thread.join()
    assert process.returncode == 0, out + err
    assert len(_results(directory)) == 2, "both were done in the end"
