"""`explorer`: its local geometry, its solver, what islands share, and that it maps what it should."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import analytic_problems as problems

import terranova
from terranova.evaluation.bound_model import BoundModel
from terranova.evaluation.problem import Problem
from terranova.interfaces.batch import Batch
from terranova.interfaces.constraint_kinds import Function, Window
from terranova.interfaces.constraint_set import ConstraintSet
from terranova.interfaces.model import Model, Observable
from terranova.interfaces.parameters import Parameter
from terranova.interfaces.priors import Uniform
from terranova.interfaces.sampler import Archipelago
from terranova.plugins.samplers.explorer.bandit import ARMS, PIN, ROAM, SOLVE, TREE, WALK, Bandit
from terranova.plugins.samplers.explorer.bases import Bases
from terranova.plugins.samplers.explorer.follow import LONGEST, Followed
from terranova.plugins.samplers.explorer.rows import Rows
from terranova.plugins.samplers.explorer.sampler import Explorer
from terranova.plugins.samplers.explorer.scouts import Scouts
from terranova.plugins.samplers.explorer.tree import OVER, STEP, Told, Tree
from terranova.plugins.samplers.explorer.walker import Walker
from terranova.types import Floats


class Quadric(Model):
    """Two thin conditions on four parameters: a ring in the first two, a slanted slab in all."""

    name = "quadric"
    parameters = tuple(Parameter(f"p{i}", Uniform(0.0, 1.0)) for i in range(4))
    observables = (Observable("ring"), Observable("slab"))

    def evaluate(self, points: Any) -> Any:
        x = np.column_stack([points[f"p{i}"] for i in range(4)]) - 0.5
        return {"ring": 100.0 * (x[:, 0] ** 2 + x[:, 1] ** 2), "slab": x @ np.array([0.1, -0.2, 1.0, 0.5])}


RING = Window(name="ring", observables=("ring",), source="theory: a test", lower=8.0, upper=10.0)
SLAB = Window(name="slab", observables=("slab",), source="theory: a test", lower=-0.01, upper=0.02)
SLAB_AS_FUNCTION = Function(
    name="slab",
    observables=("slab",),
    source="theory: a test",
    violation_of=lambda slab: np.maximum(0.0, np.abs(slab - 0.005) - 0.015),
)


def quadric(*constraints: Any) -> Problem:
    """The problem above with windows, or with other kinds of constraints."""
    return Problem(BoundModel(Quadric()), [ConstraintSet("quadric", constraints or (RING, SLAB))])


@pytest.fixture(scope="module")
def isles() -> Problem:
    return terranova.problem("isles16", ["isles16"])


def answer(problem: Problem, sampler: Archipelago) -> Batch:
    """One step, probes and all."""
    proposal = sampler.ask()
    x = problem.model.space.to_physical(proposal.u)
    nothing = np.zeros(len(x), dtype=np.int64)
    batch = problem.batch(proposal.u, x, problem.evaluate(x), proposal.island, nothing, nothing, proposal.probes)
    sampler.tell(batch)
    return batch


def told(problem: Problem, rows: Rows, u: Floats) -> Told:
    """What is known of points after their evaluation."""
    batch = problems.evaluate(problem, u, np.zeros(len(u), dtype=np.int64))
    nothing = np.zeros(len(u))
    return Told(u, rows.of(batch), batch.valid, batch.valid, nothing, nothing.astype(np.int64))


def tell(tree: Tree, after: Told, worth: float = 0.0) -> None:
    """Tell a tree of one lane what became of its points."""
    tree.tell(np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64), after, np.array([worth]))


def at_base(problem: Problem, u: Floats, **options: int | float) -> tuple[Tree, Rows]:
    """A tree that has just learnt the Jacobian at a valid point u (d,)."""
    rows = Rows(problem.search_space)
    settings: dict[str, Any] = {"steps": 40, "rounds": 1, "trials": 1, "repairs": 4, "hope": 0.0, **options}
    tree = Tree(rows, problem.search_space.periodic, 1, **settings)
    base = told(problem, rows, u[None])
    assert base.valid.all()
    tree.begin(0, u, base.rows[0], 0.0)
    points, probe = tree.ask([0], [], lambda points, island: np.zeros(len(points)))[0]
    assert probe.all()
    assert len(points) == len(u)
    tell(tree, told(problem, rows, points))
    return tree, rows


BASE = np.array([0.8, 0.5, 0.47, 0.5])


def test_the_jacobian_is_that_of_the_model() -> None:
    tree, _ = at_base(quadric(), BASE)
    exact = np.array([[200.0 * 0.3, 0.0, 0.0, 0.0], [0.1, -0.2, 1.0, 0.5]])
    assert tree.stage[0] == STEP
    assert np.allclose(tree.slope[0].T, exact, rtol=1e-4, atol=1e-3)


def test_the_ellipsoid_lies_within_the_linear_windows() -> None:
    tree, rows = at_base(quadric(), BASE)
    z = np.random.default_rng(1).standard_normal((1000, 4))
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    surface = np.linalg.solve(np.linalg.cholesky(tree.metric[0]).T, z.T).T
    predicted = tree.base[0] + surface @ tree.slope[0]
    assert np.all((predicted >= rows.low) & (predicted <= rows.high))
    # It touches the nearer window of each row: it is not needlessly small.
    reach = np.abs(surface @ tree.slope[0]).max(axis=0) / tree.slack[0]
    assert np.all(reach > 0.8)


def test_steps_follow_curved_valid_sets_and_repairs_lead_back() -> None:
    problem = quadric()
    tree, rows = at_base(problem, BASE)
    stream = [np.random.default_rng(2)]
    found, spent = [], 0
    while tree.stage[0] != OVER:
        points, probe = tree.ask([0], stream, lambda points, island: np.zeros(len(points)))[0]
        assert not probe.any()
        after = told(problem, rows, points)
        found.append(points[after.valid])
        spent += len(points)
        tell(tree, after)
    points = np.concatenate(found)
    assert len(points) > 20
    assert len(points) > 0.3 * spent
    # The ring has radius 0.3 and is 0.017 wide: points half a turn away were not reached along straight lines.
    assert np.abs(points[:, 1] - 0.5).max() > 0.15


def test_a_base_is_left_when_points_open_more_elsewhere() -> None:
    problem = quadric()
    rounds = []
    for worth in (0.0, 1.0):
        tree, rows = at_base(problem, BASE, rounds=4, repairs=0)
        stream, steps = [np.random.default_rng(2)], 0
        while tree.stage[0] != OVER:
            points, _ = tree.ask([0], stream, lambda points, island: np.zeros(len(points)))[0]
            tell(tree, told(problem, rows, points), worth)  # which opened nothing
            steps += 1
        rounds.append(steps)
    assert rounds == [4, 1]


def test_steps_without_derivatives_are_shaped_like_the_cloud_of_valid_points() -> None:
    rng = np.random.default_rng(5)
    cloud = 0.5 + rng.standard_normal((60, 4)) * [0.1, 0.01, 0.001, 0.1]
    bases = Bases(4, 1, 1)
    nothing = np.zeros(60)
    bases.add(0, cloud, nothing[:, None], nothing, nothing.astype(np.int64))
    walker = Walker(np.zeros(4, dtype=bool), 1, steps=400, rounds=2, trials=1)
    walker.begin(0, np.full(4, 0.5), 0.0, bases)
    points, probe = walker.ask([0], [rng], lambda points, island: np.zeros(len(points)))[0]
    assert not probe.any()
    spread = (points - 0.5).std(axis=0)
    assert spread[0] > 2.0 * spread[1] > 3.0 * spread[2]
    assert ((points >= 0.0) & (points <= 1.0)).all()


def test_what_a_solve_leads_to_counts_for_it_while_it_pays() -> None:
    followed = Followed(2, 1, 2)
    one, opened = np.array([1]), np.zeros(2, dtype=np.int64)
    followed.begin(1, SOLVE)
    assert not followed.goes_on(1, 0.5), "nothing was found"
    followed.note(one, np.array([[0.1, 0.2]]), np.array([[3.0]]), np.zeros(1), np.array([0]))
    assert followed.goes_on(1, 0.5), "from the point itself, however little it opened"
    assert followed.next(1)[0].tolist() == [0.1, 0.2]
    followed.pay(np.array([0, 100]), np.array([0, 60]))
    followed.note(
        one.repeat(2), np.array([[0.3, 0.2], [0.4, 0.2]]), np.zeros((2, 1)), np.zeros(2), np.array([1, 59])
    )
    assert followed.goes_on(1, 0.5)
    assert followed.next(1)[0].tolist() == [0.4, 0.2]
    followed.pay(np.array([0, 100]), opened)
    followed.note(one, np.array([[0.1, 0.2]]), np.array([[3.0]]), np.zeros(1), np.array([0]))
    assert not followed.goes_on(1, 0.5), "points open more elsewhere"
    assert followed.account.tolist() == [0, SOLVE]
    followed.length[1] = LONGEST
    assert not followed.goes_on(1, 0.0)


def test_constraints_without_windows_are_rows_of_violations() -> None:
    space = quadric(RING, SLAB_AS_FUNCTION).search_space
    assert space.windowed == {"ring"}
    problem = quadric(RING, SLAB_AS_FUNCTION)
    rows = Rows(space)
    batch = problems.evaluate(problem, BASE[None] + np.array([[0.0, 0.0, 0.1, 0.0]]), np.zeros(1, dtype=np.int64))
    assert rows.of(batch).tolist() == [[batch.observables[0, 0], batch.violations[0, 1]]]
    assert (rows.low[1], rows.high[1]) == (-np.inf, 0.0)


@pytest.mark.parametrize("constraints", [(RING, SLAB), (RING, SLAB_AS_FUNCTION)])
def test_it_maps_the_ring_whatever_the_kind_of_constraint(constraints: tuple[Any, ...]) -> None:
    problem = quadric(*constraints)
    sampler = problems.archipelago(Explorer, problem.search_space, 1, (0, 1))
    found = []
    for step in range(1, 241):  # those of solves have few points
        batch = answer(problem, sampler)
        found.append(batch.u[batch.found])
        if step % 20 == 0:
            sampler.merge(sampler.pending())
    u = np.concatenate(found)
    angle = np.arctan2(u[:, 1] - 0.5, u[:, 0] - 0.5)
    assert (np.bincount(((angle + np.pi) / (2 * np.pi) * 12).astype(int) % 12, minlength=12) > 0).all()


def test_all_islands_are_found(isles: Problem) -> None:
    sampler = problems.archipelago(Explorer, isles.search_space, 1, (0, 1))
    regions: set[int] = set()
    probes = spent = 0
    for step in range(1, 301):
        batch = answer(isles, sampler)
        probes += int(batch.probe.sum())
        spent += len(batch)
        if batch.found.any():
            regions |= set(isles.model.plugin.region_of(batch.u[batch.found]).tolist())
        if step % 20 == 0:
            sampler.merge(sampler.pending())
        if len(regions) == 8:
            break
    assert regions == set(range(8))
    assert 0 < probes < 0.6 * spent


def ranks(
    problem: Problem, groups: list[list[int]], epochs: int, seed: int = 7
) -> tuple[dict[int, Floats], list[Any]]:
    """Run several ranks with exchanges; return each island's points, and the samplers."""
    samplers = [problems.archipelago(Explorer, problem.search_space, seed, group) for group in groups]
    return continued(problem, samplers, groups, epochs), samplers


def continued(
    problem: Problem, samplers: list[Archipelago], groups: list[list[int]], epochs: int
) -> dict[int, Floats]:
    """Advance ranks by some epochs of 12 steps; return each island's points."""
    seen: dict[int, list[Floats]] = {island: [] for group in groups for island in group}
    for _ in range(epochs):
        for sampler, group in zip(samplers, groups, strict=True):
            for _ in range(12):
                batch = answer(problem, sampler)
                for local, island in enumerate(group):
                    seen[island].append(batch.u[batch.island == local])
        pending = [sampler.pending() for sampler in samplers]
        total = {name: sum(p[name] for p in pending) for name in pending[0]}
        for sampler in samplers:
            sampler.merge(total)
    return {island: np.concatenate(points) for island, points in seen.items()}


def test_points_do_not_depend_on_the_number_of_ranks_nor_on_a_restart(isles: Problem) -> None:
    alone, (sampler,) = ranks(isles, [[0, 1, 2]], 6)
    split, _ = ranks(isles, [[0], [1, 2]], 6)
    assert sampler.state()["attempt_raced"].any()  # also where solves were under way
    assert all(np.array_equal(alone[island], split[island]) for island in range(3))

    state = sampler.state()
    again = [problems.archipelago(Explorer, isles.search_space, 99, group) for group in ([0, 1], [2])]
    for part, rows in zip(again, (slice(0, 2), slice(2, 3)), strict=True):
        part.restore({k: v.copy() if k.startswith("shared_") else v[rows].copy() for k, v in state.items()})
    resumed = continued(isles, again, [[0, 1], [2]], 3)
    expected = continued(isles, [sampler], [[0, 1, 2]], 3)
    assert all(np.array_equal(expected[island], resumed[island]) for island in range(3))


def test_a_valid_point_of_one_island_serves_all() -> None:
    one, other = (Bases(2, 1, 1) for _ in range(2))
    one.add(0, np.array([[0.1, 0.2]]), np.array([[3.0]]), np.array([0.5]), np.array([4]))
    assert one.known(0)
    assert not other.known(0)
    a, b = one.pending(), other.pending()
    total = {name: a[name] + b[name] for name in a}
    for bases in (one, other):
        bases.merge(total, lambda u, rows: np.zeros(len(u)))
    for bases in (one, other):
        u, rows, _ = bases.choose(0, np.random.default_rng(1), 3.0)
        assert u.tolist() == [0.1, 0.2]
        assert rows.tolist() == [3.0]


def spend(bandit: Bandit, steps: int, opened: dict[int, float], hopeful: bool = False) -> Any:
    """Take steps of 50 points, of which arms open so many bins each; return which share each arm had."""
    spent = np.zeros(ARMS, dtype=np.int64)
    for step in range(steps):
        if step % 20 == 0:
            bandit.merge(bandit.pending())
        arm = bandit.draw(0, range(ARMS))
        points, bins = np.zeros(ARMS, dtype=np.int64), np.zeros(ARMS, dtype=np.int64)
        points[arm], bins[arm] = 50, round(50 * opened.get(arm, 0.0))
        bandit.pay(0, points, bins, hopeful)
        spent += points
    return spent / spent.sum()


def test_the_bandit_prefers_what_opens_bins_and_forgets_a_solver_that_fails() -> None:
    bandit = Bandit(1, 0.02, 0.05)
    for _ in range(50):
        bandit.solve_ends(0, False)
    first = spend(bandit, 200, {TREE: 1.0, WALK: 0.4, ROAM: 0.1})
    assert first[TREE] > first[WALK] > first[ROAM] > 0
    spend(bandit, 1400, {TREE: 1.0, WALK: 0.4, ROAM: 0.1})  # 10,000 points of the solver without success
    later = spend(bandit, 400, {TREE: 1.0, WALK: 0.4, ROAM: 0.1})
    assert later[SOLVE] < 0.03
    assert later[PIN] == 0
    changed = spend(bandit, 1000, {WALK: 1.0})
    assert changed[WALK] > 0.6, "the recent past weighs most"


def test_the_solver_is_given_a_chance_to_show_what_a_new_region_is_worth() -> None:
    bandit = Bandit(1, 0.02, 0.05)
    early = spend(bandit, 120, {TREE: 1.0})
    assert 0.1 < early[SOLVE] < 0.3
    spend(bandit, 1400, {TREE: 1.0})  # 10,000 points of the solver without success
    assert spend(bandit, 400, {TREE: 1.0})[SOLVE] < 0.05
    bandit = Bandit(1, 0.02, 0.05)
    assert spend(bandit, 400, {TREE: 1.0, SOLVE: 2.0})[SOLVE] > 0.5


def test_cma_es_has_a_quarter_of_all_points_on_one_island_for_a_while() -> None:
    """What it finds it finds late: shares by yield alone would never let it."""
    bandit = Bandit(1, 0.02, 0.05)
    bandit.merge({"bandit": np.full((2, ARMS), [[0], [400]]), "bandit_tries": np.zeros((2, 2), dtype=np.int64)})
    alone, leading, other = (bandit.shares(0, False, roaming)[ROAM] for roaming in (1, 16, 0))
    bandit.merge({"bandit": np.array([[1] * ARMS, [100] * ARMS]), "bandit_tries": np.zeros((2, 2), dtype=np.int64)})
    assert alone >= 0.2
    assert 0.4 < leading < 0.9
    assert other < leading
    spent = np.zeros((2, ARMS), dtype=np.int64)
    spent[1, ROAM], spent[:, TREE] = 10_000, (5000, 10_000)
    bandit.merge({"bandit": spent, "bandit_tries": np.zeros((2, 2), dtype=np.int64)})
    assert bandit.shares(0, False, 16)[ROAM] < 0.05


def test_one_island_of_all_leads_whatever_rank_has_it() -> None:
    streams = [np.random.default_rng([7, i]) for i in range(12)]
    whole = Scouts([np.random.default_rng([7, i]) for i in range(12)], 2)
    halves = [Scouts(streams[:6], 2), Scouts(streams[6:], 2)]
    total = whole.pending()
    for scouts in (whole, *halves):
        scouts.merge(total)
        assert scouts.islands == 12
    led = [whole.leads(i) for i in range(12)]
    assert sum(led) == 1
    assert led == [halves[i // 6].leads(i % 6) for i in range(12)]
    again = Scouts([np.random.default_rng(1) for _ in range(12)], 2)
    again.restore(whole.state())
    assert [again.leads(i) for i in range(12)] == led
    assert again.islands == 12


def test_stratified_solves_have_their_share_while_they_succeed_and_bins_are_empty() -> None:
    bandit = Bandit(1, 0.02, 0.1)
    assert spend(bandit, 400, {TREE: 1.0}, hopeful=True)[PIN] == pytest.approx(0.1, abs=0.03)
    assert spend(bandit, 400, {TREE: 1.0}, hopeful=False)[PIN] < 0.02
    for _ in range(60):
        bandit.pin_ends(0, False)
    bandit.credit[...] = 0.0
    assert spend(bandit, 400, {TREE: 1.0}, hopeful=True)[PIN] < 0.02
    for _ in range(20):
        bandit.pin_ends(0, True)
    assert spend(bandit, 400, {TREE: 1.0}, hopeful=True)[PIN] > 0.07


def test_islands_learn_of_arms_from_one_another() -> None:
    one, other = Bandit(1, 0.02, 0.05), Bandit(1, 0.02, 0.05)
    spend(one, 19, {WALK: 1.0})
    one.solve_ends(0, True)
    assert one.values()[0, WALK] > other.values()[0, WALK] == 0.0
    a, b = one.pending(), other.pending()
    total = {name: a[name] + b[name] for name in a}
    for bandit in (one, other):
        bandit.merge(total)
    assert one.values().tolist() == other.values().tolist()
    assert one.shares(0, True).tolist() == other.shares(0, True).tolist()
    again = Bandit(1, 0.02, 0.05)
    again.restore(one.state())
    assert again.shares(0, True).tolist() == one.shares(0, True).tolist()


def test_derivatives_of_points_that_fail_are_not_used() -> None:
    problem = quadric()
    tree, rows = at_base(problem, BASE)
    tree.begin(0, BASE, tree.base[0], 0.0)
    points, _ = tree.ask([0], [], lambda points, island: np.zeros(len(points)))[0]
    after = told(problem, rows, points)
    after.rows[2] = np.nan
    tell(tree, after)
    assert tree.stage[0] == OVER


@pytest.mark.parametrize(
    "option", ["steps", "trials", "lanes", "floor", "pin_share", "hope", "widen", "patience", "cap"]
)
def test_wrong_options_are_refused_by_name(option: str, isles: Problem) -> None:
    with pytest.raises(ValueError, match=option):
        problems.archipelago(Explorer, isles.search_space, 1, (0,), **{option: -1})
