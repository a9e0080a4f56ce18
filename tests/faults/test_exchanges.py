"""Ranks that are stopped, slowed or killed wherever they meet the others: before they have met, and after it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.scan_processes import MPIRUN, PATIENCE, Lab, assert_same_rows, count, relatives, until
from support.troubled_ranks import TROUBLE

from terranova.store.manifest import MANIFEST

pytestmark = [
    pytest.mark.mpi,
    pytest.mark.integration,
    pytest.mark.xdist_group("mpi"),
    pytest.mark.skipif(MPIRUN is None, reason="no mpirun on this machine"),
]

SAMPLERS = ("random", "sobol", "lhs", "cmaes", "cmaes-novelty", "de", "ensemble", "nsga2", "explorer", "tpe")
BUDGET = 120


def _run(lab: Lab, *words: object, ranks: int, trouble: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    start = [str(MPIRUN), "-n", str(ranks)] if ranks > 1 else []
    return subprocess.run(
        [*start, sys.executable, "-P", "-m", "support.troubled_ranks", *map(str, words), "-q"],
        env={**lab.environment, TROUBLE: json.dumps(trouble)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def _undisturbed(lab: Lab, sampler: str, **words: Any) -> Path:
    path, run = lab.config("whole", sampler=sampler, evaluations=BUDGET, **words)
    done = lab.run("scan", path, "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    return run


def _every_sampler(*fast: str) -> list[Any]:
    return [pytest.param(name, marks=[] if name in fast else [pytest.mark.slow]) for name in SAMPLERS]


@pytest.mark.fault("F61")
@pytest.mark.parametrize("sampler", _every_sampler("cmaes-novelty"))
@pytest.mark.parametrize(
    ("deed", "ranks", "parallel"),
    [
        ("pause", 2, ""),
        pytest.param("slow", 3, "", marks=pytest.mark.slow),
        pytest.param("pause", 3, "mode: evaluations", marks=pytest.mark.slow),
    ],
)
def test_ranks_that_stop_for_a_while_or_are_slow_change_no_row(
    tmp_path: Path, deed: str, ranks: int, parallel: str, sampler: str
) -> None:
    lab = Lab(tmp_path)
    whole = _undisturbed(lab, sampler)
    path, run = lab.config("troubled", sampler=sampler, evaluations=BUDGET, parallel=parallel)
    done = _run(lab, "scan", path, ranks=ranks, trouble={"deed": deed, "places": str(tmp_path / "places")})
    assert done.returncode == 0, done.stdout + done.stderr
    assert min(int(p.read_text()) for p in tmp_path.glob("places-*")) > 5, "there was trouble at all"
    assert_same_rows(run, whole)


def _killed_again_and_again(lab: Lab, sampler: str, victim: int, places: list[int], parallel: str = "") -> None:
    """Kill a rank at one place, resume and kill it at the next one, ..., on two ranks and three in turn."""
    whole = _undisturbed(lab, sampler)
    path, run = lab.config("killed", sampler=sampler, evaluations=BUDGET, parallel=parallel)
    acknowledged = lab.folder / "acknowledged"
    acknowledged.touch()
    for session, place in enumerate(places):
        command = ("resume", run) if (run / MANIFEST).exists() else ("scan", path)
        trouble = {"deed": "SIGKILL", "rank": victim, "at": [place], "acknowledged": str(acknowledged)}
        done = _run(lab, *command, ranks=2 + session % 2, trouble=trouble)
        until(lambda: not relatives(run), "no process is left")
        assert count(run) >= sum(map(int, acknowledged.read_text().split())), "what was acknowledged is stored"
        if done.returncode == 0:  # it has fewer places than that
            break
        assert done.returncode in (9, 137), f"place {place}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
    done = lab.run("resume", run, "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    assert_same_rows(run, whole)


@pytest.mark.fault("F61")
def test_a_rank_killed_at_an_exchange_costs_no_row(tmp_path: Path) -> None:
    _killed_again_and_again(Lab(tmp_path), "cmaes-novelty", 1, [19, 24])


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.fault("F61")
@pytest.mark.parametrize("victim", [0, 1])
@pytest.mark.parametrize("parallel", ["", "mode: evaluations"])
def test_a_rank_killed_at_every_exchange_costs_no_row(tmp_path: Path, victim: int, parallel: str) -> None:
    _killed_again_and_again(Lab(tmp_path), "cmaes-novelty", victim, list(range(200)), parallel)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.fault("F61")
@pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name != "cmaes-novelty"])
def test_a_rank_killed_at_exchanges_of_every_sampler_costs_no_row(tmp_path: Path, sampler: str) -> None:
    number = SAMPLERS.index(sampler)
    _killed_again_and_again(Lab(tmp_path), sampler, number % 2, list(range(15 + number % 3, 200, 5)))


@pytest.mark.fault("F61", "F26")
@pytest.mark.parametrize(
    ("victim", "place", "parallel"),
    [
        (1, 15, ""),  # it has met the others, and they wait for what it sends
        pytest.param(0, 15, "", marks=pytest.mark.slow),
        pytest.param(0, 14, "", marks=pytest.mark.slow),
        pytest.param(1, 15, ", mode: evaluations", marks=pytest.mark.slow),
        pytest.param(0, 12, ", mode: evaluations", marks=pytest.mark.slow),
    ],
)
def test_a_rank_that_stops_for_good_at_an_exchange_is_found_out(
    tmp_path: Path, victim: int, place: int, parallel: str
) -> None:
    lab = Lab(tmp_path)
    path, run = lab.config(
        "stopped", sampler="cmaes-novelty", evaluations=BUDGET, parallel=f"patience: 5{parallel}"
    )
    trouble = {"deed": "SIGSTOP", "rank": victim, "at": [place], "places": str(tmp_path / "places")}
    done = _run(lab, "scan", path, ranks=2, trouble=trouble)
    assert done.returncode == 6, done.stdout + done.stderr
    assert (tmp_path / f"places-{victim}").read_text() == str(place + 1), "that is where it was"
    assert f"no sign of life for 5 s from rank {victim} (process " in done.stderr
    until(lambda: not relatives(run), "no process is left")
    done = lab.run("resume", run, "-q")
    assert done.returncode == 0, done.stderr
    assert count(run) == BUDGET
