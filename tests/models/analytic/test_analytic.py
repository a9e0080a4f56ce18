"""Analytic problems: their volumes, regions and exact draws, against points that were thrown at them."""

from __future__ import annotations

import numpy as np
import pytest

import terranova
from terranova.comparison import KnownRegion
from terranova.evaluation.problem import Problem
from terranova.models.analytic import PROBLEMS
from terranova.models.analytic.base import Analytic, Windowed, ball_volume
from terranova.models.analytic.families import FAMILIES, OTHERS, Coupled, Stairs
from terranova.models.analytic.isles import Isles, Isles16, Isles43
from terranova.models.analytic.shapes import SHAPES, Islands
from terranova.registry import registry
from terranova.types import Bools, Floats


def valid(problem: Problem, u: Floats) -> Bools:
    x = problem.model.space.to_physical(u)
    evaluation = problem.evaluate(x)
    violations, _ = problem.score(x, evaluation.observables)
    assert (evaluation.status == 0).all()
    return ~violations.any(axis=1)


def problem_of(kind: type[Analytic]) -> Problem:
    return terranova.problem(kind.name, [kind.name])


@pytest.mark.parametrize("kind", PROBLEMS, ids=lambda kind: kind.name)
def test_exact_draws_are_valid_and_reach_every_region(kind: type[Analytic]) -> None:
    problem = problem_of(kind)
    model = problem.model.plugin
    assert isinstance(model, KnownRegion)
    u = model.draw_valid(2000, np.random.default_rng(1))
    assert u.shape == (2000, kind.dimension if hasattr(kind, "dimension") else model.dimension)
    assert np.all((u >= 0) & (u <= 1))
    assert valid(problem, u).all()
    counts = np.bincount(model.region_of(u), minlength=model.regions)
    assert len(counts) == model.regions
    # All regions are equally large.
    expected = 2000 / model.regions
    assert np.all(np.abs(counts - expected) < 5.0 * np.sqrt(expected))


@pytest.mark.parametrize("kind", OTHERS, ids=lambda kind: kind.name)
def test_a_problem_of_pairs_has_a_valid_point_and_its_mirror_image(kind: type[Windowed]) -> None:
    problem = terranova.problem(kind.name, [kind.name])
    model = problem.model.plugin
    assert isinstance(model, Coupled)
    both = np.array([model.known, 1.0 - model.known])
    assert valid(problem, both).all()
    assert sorted(model.region_of(both).tolist()) == [0, 1]
    beside = both + 1e-3 * np.random.default_rng(1).standard_normal((2, 40))
    first, second = (model.columns(u) for u in (beside, 1.0 - beside))
    assert np.allclose(first, second, atol=1e-12), "observables do not know the sign"
    assert not valid(problem, np.random.default_rng(2).random((10_000, 40))).any()


@pytest.mark.parametrize("kind", ["rugged", "valleys", "stairs", "coupled"])
def test_the_families_differ(kind: str) -> None:
    u = np.random.default_rng(1).random((5, 40))
    train, test = (registry().get("model", f"{kind}-{family}").target() for family in FAMILIES)
    assert train.dimension == test.dimension
    assert not np.allclose(train.columns(u[:, : train.dimension]), test.columns(u[:, : train.dimension]))


@pytest.mark.parametrize("name", ["stairs-train", "stairs-test"])
def test_the_volume_of_whole_numbers_axis_by_axis(name: str) -> None:
    """Throw one pair of axes of valid points anew at a time: the product of what remains valid is the volume."""
    problem = terranova.problem(name, [name])
    model, rng = problem.model.plugin, np.random.default_rng(3)
    assert isinstance(model, Stairs)
    share = []
    for pair in model._axes.reshape(-1, 2):
        u = model.draw_valid(20_000, rng)
        u[:, pair] = rng.random((20_000, 2))
        share.append(valid(problem, u).mean())
    error = np.sqrt(sum((1.0 - p) / (p * 20_000) for p in share))
    assert abs(np.log(np.prod(share) / model.volume)) < 4.0 * error


@pytest.mark.parametrize("name", ["thin-shell-2", "curved-tube-2", "islands-2"])
def test_volumes_of_thin_regions_in_the_plane(name: str) -> None:
    problem = terranova.problem(name, [name])
    n = 1 << 20
    found = int(valid(problem, np.random.default_rng(2).random((n, 2))).sum())
    assert abs(found - 1e-3 * n) < 4.0 * np.sqrt(1e-3 * n)


@pytest.mark.parametrize("kind", [kind for kind in SHAPES if kind.dimension > 2], ids=lambda kind: kind.name)
def test_volumes_in_many_dimensions_block_by_block(kind: type[Analytic]) -> None:
    """Throw some coordinates of valid points anew: the product of what remains valid is the volume."""
    problem = problem_of(kind)
    model = kind()
    rng = np.random.default_rng(3)
    d = model.dimension
    n = 100_000
    if isinstance(model, Islands):
        # A box keeps its place in all axes but one: the boxes' side is what remains of that axis.
        fractions = []
        for axis in range(d):
            u = model.draw_valid(n // d, rng)
            u[:, axis] = rng.random(len(u))
            others = np.delete(np.abs(u[:, None] - model.centres), axis, axis=2).max(axis=2)
            alone = (others <= model._half).sum(axis=1) == 1
            fractions.append(valid(problem, u[alone]).mean())
        found, parts = model.regions * float(np.prod(fractions)), d
    else:
        shell = kind.name.startswith("thin")
        parts = d // 5 if shell else d - 1
        columns = np.arange(d).reshape(-1, 5) if shell else np.arange(1, d)[:, None]
        fractions = []
        for block in columns:
            u = model.draw_valid(n // parts, rng)
            u[:, block] = rng.random((len(u), len(block)))
            fractions.append(valid(problem, u).mean())
        found = float(np.prod(fractions))
    p = np.array(fractions)
    error = np.sqrt(np.sum((1 - p) / p / (n // parts)))
    assert abs(np.log(found / model.volume)) < 4.0 * error + 0.01


@pytest.mark.parametrize("kind", [Isles16, Isles43], ids=lambda kind: kind.name)
def test_the_volume_of_the_isles_block_by_block(kind: type[Isles]) -> None:
    problem, model = problem_of(kind), kind()
    rng = np.random.default_rng(4)
    n = 6_000
    start = 2 * model.rings
    blocks = [range(2 * i, 2 * i + 2) for i in range(model.rings)]
    blocks += [range(start + 3 * i, start + 3 * i + 3) for i in range(model.shells)]
    blocks += [range(i, i + 1) for i in range(start + 3 * model.shells, model.dimension)]
    fractions = []
    for block in blocks:
        v = model.sheared(model.draw_valid(n, rng))
        # Slack constraints exclude nothing that lies within this distance of the centre.
        v[:, list(block)] = rng.uniform(0.23, 0.77, (n, len(block)))
        fractions.append(valid(problem, model.unsheared(v)).mean() * 0.54 ** len(block))
    p = np.array(fractions)
    error = np.sqrt(np.sum((1 - p) / p / n))
    assert abs(np.log(p.prod() / model.volume)) < 4.0 * error


def test_the_hard_problem_has_the_regions_of_the_smooth_one() -> None:
    smooth, hard = (terranova.problem(name, [name]) for name in ("isles16", "hard16"))
    rng = np.random.default_rng(5)
    u = Isles16().draw_valid(3000, rng)
    near = np.clip(u + 10.0 ** rng.uniform(-3, -1, (3000, 1)) * rng.standard_normal(u.shape), 0.0, 1.0)
    x = near
    both = [~p.score(x, p.evaluate(x).observables)[0].any(axis=1) for p in (smooth, hard)]
    assert 50 < both[0].sum() < 2900
    assert np.array_equal(*both)
    assert hard.model.stages == 2


def test_volumes_that_the_descriptions_promise() -> None:
    assert Isles16().volume == pytest.approx(1.9e-11, rel=0.03)
    assert Isles43().volume == pytest.approx(7.5e-20, rel=0.03)


def test_balls() -> None:
    assert ball_volume(2) == pytest.approx(np.pi)
    assert ball_volume(3) == pytest.approx(4 / 3 * np.pi)
    assert ball_volume(5) == pytest.approx(8 / 15 * np.pi**2)
