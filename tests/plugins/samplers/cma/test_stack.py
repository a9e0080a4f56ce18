"""The stack of CMA-ES islands against pycma, and its parts against their definitions."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import analytic_problems as problems

from terranova.interfaces.random_streams import pack_streams, unpack_streams
from terranova.plugins.samplers.cma.cmaes import _pycma
from terranova.plugins.samplers.cma.stack import CmaStack
from terranova.plugins.samplers.cma.strategy import default_popsize, strategy
from terranova.plugins.samplers.shared.cube import into_cube
from terranova.plugins.samplers.shared.loss import scaled_loss
from terranova.plugins.samplers.shared.progress import Progress
from terranova.types import Floats

DIMENSION = 10
SEEDS = 31
THEIR_SEEDS = 11
TARGET = 1e-8
ROTATION = np.linalg.qr(np.random.default_rng(0).standard_normal((DIMENSION, DIMENSION)))[0]


def sphere(x: Floats) -> Floats:
    return np.asarray((x**2).sum(axis=-1))


def ellipsoid(x: Floats) -> Floats:
    """Condition number 1e6, rotated."""
    axes = 10.0 ** (6.0 * np.arange(DIMENSION) / (DIMENSION - 1))
    return np.asarray((axes * (x @ ROTATION) ** 2).sum(axis=-1))


def rosenbrock(x: Floats) -> Floats:
    return np.asarray((100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2).sum(axis=-1))


def ours(function: Callable[[Floats], Floats], start: float, sigma: float) -> list[int]:
    """Evaluations to the target of all seeds at once."""
    constants = strategy(DIMENSION, default_popsize(DIMENSION))
    stack, streams = CmaStack(constants, SEEDS), problems.streams(1, range(SEEDS))
    for island in range(SEEDS):
        stack.start(island, np.full(DIMENSION, start), sigma)
    needed = np.zeros(SEEDS, dtype=np.int64)
    while (needed == 0).any():
        who = np.flatnonzero(needed == 0)
        fitness = function(stack.ask(who, streams))
        stack.tell(who, fitness)
        hit = who[fitness.min(axis=1) < TARGET]
        needed[hit] = stack.age[hit] * constants.popsize
        assert stack.age.max() < 2000
    return needed.tolist()


def theirs(function: Callable[[Floats], Floats], start: float, sigma: float) -> list[int]:
    needed = []
    for rng in problems.streams(2, range(THEIR_SEEDS)):
        run: Any = _pycma(rng, np.full(DIMENSION, start), sigma, default_popsize(DIMENSION))
        best = math.inf
        while best >= TARGET:
            x = run.ask()
            fitness = function(np.asarray(x))
            run.tell(x, fitness.tolist())
            best = min(best, float(fitness.min()))
        needed.append(int(run.countevals))
    return needed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "start", "sigma"), [(sphere, 0.5, 0.3), (ellipsoid, 0.5, 0.3), (rosenbrock, 0.0, 0.1)]
)
def test_it_needs_as_many_evaluations_as_pycma(
    function: Callable[[Floats], Floats], start: float, sigma: float
) -> None:
    assert np.median(ours(function, start, sigma)) == pytest.approx(
        np.median(theirs(function, start, sigma)), rel=0.15
    )


@pytest.mark.parametrize(("dimension", "popsize"), [(2, 6), (10, 10), (16, 12), (16, 40), (43, 15)])
def test_the_constants_are_pycmas(dimension: int, popsize: int) -> None:
    ours = strategy(dimension, popsize)
    run = _pycma(np.random.default_rng(0), np.zeros(dimension), 1.0, popsize)
    reference = run.sp
    assert ours.weights == pytest.approx(np.array(reference.weights), rel=1e-9)
    assert ours.mu_eff == pytest.approx(reference.weights.mueff)
    assert ours.c_1 == pytest.approx(reference.c1)
    assert ours.c_mu == pytest.approx(reference.cmu)
    assert ours.c_c == pytest.approx(reference.cc)


def test_the_distribution_learns_the_shape_of_an_ellipsoid() -> None:
    """Near the optimum the covariance is the inverse Hessian up to a factor."""
    stack = CmaStack(strategy(DIMENSION, 20), 1)
    stack.start(0, np.full(DIMENSION, 0.5), 0.3)
    who, streams = np.zeros(1, dtype=np.int64), problems.streams(3, [0])
    for _ in range(250):
        stack.tell(who, ellipsoid(stack.ask(who, streams)))
    inside = np.diag(ROTATION.T @ stack.covariance[0] @ ROTATION)
    slope = np.polyfit(6.0 * np.arange(DIMENSION) / (DIMENSION - 1), np.log10(inside), 1)[0]
    assert slope == pytest.approx(-1.0, abs=0.1)
    assert stack.factor[0] @ stack.factor[0].T == pytest.approx(stack.covariance[0], rel=1e-9)


def test_steps_that_grow_or_shrink_without_end_are_reported() -> None:
    stack = CmaStack(strategy(4, 8), 2)
    stack.start(0, np.zeros(4), 1e-15)
    stack.start(1, np.zeros(4), 1.0)
    who, streams = np.arange(2), problems.streams(4, range(2))
    stack.tell(who, sphere(stack.ask(who, streams)))
    assert stack.sound.tolist() == [False, True]


@settings(deadline=None)
@given(
    st.lists(st.floats(-50, 50), min_size=2, max_size=2),
    st.tuples(st.booleans(), st.booleans()),
)
def test_folding_and_wrapping_stay_in_the_cube(y: list[float], periodic: tuple[bool, bool]) -> None:
    u = into_cube(np.array(y), np.array(periodic))
    assert np.all((u >= 0) & (u <= 1))


@settings(deadline=None)
@given(st.floats(-20, 20), st.integers(-5, 5), st.booleans())
def test_folding_and_wrapping_repeat(y: float, times: int, periodic: bool) -> None:
    axis = np.array([periodic])
    once = into_cube(np.array([y]), axis)[0]
    again = into_cube(np.array([y + (times if periodic else 2 * times)]), axis)[0]
    distance = abs(once - again)
    assert min(distance, 1 - distance if periodic else distance) < 1e-12


@settings(deadline=None)
@given(st.floats(0, 1), st.booleans())
def test_inside_the_cube_nothing_changes(y: float, periodic: bool) -> None:
    u = into_cube(np.array([y]), np.array([periodic]))[0]
    assert u == (y if not (periodic and y == 1.0) else 0.0)


@settings(deadline=None)
@given(st.floats(-5, 5), st.floats(0, 1e-3), st.booleans())
def test_small_steps_stay_small(y: float, step: float, periodic: bool) -> None:
    axis = np.array([periodic])
    distance = abs(into_cube(np.array([y + step]), axis)[0] - into_cube(np.array([y]), axis)[0])
    assert min(distance, 1 - distance if periodic else distance) <= step + 1e-12


violation_arrays = st.integers(0, 2**32 - 1).map(
    lambda seed: (
        np.random.default_rng(seed).exponential(1.0, (2, 12, 5))
        * (np.random.default_rng(seed + 1).random((2, 12, 5)) < 0.6)
    )
)


@settings(deadline=None)
@given(violation_arrays, st.sampled_from(["minmax", "rank"]))
def test_the_loss_is_scaled_within_the_generation(violations: Floats, scaling: str) -> None:
    loss = scaled_loss(violations, scaling)
    assert np.all((loss.scaled >= 0) & (loss.scaled <= 5))
    assert np.array_equal(loss.passed, (violations == 0).sum(axis=2))
    assert loss.log == pytest.approx(np.log1p(violations).sum(axis=2))


@settings(deadline=None)
@given(violation_arrays)
def test_minmax_is_the_published_formula(violations: Floats) -> None:
    logs = np.log1p(violations)
    low, high = logs.min(axis=1, keepdims=True), logs.max(axis=1, keepdims=True)
    expected = ((logs - low) / np.where(high > low, high - low, 1.0)).sum(axis=2)
    assert scaled_loss(violations, "minmax").scaled == pytest.approx(expected)


@settings(deadline=None)
@given(violation_arrays, st.floats(1e-3, 1e3))
def test_ranks_do_not_depend_on_units(violations: Floats, unit: float) -> None:
    unscaled = scaled_loss(violations, "rank").scaled
    assert np.array_equal(unscaled, scaled_loss(violations * unit, "rank").scaled)


def test_failed_points_come_last_and_unknown_observables_count_as_worst() -> None:
    violations = np.random.default_rng(1).exponential(1.0, (1, 40, 3))
    violations[0, 0] = np.inf
    violations[0, 1, 2] = np.inf
    for scaling in ("minmax", "rank"):
        loss = scaled_loss(violations, scaling)
        assert loss.scaled[0, 0] == np.inf
        assert np.all(np.isfinite(loss.scaled[0, 1:]))
        without = scaled_loss(np.delete(violations, 2, axis=2), scaling)
        assert loss.scaled[0, 1] >= without.scaled[0, 1] + 0.9
        assert loss.log[0, 0] == np.inf
        # What is known of such a point still counts, after everything that is known of others.
        assert loss.log[0, 1] - without.log[0, 1] > math.log1p(np.finfo(float).max)


def test_progress_is_seen_while_a_later_stage_is_unknown() -> None:
    progress, who, invalid = Progress(1), np.array([0]), np.zeros((1, 4), dtype=bool)
    violations = np.full((1, 4, 3), 2.0)
    violations[..., 2] = np.inf
    progress.note(who, scaled_loss(violations, "minmax"), invalid)
    progress.note(who, scaled_loss(violations, "minmax"), invalid)
    assert progress.idle[0] == 1
    violations[0, 1, 0] = 1.5
    progress.note(who, scaled_loss(violations, "minmax"), invalid)
    assert progress.idle[0] == 0
    violations[0, 2] = [2.0, 2.0, 1e300]  # a known violation, however large, is better than an unknown one
    progress.note(who, scaled_loss(violations, "minmax"), invalid)
    assert progress.idle[0] == 0
    failed = np.full((1, 4, 3), np.inf)
    progress.note(who, scaled_loss(failed, "minmax"), invalid)
    assert progress.idle[0] == 1


def test_many_failures_switch_minmax_to_ranks() -> None:
    violations = np.random.default_rng(1).exponential(1.0, (1, 12, 3))
    violations[0, 0] = np.inf
    by_minmax, by_rank = scaled_loss(violations, "minmax"), scaled_loss(violations, "rank")
    assert np.array_equal(by_minmax.scaled, by_rank.scaled)


def test_streams_survive_packing() -> None:
    streams, copies = problems.streams(1, range(3)), problems.streams(2, range(3))
    for stream in streams:
        stream.integers(0, 9, dtype=np.uint32)  # leaves half a draw over
    unpack_streams(pack_streams(streams), copies)
    for stream, copy in zip(streams, copies, strict=True):
        assert (
            stream.integers(0, 2**31, 5, dtype=np.uint32).tolist()
            == copy.integers(0, 2**31, 5, dtype=np.uint32).tolist()
        )
        assert np.array_equal(stream.standard_normal(7), copy.standard_normal(7))


def test_making_a_pycma_run_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _pycma(np.random.default_rng(0), np.zeros(3), 1.0, 8)
