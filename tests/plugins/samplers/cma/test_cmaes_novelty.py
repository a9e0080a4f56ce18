"""`cmaes-novelty`: islands do not see their neighbours, checkpoints are exact, novelty pays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from support import analytic_problems as problems

from terranova.evaluation.problem import Problem
from terranova.interfaces.batch import Batch
from terranova.interfaces.sampler import Archipelago
from terranova.plugins.samplers.cma.cmaes import Cmaes
from terranova.plugins.samplers.cma.cmaes_novelty import CmaesNovelty, two_phase_fitness
from terranova.plugins.samplers.shared.loss import scaled_loss
from terranova.runs.coverage import Coverage
from terranova.types import Array, Floats

EPOCH = 10


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problems.isles()


def ranks(problem: Problem, groups: list[list[int]], **options: Any) -> list[Archipelago]:
    return [problems.archipelago(CmaesNovelty, problem.search_space, 7, group, **options) for group in groups]


def together(
    problem: Problem, samplers: list[Archipelago], groups: list[list[int]], epochs: int, quota: Mapping[int, int]
) -> dict[int, Floats]:
    """Run several ranks with exchanges; return every point (n, d) each island proposed.

    Args:
        problem: what is scanned.
        samplers: one a rank.
        groups: the islands of each.
        epochs: number of exchanges.
        quota: island -> points it may evaluate; none for all others.
    """
    seen: dict[int, list[Floats]] = {island: [] for group in groups for island in group}
    for _ in range(epochs):
        for sampler, group in zip(samplers, groups, strict=True):
            for _ in range(EPOCH):
                proposal = sampler.ask()
                if not len(proposal.u):
                    break
                keep = np.ones(len(proposal.u), dtype=bool)
                for local, island in enumerate(group):
                    rows = np.flatnonzero(proposal.island == local)
                    spent = sum(len(u) for u in seen[island])
                    keep[rows[max(0, quota.get(island, 10**9) - spent) :]] = False
                    seen[island].append(proposal.u[rows][keep[rows]])
                sampler.tell(problems.evaluate(problem, proposal.u[keep], proposal.island[keep]))
                for local, island in enumerate(group):
                    if sum(len(u) for u in seen[island]) >= quota.get(island, 10**9):
                        sampler.retire(local)
        total: dict[str, Array] = {}
        for sampler in samplers:
            for key, value in sampler.pending().items():
                total[key] = total[key] + value if key in total else value
        for sampler in samplers:
            sampler.merge(total)
    return {island: np.concatenate(points) for island, points in seen.items()}


GROUPINGS = {
    "two ranks": [[0, 1, 2, 3], [4, 5, 6, 7]],
    "uneven": [[3], [0, 1, 2, 4, 5, 6, 7]],
    "eight ranks": [[i] for i in range(8)],
}


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"loss": "rank", "cap": 300}])
def test_an_island_is_the_same_whatever_stands_beside_it(problem: Problem, options: dict[str, Any]) -> None:
    """Thirty exchanges, 300 generations, runs that end and begin, islands that retire."""
    quota = {1: 1000, 5: 1205}
    one = [list(range(8))]
    expected = together(problem, ranks(problem, one, **options), one, 30, quota)
    assert len(expected[0]) == 12 * 300
    assert len(expected[5]) == 1205
    for groups in GROUPINGS.values():
        found = together(problem, ranks(problem, groups, **options), groups, 30, quota)
        for island, points in expected.items():
            assert np.array_equal(points, found[island])


def test_a_checkpoint_can_be_split_over_other_ranks(problem: Problem) -> None:
    one, two = [list(range(6))], [[0, 1, 2, 3], [4, 5]]
    samplers = ranks(problem, one)
    together(problem, samplers, one, 15, {})
    state = samplers[0].state()
    assert state is not None
    resumed = ranks(problem, two)
    for sampler, group in zip(resumed, two, strict=True):
        sampler.restore({k: v if k.startswith("shared_") else v[group] for k, v in state.items()})
    going_on = together(problem, samplers, one, 10, {})
    for island, points in together(problem, resumed, two, 10, {}).items():
        assert np.array_equal(points, going_on[island])


def test_an_exchange_matters(problem: Problem) -> None:
    """Otherwise the tests above show nothing."""
    both, alone = [[0, 1]], [[0]]
    with_other = together(problem, ranks(problem, both), both, 30, {})
    assert not np.array_equal(with_other[0], together(problem, ranks(problem, alone), alone, 30, {})[0])


def scan(problem: Problem, kind: type, islands: int, steps: int, **options: Any) -> tuple[float, int]:
    """Return coverage and number of valid points."""
    coverage, valid = Coverage(16), 0

    def watch(batch: Batch) -> None:
        nonlocal valid
        coverage.add(batch.u[batch.valid])
        valid += int(batch.valid.sum())

    sampler = problems.archipelago(kind, problem.search_space, 3, range(islands), **options)
    problems.run(problem, sampler, steps, watch=watch)
    return coverage.mean, valid


@pytest.mark.slow
def test_novelty_covers_several_times_more(problem: Problem) -> None:
    plain, _ = scan(problem, Cmaes, 2, 900)
    novel, valid = scan(problem, CmaesNovelty, 2, 900)
    assert novel > 3.0 * plain
    assert valid > 5000


@pytest.mark.parametrize("focus", ["parameters", "observables", "both"])
def test_every_focus_explores(problem: Problem, focus: str) -> None:
    coverage, valid = scan(problem, CmaesNovelty, 4, 250, focus=focus)
    assert valid > 1000
    assert coverage > 5.0


@pytest.mark.slow
def test_a_cap_sends_islands_elsewhere(problem: Problem) -> None:
    free, _ = scan(problem, CmaesNovelty, 1, 2500, cap=0)
    capped, _ = scan(problem, CmaesNovelty, 1, 2500, cap=1000)
    assert capped > free


def test_valid_points_rank_first_by_novelty_and_failed_ones_last() -> None:
    violations = np.zeros((1, 4, 2))
    violations[0, 1] = (3.0, 1.0)
    violations[0, 3] = np.inf
    crowding = np.array([[1.0, 0.0, 0.2, 0.0]])
    fitness = two_phase_fitness(scaled_loss(violations, "rank"), np.array([[True, False, True, False]]), crowding)
    assert np.argsort(fitness[0]).tolist() == [2, 0, 1, 3]


def test_observables_can_be_chosen(problem: Problem) -> None:
    sampler = problems.archipelago(
        CmaesNovelty, problem.search_space, 1, (0,), focus="observables", observables=["ring0", "ring1"]
    )
    assert sampler.pending()["novelty_observables"].shape[0] == 2
