"""`lhs`, `de` and `ensemble`: what distinguishes each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import analytic_problems as problems

from terranova import ConstraintSet, Gaussian, Problem, Proposal, SearchSpace
from terranova.engine.islands import Share, make_archipelago
from terranova.interfaces.batch import Batch
from terranova.plugins.samplers.de import DifferentialEvolution
from terranova.plugins.samplers.ensemble import Ensemble
from terranova.plugins.samplers.lhs import LatinHypercube
from terranova.testing.problems import ring
from terranova.testing.samplers import Case
from terranova.types import Floats


def test_every_slice_of_every_axis_has_one_point() -> None:
    space = ring().search_space
    sampler = LatinHypercube(space, np.random.default_rng(1), batch=50)
    for _ in range(3):
        for axis in sampler.ask().T:
            assert np.array_equal(np.sort(np.floor(axis * 50)), np.arange(50))


def run(kind: type, points: int, *, problem: Problem | None = None, seed: int = 1, **options: Any) -> list[Batch]:
    case = Case(kind, options, problem=problem or ring())
    sampler = make_archipelago(kind, case.space, seed, Share(0, 1), options)
    seen: list[Batch] = []
    while sum(map(len, seen)) < points:
        seen.append(case.evaluate(sampler.ask()))
        sampler.tell(seen[-1])
    return seen


@pytest.mark.parametrize("strategy", ["best1bin", "rand1bin", "currenttobest1bin"])
def test_differential_evolution_gets_to_the_ring(strategy: str) -> None:
    """A part of 3e-4 of the cube is valid."""
    seen = run(DifferentialEvolution, 6000, strategy=strategy)
    assert sum(int(batch.valid.sum()) for batch in seen) > 100


def test_a_population_gets_better_than_what_is_drawn() -> None:
    problem = problems.isles()
    sampler = problems.archipelago(DifferentialEvolution, problem.search_space, 1, (0, 1))
    assert isinstance(sampler, DifferentialEvolution)
    problems.run(problem, sampler, 40)
    best = np.log1p(sampler._violations).sum(axis=2).min(axis=1)
    u = np.random.default_rng(2).random((2560, 16))  # as many as each island has had
    drawn = np.log1p(problems.evaluate(problem, u, np.zeros(2560, dtype=np.int64)).violations)
    assert best.max() < drawn.sum(axis=1).min()


def test_a_mutant_is_made_of_three_others() -> None:
    """With no crossover a trial is a + w (b - c), and a, b, c are members other than its parent, all different."""
    space = SearchSpace(("x",), np.array([False]), constraints=("c",))
    streams = [np.random.default_rng(3)]
    options: dict[str, Any] = {"strategy": "rand1bin", "mutation_low": 0.5, "mutation_high": 0.5, "popsize": 6}
    sampler = DifferentialEvolution(space, streams, **options, recombination=1.0)
    members = 0.4 + 0.01 * np.array([1.0, 2.0, 4.0, 8.0, 16.0, 31.0])
    sampler._u[0, :, 0], sampler._alive[0] = members, True
    for _ in range(50):
        trial = sampler._generation(0)[:, 0]
        for i, value in enumerate(trial):
            others = np.delete(members, i)
            a, b, c = np.meshgrid(others, others, others, indexing="ij")
            k = np.arange(5)
            different = (k[:, None, None] != k[:, None]) & (k[:, None] != k) & (k[:, None, None] != k)
            assert np.any(np.isclose(a + 0.5 * (b - c), value, atol=1e-12) & different)


def places_of_walkers(steps: int, problem: Problem, **options: Any) -> Floats:
    """Return where the walkers were after each of the last three quarters of the steps, (n, d)."""
    case = Case(Ensemble, options, problem=problem)
    sampler = Ensemble(case.space, np.random.default_rng(4), **options)
    places: list[Floats] = []
    while len(places) < steps:
        u = sampler.ask()
        sampler.tell(case.evaluate(Proposal(u, np.zeros(len(u), dtype=np.int64))))
        if sampler.walking:
            places.append(sampler._u.copy())
    return np.concatenate(places[steps // 4 :])


def test_walkers_sample_the_valid_region_uniformly() -> None:
    """The arc and the slab, a convex region around the seam: every axis is flat in what is valid."""
    problem = ring()
    kept = tuple(c for c in problem.constraints if c.name in ("seam", "slab"))
    walk = places_of_walkers(2500, Problem(problem.model, [ConstraintSet("convex", kept)]), walkers=40)
    x, y, z = 2.0 * walk[:, 0] - 1.0, 2.0 * walk[:, 1] - 1.0, walk[:, 3]
    turn = (walk[:, 2] + 0.5) % 1.0 - 0.5  # around the seam
    half = 0.5 / (2.0 * np.pi)
    for scaled in (x, y, turn / half, (z + 0.1 * x - 0.5) / 0.05):
        assert np.abs(scaled).max() <= 1.0
        assert scaled.mean() == pytest.approx(0.0, abs=0.08)
        assert scaled.std() == pytest.approx(np.sqrt(1.0 / 3.0), abs=0.05)


def test_walkers_sample_the_posterior() -> None:
    """A Gaussian measurement of x - y, far from the walls: mean and width are its own."""
    flat = Gaussian(name="free", observables=("free",), source="by construction", value=0.3, sigma=0.1)
    problem = Problem(ring().model, [ConstraintSet("one", (flat,))])
    u = places_of_walkers(1000, problem, target="posterior")
    free = 2.0 * (u[:, 0] - u[:, 1])
    assert free.mean() == pytest.approx(0.3, abs=0.03)
    assert free.std() == pytest.approx(0.1, abs=0.02)
