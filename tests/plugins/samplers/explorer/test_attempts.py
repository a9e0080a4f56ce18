"""Attempts: the subproblem is solved exactly; valleys are entered, walls seen, what goes nowhere is given up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import lsq_linear, minimize
from support import analytic_problems as problems

import terranova
from terranova.evaluation.bound_model import BoundModel
from terranova.evaluation.problem import Problem
from terranova.interfaces.constraint_kinds import Function, Window
from terranova.interfaces.constraint_set import ConstraintSet
from terranova.interfaces.model import Model, Observable
from terranova.interfaces.parameters import Parameter
from terranova.interfaces.priors import LogUniform, Uniform
from terranova.plugins.samplers.explorer.attempts import NO_AXIS, SAMPLE, Attempts, Terms
from terranova.plugins.samplers.explorer.pins import HELD
from terranova.plugins.samplers.explorer.rows import Rows
from terranova.plugins.samplers.explorer.sampler import Explorer
from terranova.plugins.samplers.explorer.solver import FREE, PROMOTED, Solver
from terranova.plugins.samplers.explorer.strata import Strata
from terranova.plugins.samplers.explorer.tree import OVER, Told
from terranova.types import Floats


class Valley(Model):
    """A cancellation: y must equal x^2 / t to a relative accuracy that falls with t squared."""

    name = "valley"
    parameters = tuple(Parameter(n, LogUniform(1e-2, 1e2)) for n in ("t", "x", "y"))
    observables = (Observable("rest"), Observable("size"))

    def evaluate(self, points: Any) -> Any:
        t, x, y = (points[n] for n in ("t", "x", "y"))
        return {"rest": t**2 * (y - x**2 / t) / x**2, "size": x}


def valley() -> Problem:
    rest = Window(name="rest", observables=("rest",), source="theory: a test", lower=-1e-2, upper=1e-2)
    size = Window(name="size", observables=("size",), source="theory: a test", lower=0.5)
    return Problem(BoundModel(Valley()), [ConstraintSet("valley", (rest, size))])


def solve(
    problem: Problem, attempts: Attempts, start: Floats, held: int = NO_AXIS, terms: Terms = HELD
) -> tuple[Floats, int]:
    """Make an attempt from a point (d,); return what it found (n, d), and what it cost."""
    attempts.begin(0, start[None], terms, np.random.default_rng(1), held)
    found, spent = np.zeros((0, len(start))), 0
    while attempts.stage[0] != OVER:
        u, probe = attempts.ask([0])[0]
        assert ((u >= 0.0) & (u <= 1.0)).all()
        batch = problems.evaluate(problem, u, np.zeros(len(u), dtype=np.int64))
        good = batch.valid & ~probe
        spent += len(u)
        found = u[good]
        nothing = np.zeros(len(u))
        told = Told(u, attempts.rows.of(batch), batch.valid, good, nothing, nothing.astype(np.int64))
        attempts.tell({0: told})
    return found, spent


def test_a_parameter_is_held_and_the_others_follow_the_valley() -> None:
    problem = valley()
    space = problem.search_space
    attempts = Attempts(Rows(space), space.periodic, 1)
    known = problem.model.space.to_unit(np.array([[0.1, 2.0, 40.0]]))[0]
    for place in (0.4, 0.6, 0.8, 0.85):  # each from the last: the valley gets narrower, to a hundredth
        known[0] = place
        found, spent = solve(problem, attempts, known, 0)
        assert attempts.solved[0]
        assert (found[:, 0] == place).all()
        assert spent < 100 + SAMPLE
        known = found[0].copy()


def test_an_attempt_ends_where_nothing_that_may_move_helps() -> None:
    problem = valley()
    space = problem.search_space
    attempts = Attempts(Rows(space), space.periodic, 1)
    _, spent = solve(problem, attempts, np.array([0.4, 0.1, 0.5]), 1)  # x is held below its limit
    assert not attempts.solved[0]
    assert spent == SAMPLE + 1 + 2


class Walled(Model):
    """Two numbers that must both be small, and a wall across the straight way."""

    name = "walled"
    parameters = tuple(Parameter(n, Uniform(0.0, 1.0)) for n in ("x", "y"))
    observables = (Observable("x_seen"), Observable("y_seen"))

    def evaluate(self, points: Any) -> Any:
        return {"x_seen": points["x"], "y_seen": points["y"]}


def walled(wall: bool) -> Problem:
    constraints: list[Any] = [
        Window(name=f"{n}_seen", observables=(f"{n}_seen",), source="theory: a test", upper=0.1) for n in ("x", "y")
    ]
    if wall:  # where 0.15 < x < 0.6, y must not exceed 0.2
        constraints.append(
            Function(
                name="wall",
                observables=("x_seen", "y_seen"),
                source="theory: a test",
                violation_of=lambda x, y: np.where((x > 0.15) & (x < 0.6), np.maximum(0.0, y - 0.2), 0.0),
            )
        )
    return Problem(BoundModel(Walled()), [ConstraintSet("walled", tuple(constraints))])


def test_a_wall_without_derivatives_is_learnt_from_the_steps_that_hit_it() -> None:
    costs = []
    for wall in (False, True):
        problem = walled(wall)
        space = problem.search_space
        rows = Rows(space)
        assert rows.clipped.tolist() == [False] * 2 + [True] * wall
        attempts = Attempts(rows, space.periodic, 1)
        _, spent = solve(problem, attempts, np.array([0.9, 0.9]), terms=FREE)
        assert attempts.solved[0]
        costs.append(spent)
    assert costs[0] <= costs[1] < costs[0] + 100


def run(problem: Problem, budget: int, seed: int) -> tuple[int, Solver]:
    """Solve until a point is valid or the budget is spent; return the evaluations, 0 without success."""
    space = problem.search_space
    rows = Rows(space)
    attempts = Attempts(rows, space.periodic, 1)
    solver, rng, spent = Solver(attempts, 1), np.random.default_rng(seed), 0
    while spent < budget:
        solver.begin(0, False, rng)
        while not solver.over(0):
            u, probe = attempts.ask([0])[0]
            batch = problems.evaluate(problem, u, np.zeros(len(u), dtype=np.int64))
            nothing = np.zeros(len(u))
            good = batch.valid & ~probe
            spent += len(u)
            solver.tell({0: Told(u, rows.of(batch), batch.valid, good, nothing, nothing.astype(np.int64))})
        if attempts.solved[0]:
            return spent, solver
    return 0, solver


@pytest.mark.integration
@pytest.mark.parametrize("name", ["valleys-train", "rugged-train", "coupled-train", "islands-40"])
def test_the_solver_finds_what_one_point_in_ten_to_the_ten_fulfils(name: str) -> None:
    problem = terranova.problem(name, [name])
    spent = [run(problem, 5000, seed)[0] for seed in range(3)]
    assert all(spent), spent


def test_a_problem_without_derivatives_is_left_to_others() -> None:
    problem = terranova.problem("stairs-train", ["stairs-train"])
    found, solver = run(problem, 400, 1)
    assert not found
    assert solver.share(0) == 0.1
    smooth = run(terranova.problem("isles16", ["isles16"]), 400, 1)[1]
    assert smooth.share(0) > 0.5


def test_the_best_end_of_short_attempts_is_where_a_long_one_begins() -> None:
    problem = terranova.problem("rugged-train", ["rugged-train"])
    space = problem.search_space
    attempts = Attempts(Rows(space), space.periodic, 1)
    solver, rng = Solver(attempts, 1), np.random.default_rng(1)
    solver.short[0] = 3
    solver.ends[0, :2] = [np.full(16, 0.2), np.full(16, 0.7)]
    solver.end_distance[0, :2] = [5.0, 3.0]
    solver.begin(0, False, rng)
    assert attempts.ask([0])[0][0][-1].tolist() == [0.7] * 16
    assert attempts.most_breakouts[0] == PROMOTED.breakouts
    attempts.stage[0] = OVER
    solver.begin(0, False, rng)
    assert attempts.most_breakouts[0] == FREE.breakouts
    assert solver.end_distance[0, :2].tolist() == [5.0, np.inf], "it is not begun from again"


def test_attempts_begin_where_the_model_suggests() -> None:
    problem = walled(False)
    space = replace(problem.search_space, seeds=lambda rng, n: np.tile([0.25, 0.75], (n, 1)))
    sampler = problems.archipelago(Explorer, space, 1, (0,), start="seeds", scouts=1)
    sampler.merge(sampler.pending())
    first = sampler.ask().u
    assert len(np.unique(first[:SAMPLE], axis=0)) == SAMPLE, "random ones, to learn the scales from"
    assert len(first) > SAMPLE
    assert (first[SAMPLE:] == [0.25, 0.75]).all()
    with pytest.raises(ValueError, match="seeds"):
        problems.archipelago(Explorer, problem.search_space, 1, (0,), start="seeds")


@pytest.mark.parametrize("seed", range(5))
def test_the_subproblem_is_solved_to_its_minimum(seed: int) -> None:
    from terranova.plugins.samplers.explorer.attempts_kernels import damped_step

    rng = np.random.default_rng(seed)
    r, d, damping = 9, 5, 10.0 ** rng.uniform(-6.0, 1.0)
    z, jacobian, weight = 3.0 * rng.standard_normal(r), rng.standard_normal((r, d)), rng.uniform(0.3, 3.0, r)
    low, high = np.full(r, -0.1), np.full(r, 0.1)
    low[:3], high[3:5] = -np.inf, np.inf
    z[-1] = np.nan  # not known: left out
    least, most = rng.uniform(-0.3, 0.0, d), rng.uniform(0.0, 0.3, d)

    def objective(s: Floats) -> tuple[float, Floats]:
        ahead = (z + jacobian @ s)[:-1]
        outside = weight[:-1] * (np.maximum(ahead - high[:-1], 0.0) + np.minimum(ahead - low[:-1], 0.0))
        gradient = jacobian[:-1].T @ (weight[:-1] * outside) + damping * s
        return float(0.5 * outside @ outside + 0.5 * damping * s @ s), gradient

    step = np.zeros(d)
    damped_step(z, jacobian, weight, low, high, damping, least, most, step)
    reference = minimize(
        objective, np.zeros(d), jac=True, bounds=list(zip(least, most, strict=True)), method="L-BFGS-B",
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 10_000},
    )  # fmt: skip
    assert ((step >= least) & (step <= most)).all()
    assert objective(step)[0] <= reference.fun * (1.0 + 1e-6)


def test_with_windows_of_no_width_it_is_least_squares_in_a_box() -> None:
    from terranova.plugins.samplers.explorer.attempts_kernels import damped_step

    rng = np.random.default_rng(7)
    z, jacobian = rng.standard_normal(6), rng.standard_normal((6, 4))
    step = np.zeros(4)
    damped_step(z, jacobian, np.ones(6), np.zeros(6), np.zeros(6), 1e-12, np.full(4, -0.3), np.full(4, 0.3), step)
    assert np.allclose(step, lsq_linear(jacobian, -z, bounds=(-0.3, 0.3), tol=1e-14).x, atol=1e-6)


def test_an_empty_bin_is_drawn_until_attempts_fail_in_it() -> None:
    strata, rng = Strata(2, 1), np.random.default_rng(1)
    u = np.stack(np.meshgrid(np.linspace(0.0, 0.9, 19), np.linspace(0.0, 0.9, 19)), axis=-1).reshape(-1, 2)
    strata.note(np.concatenate([u, u[:, ::-1] * [1.0, 0.5]]), np.zeros(2 * len(u), dtype=np.int64))
    drawn = [strata.draw(0, rng) for _ in range(200)]
    assert np.mean([place >= 0.9 for _, place in drawn]) > 0.5
    assert strata.hopeful(0)
    for axis, place in ((0, 0.92), (0, 0.97), (1, 0.92), (1, 0.97)):
        for _ in range(4):
            strata.fail(0, axis, place)
    assert not strata.hopeful(0)
    assert strata.failures(0, 1, 0.99) == 4
    other = Strata(2, 2)
    other.merge(strata.pending())
    assert not other.hopeful(1)


def test_a_failure_far_from_known_points_counts_less() -> None:
    strata = Strata(1, 1)
    strata.note(np.array([[0.01]]), np.zeros(1, dtype=np.int64))
    for _ in range(4):
        strata.fail(0, 0, 0.06)  # beside it
        strata.fail(0, 0, 0.21)  # four bins away
    assert [strata.failures(0, 0, place) for place in (0.06, 0.21)] == [4, 1]
