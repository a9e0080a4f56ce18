"""Clocks that jump, and wrong clocks of other hosts: no number, no deadline, no sign of life depends on them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.jumping_clock import jumping, let_clocks_jump
from support.scan_processes import MPIRUN, PATIENCE, Lab, assert_same_rows, count
from support.troubled_ranks import TROUBLE

import terranova
from terranova import Status

__all__ = ["jumping"]

pytestmark = pytest.mark.integration

on_ranks = [
    pytest.mark.mpi,
    pytest.mark.xdist_group("mpi"),
    pytest.mark.skipif(MPIRUN is None, reason="no mpirun on this machine"),
]

FIT = """
model: {{name: fit-mixture, free: 2, peaks: 1}}
constraints: [fit-density]
seed: 3
best: {{starts: 2, generations: 40}}
{steps}
output: {output}
"""
COMPARISON = """
samplers: [random, cmaes]
problems: [{model: toy-naughty, constraints: [toy-wide]}]
budget: {evaluations: 2000}
seeds: 2
workers: 2
"""


def _fit(lab: Lab, output: Path, steps: str) -> dict[str, Any]:
    file = output.with_suffix(".yaml")
    file.write_text(FIT.format(steps=steps, output=output))
    done = lab.run("fit", file, "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((output / "fit.json").read_text())
    assert 0.0 <= found.pop("seconds") < 3000.0, "an hour back, or two, would show"
    return found


@pytest.mark.fault("F64")
@pytest.mark.parametrize(
    "steps",
    [
        pytest.param("mcmc: {lengths: 5, steps: 100}", marks=pytest.mark.slow),
        pytest.param("nested: {live: 100}", marks=pytest.mark.slow),
        pytest.param("profile: [{p0: null, bins: 5}]\nsurrogate: {}", marks=pytest.mark.slow),
    ],
    ids=["mcmc", "nested", "surrogate"],
)
def test_a_fit_does_not_depend_on_the_clock(tmp_path: Path, steps: str) -> None:
    lab = Lab(tmp_path, modules=("support.fit_problems",))
    expected = _fit(lab, tmp_path / "straight", steps)
    let_clocks_jump(lab)
    assert _fit(lab, tmp_path / "jumping", steps) == expected
    assert terranova.open(tmp_path / "jumping").manifest.created.startswith("1979-"), "the clock did jump"


@pytest.mark.slow
@pytest.mark.fault("F64")
def test_a_comparison_does_not_depend_on_the_clock(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    file = tmp_path / "comparison.yaml"
    file.write_text(COMPARISON)
    found = []
    for name in ("straight", "jumping"):
        done = lab.run("compare", file, "--output", tmp_path / name, "-q")
        assert done.returncode == 0, done.stderr
        trials = [json.loads(path.read_text()) for path in sorted((tmp_path / name).rglob("trial.json"))]
        for trial in trials:
            assert all(0.0 <= trial.pop(word) < 1e9 for word in ("seconds", "sampler_us", "model_us"))
        found.append(trials)
        let_clocks_jump(lab)
    assert found[0] == found[1]
    assert len(found[0]) == 4


@pytest.mark.slow
@pytest.mark.fault("F64")
def test_deadlines_of_points_do_not_depend_on_the_clock(jumping: Lab) -> None:
    """Nothing is late because an hour has passed at once, and what hangs is, though the clock goes back."""
    words = {"model": "toy-naughty-point", "islands": 1, "evaluations": 40}
    path, run = jumping.config("quick", parallel="isolation: process, timeout: 50m", **words)
    assert jumping.run("scan", path, "-q").returncode == 0
    assert Status.TIMEOUT not in set(terranova.open(run).to_pandas()["status"])
    path, run = jumping.config("hangs", parallel="isolation: process, timeout: 1s", **words)
    done = jumping.run(
        "scan", path, "-q", deed={"deed": "hang", "points": 20, "once": str(jumping.folder / "once")}
    )
    assert done.returncode == 0, done.stderr
    status = terranova.open(run).to_pandas()["status"]
    assert (status == Status.TIMEOUT).sum() >= 1
    assert count(run) == 40


@pytest.mark.slow
@pytest.mark.fault("F64")
@pytest.mark.parametrize("_", [pytest.param(0, marks=on_ranks)], ids=[""])
def test_a_supervised_scan_does_not_depend_on_the_clock(jumping: Lab, _: int) -> None:
    path, whole = jumping.config("whole", sampler="cmaes-novelty")
    assert Lab(jumping.folder).run("scan", path, "-q").returncode == 0
    path, run = jumping.config("launched", sampler="cmaes-novelty")
    deed = {"deed": "SIGKILL", "rank": 1, "points": 100, "once": str(jumping.folder / "once")}
    done = jumping.run("launch", "-n", 2, path, "-q", "--pause", "0.1", deed=deed)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_same_rows(run, whole)


@pytest.mark.slow
@pytest.mark.fault("F64")
@pytest.mark.parametrize(
    "skews",
    [pytest.param(skews, marks=on_ranks) for skews in ([[0], [-7200]], [[0], [7200]], [[0, -7200, 7200]] * 2)],
)
def test_signs_of_life_dated_by_wrong_clocks_are_signs_of_life(tmp_path: Path, skews: list[list[float]]) -> None:
    """Rank 0 waits for rank 1 for longer than the patience, and rank 1 lives, on a host with a clock of its own."""
    lab = Lab(tmp_path)
    path, run = lab.config("skewed", evaluations=60, islands=3, epoch=20, parallel="patience: 8")
    done = subprocess.run(
        [str(MPIRUN), "-n", "2", sys.executable, "-P", "-m", "support.troubled_ranks", "scan", str(path), "-q"],
        env={**lab.with_deed({"nap": 0.8, "rank": 1, "points": 10**9}), TROUBLE: json.dumps({"skews": skews})},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert count(run) == 60
