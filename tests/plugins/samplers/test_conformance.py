"""What every registered sampler must do, whatever its algorithm."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from support import analytic_problems as problems

from terranova.evaluation.problem import Problem
from terranova.interfaces.batch import Batch
from terranova.interfaces.sampler import Archipelago
from terranova.registry import registry
from terranova.testing import sampler_checks
from terranova.testing.samplers import Check

SMALL: dict[str, tuple[dict[str, Any], int]] = {
    "tpe": ({"batch": 4, "startup": 8, "max_history": 30}, 60),
    "optuna": ({"batch": 4, "max_history": 30, "n_startup_trials": 8, "multivariate": True}, 60),
    "optuna:QMCSampler": ({"batch": 4, "scramble": True}, 60),
    "gp-active": ({"startup": 12, "batch": 6, "max_points": 20, "pool": 128, "memory": 60}, 120),
    "xgb-active": ({"startup": 24, "batch": 12, "max_points": 60, "pool": 96, "memory": 120}, 240),
}
"""Options and points with which slow samplers go through all they do (forgetting, starting anew) in little time."""

QUICK = {"points_lie_in_the_cube", "restored_sampler_goes_on"}
"""Rules of which `make test` asks xgb-active, whose models take longest to train; `make test-slow` asks all."""

NAMES = sorted({*registry().names("sampler"), "optuna:QMCSampler"} - {"darts"})
CHECKS = [
    pytest.param(
        check,
        id=f"{name}-{check}",
        marks=[pytest.mark.slow] * (name == "xgb-active" and str(check) not in QUICK),
    )
    for name in NAMES
    for check in sampler_checks(name, options=SMALL.get(name, ({}, 0))[0], points=SMALL.get(name, ({}, 1000))[1])
]


@pytest.mark.parametrize("check", CHECKS)
def test_it_keeps_the_rules(check: Check) -> None:
    check()


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problems.isles()


def make(name: str, problem: Problem, seed: int = 1, islands: tuple[int, ...] = (0, 1, 2)) -> Archipelago:
    kind = registry().get("sampler", name).target
    return problems.archipelago(kind, problem.search_space, seed, islands)


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("random", {"batch": 0}),
    ("sobol", {"batch": 12}),
    ("cmaes", {"popsize": 3}),
    ("cmaes", {"loss": "sum"}),
    ("cmaes-novelty", {"sigma0": -1.0}),
    ("cmaes-novelty", {"patience": 0}),
    ("cmaes-novelty", {"focus": "parameter"}),
    ("cmaes-novelty", {"observables": ["rong0"]}),
    ("lhs", {"batch": 0}),
    ("de", {"strategy": "best2bin"}),
    ("de", {"popsize": 4}),
    ("de", {"mutation_low": 1.5}),
    ("de", {"recombination": 1.1}),
    ("ensemble", {"walkers": 30}),
    ("ensemble", {"stretch": 1.0}),
    ("ensemble", {"target": "posteriors"}),
    ("nsga2", {"objectives": "group"}),
    ("nsga2", {"popsize": 6}),
    ("nsga3", {"objectives": {"ring9": "min"}}),
    ("nsga3", {"objectives": {"ring0": "minimum"}}),
    ("nsga3", {"patience": 0}),
    ("tpe", {"batch": 0}),
    ("tpe", {"candidates": 0}),
    ("optuna", {"sampler": "TPE"}),
    ("optuna", {"multivariat": True}),
    ("optuna", {"max_history": 8}),
    ("gp-active", {"target": "loglikelihood"}),
    ("gp-active", {"aim": "edge"}),
    ("gp-active", {"level": 0.0}),
    ("gp-active", {"memory": 100}),
    ("xgb-active", {"target": "chi2"}),
    ("xgb-active", {"pool": 64}),
    ("xgb-active", {"anywhere": 1.0}),
]


@pytest.mark.parametrize(("name", "options"), WRONG)
def test_wrong_options_are_refused_by_name(name: str, options: dict[str, Any], problem: Problem) -> None:
    kind = registry().get("sampler", name).target
    with pytest.raises(ValueError, match=next(iter(options)).rstrip("s")):
        problems.archipelago(kind, problem.search_space, 1, (0,), **options)


def test_sobol_fills_the_cube_evenly(problem: Problem) -> None:
    u = make("sobol", problem, islands=(0,)).ask().u
    counts = np.stack([np.bincount((column * 64).astype(int), minlength=64) for column in u.T])
    assert np.all(counts == 1)


def test_offering_the_samplers_loads_nothing_heavy() -> None:
    code = (
        "import sys; import terranova.plugins.samplers as s, terranova.plugins.novelty as n;"
        "s.terranova_samplers(); n.terranova_novelty_detectors();"
        "heavy = ('cma', 'numba', 'optuna', 'pymoo', 'scipy', 'sklearn');"
        "print([m for m in heavy if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def run_until_valid(problem: Problem, sampler: Archipelago, budget: int) -> float:
    """Return the number of evaluations up to the first valid point, inf when the budget is not enough."""
    spent, found = 0, math.inf

    def watch(batch: Batch) -> bool:
        nonlocal spent, found
        if batch.valid.any():
            found = spent + int(np.argmax(batch.valid)) + 1
        spent += len(batch)
        return math.isfinite(found) or spent >= budget

    problems.run(problem, sampler, budget, watch=watch)
    return found


@pytest.mark.parametrize("name", ["cmaes", "cmaes-novelty"])
def test_a_valid_point_of_a_hundred_trillionth_is_found(name: str, problem: Problem) -> None:
    """1.5e-16 of the cube is valid; one island alone needs about a thousand points."""
    model = problem.model.plugin
    assert isinstance(model, problems.Isles)
    assert 1e-16 < model.volume < 2e-16
    found = [run_until_valid(problem, make(name, problem, seed, (0,)), 6000) for seed in range(5)]
    assert max(found) <= 6000
    assert np.median(found) <= 2000
