"""`nsga2` and `nsga3`: objectives, feasibility first, reference directions, circles without walls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import analytic_problems as problems

from terranova import SearchSpace
from terranova.engine.islands import Share, make_archipelago
from terranova.interfaces.batch import Batch
from terranova.interfaces.sampler import Proposal
from terranova.plugins.samplers.nsga.directions import directions
from terranova.plugins.samplers.nsga.mating import Variation, tournament
from terranova.plugins.samplers.nsga.objectives import Objectives, scale_violations
from terranova.plugins.samplers.nsga.sampler import Nsga2
from terranova.plugins.samplers.nsga.selection import Pool, Pymoo, places
from terranova.registry import registry
from terranova.types import Floats

SPACE = SearchSpace(
    names=("a", "b", "c"),
    periodic=np.array([False, False, False]),
    observables=("f", "g"),
    constraints=("c1", "c2", "c3"),
    groups={"c1": "one", "c2": "two", "c3": "one"},
)


def zdt(proposal: Proposal) -> Batch:
    """Two objectives with the known front g = 1 - sqrt(f) (ZDT1), and f must be above 1/4."""
    u, n = proposal.u, len(proposal.u)
    rest = 1.0 + 9.0 * u[:, 1:].mean(axis=1)
    observables = np.column_stack([u[:, 0], rest * (1.0 - np.sqrt(u[:, 0] / rest))])
    violations = np.column_stack([np.maximum(0.0, 0.25 - u[:, 0]), np.zeros(n), np.zeros(n)])
    nothing = np.zeros(n, dtype=np.int64)
    return Batch(
        island=proposal.island,
        generation=nothing,
        index=nothing,
        u=u,
        x=u,
        observables=observables,
        violations=violations,
        loglike=np.zeros(n),
        status=np.zeros(n, dtype=np.int8),
        reason=[""] * n,
        stage=np.zeros(n, dtype=np.int8),
        seconds=np.zeros(n),
    )


@pytest.mark.parametrize("name", ["nsga2", "nsga3"])
def test_objectives_of_the_user_end_on_the_pareto_front_and_constraints_come_first(name: str) -> None:
    kind = registry().get("sampler", name).target
    options = {"objectives": {"f": "min", "g": "min"}, "popsize": 60}
    sampler = make_archipelago(kind, SPACE, 1, Share(0, 1), options)
    for _ in range(120):
        batch = zdt(sampler.ask())
        sampler.tell(batch)
    assert batch.valid.mean() > 0.9
    f, g = batch.observables[batch.valid].T
    above = g - (1.0 - np.sqrt(f))  # distance from the front, which runs from (1/4, 1/2) to (1, 0)
    assert np.median(above) < 0.02
    assert np.all(above > -1e-9)
    assert np.ptp(f) > 0.6


def test_a_maximum_is_the_minimum_of_the_negative() -> None:
    values = np.array([[1.0, 2.0], [np.nan, 3.0]])
    found = Objectives(SPACE, {"g": "max", "f": "min"}).observables(values)
    assert found.tolist() == [[-2.0, 1.0], [-3.0, 0.0]]


@pytest.mark.parametrize(
    ("kind", "names"), [("all", ("c1", "c2", "c3")), ("groups", ("one", "two")), ("single", ("",))]
)
def test_violations_are_grouped_by_their_sets(kind: str, names: tuple[str, ...]) -> None:
    objectives = Objectives(SPACE, kind)
    assert objectives.names == names
    scaled = np.array([[1.0, 0.5, 0.25]])
    expected: dict[str, list[float]] = {"all": [1.0, 0.5, 0.25], "groups": [1.25, 0.5], "single": [1.75]}
    assert objectives.violations(scaled)[0].tolist() == expected[kind]


def test_scaled_violations_do_not_depend_on_units_and_failures_do_not_flatten_others() -> None:
    violations = np.array([[0.0, 1e9], [1e-6, 0.0], [2e-6, np.inf]])
    scaled = scale_violations(violations)
    assert scaled[:, 0] == pytest.approx([0.0, 0.5, 1.0], abs=1e-6)
    assert scaled[:, 1].tolist() == [1.0, 0.0, 1.0]
    assert np.array_equal(scale_violations(np.zeros((2, 2))), np.zeros((2, 2)))


@pytest.mark.parametrize("objectives", [1, 2, 3, 6, 9, 32, 61])
def test_reference_directions_are_spread_over_the_simplex_at_once(objectives: int) -> None:
    found = directions(objectives, 100)
    assert found.shape[1] == objectives
    assert 1 <= len(found) <= max(100, 2 * objectives)
    assert len(found) >= min(objectives * 2, 30) or objectives == 1
    assert found.sum(axis=1) == pytest.approx(np.ones(len(found)))
    assert np.all(found >= 0)
    assert len(np.unique(found.round(9), axis=0)) == len(found)


@pytest.mark.parametrize("failing", [0, 3, 2, 1])
@pytest.mark.parametrize("count", [2, 5])
@pytest.mark.parametrize("name", ["nsga2", "nsga3"])
def test_survivors_are_those_of_pymoos_own_operators(name: str, count: int, failing: int) -> None:
    """Row by row, with the same random numbers; none, a third, half or all of the points being infeasible."""
    from pymoo.algorithms.moo.nsga3 import ReferenceDirectionSurvival
    from pymoo.core.population import Population
    from pymoo.core.problem import Problem
    from pymoo.operators.survival.rank_and_crowding import RankAndCrowding

    rng = np.random.default_rng(2)
    excess = np.where(np.arange(80) % failing == 0, rng.random(80), 0.0) if failing else np.zeros(80)
    pool = Pool(rng.random((80, count)), excess[:, None])
    everyone = Population.new("X", np.arange(80.0)[:, None], "F", pool.objectives, "G", pool.constraints)
    everyone.set("H", np.zeros((80, 0)))
    spread = directions(count, 30)
    survival = RankAndCrowding() if name == "nsga2" else ReferenceDirectionSurvival(spread)
    problem = Problem(n_var=1, n_obj=count, n_ieq_constr=1)
    theirs = survival.do(problem, everyone, n_survive=40, random_state=np.random.default_rng(3))
    pymoo, ours = Pymoo(name), np.random.default_rng(3)
    rows = pymoo.crowded(pool, 40, ours)[0] if name == "nsga2" else pymoo.niched(pool, spread, 40, ours)
    assert rows.tolist() == theirs.get("X")[:, 0].astype(int).tolist()
    if failing:
        assert set(np.flatnonzero(excess == 0)[:40]) <= set(rows.tolist()) or (excess == 0).sum() > 40
    if name == "nsga2":
        feasible = excess[rows] == 0
        _, rank, crowding = pymoo.crowded(pool, 40, np.random.default_rng(3))
        assert rank[feasible].tolist() == [float(individual.get("rank")) for individual in theirs[feasible]]
        assert crowding[feasible].tolist() == [individual.get("crowding") for individual in theirs[feasible]]


def test_tournaments_prefer_better_places() -> None:
    rng = np.random.default_rng(4)
    chosen = np.bincount(tournament(np.arange(10), 5000, rng), minlength=10) / 5000
    # Of two different ones out of ten, place k wins with probability 2 (9 - k) / 90.
    assert chosen == pytest.approx(2.0 * (9 - np.arange(10)) / 90, abs=0.02)
    alike = np.bincount(tournament(np.zeros(10, dtype=np.int64), 5000, rng), minlength=10) / 5000
    assert alike == pytest.approx(np.full(10, 0.1), abs=0.02)


def test_places_are_shared_by_equals() -> None:
    first, second = np.array([1.0, 0.0, 1.0, 1.0]), np.array([2.0, 9.0, 1.0, 2.0])
    assert places(first, second).tolist() == [2, 0, 1, 2]


def test_a_periodic_axis_has_no_walls() -> None:
    """Parents on both sides of the seam have children there; turning everything by any angle changes nothing."""
    rng = np.random.default_rng(5)
    first, second = rng.normal(0.0, 0.01, (2000, 2)) % 1.0, rng.normal(0.0, 0.01, (2000, 2)) % 1.0

    def children(turn: float, periodic: bool) -> Floats:
        variation = Variation(np.array([periodic, periodic]), 15.0, 20.0, "nsga2")
        shifted = ((first + turn) % 1.0, (second + turn) % 1.0)
        return (variation.offspring(*shifted, np.random.default_rng(6)) - turn) % 1.0

    def away(u: Floats) -> Floats:
        return np.abs(u - np.rint(u))

    seam, middle = children(0.0, True), children(0.5, True)
    assert away(seam - middle).max() < 1e-9
    assert np.median(away(seam)) < 0.02
    assert np.median(away(children(0.0, False))) > 3.0 * np.median(away(seam)) or np.ptp(children(0.0, False)) > 0.9


def explore(steps: int, **options: Any) -> tuple[int, Floats]:
    """Run nsga2 with one island; return the number of valid points, and where they are (n, d)."""
    problem = problems.isles()
    sampler = problems.archipelago(Nsga2, problem.search_space, 3, (0,), **options)
    found: list[Floats] = []
    problems.run(problem, sampler, steps, watch=lambda batch: found.append(batch.u[batch.valid]))
    u = np.concatenate(found)
    return len(u), u


def test_novelty_spreads_valid_points_further() -> None:
    many, rewarded = explore(120)
    few, plain = explore(120, novelty="")
    assert min(many, few) > 100
    assert rewarded.std(axis=0).mean() > 1.3 * plain.std(axis=0).mean()
