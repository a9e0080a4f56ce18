"""Best fits, profile likelihoods and intervals, against what is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from support.fit_problems import likelihood, linear_solution, measured, problem

from terranova.fitting.axes import make_axis
from terranova.fitting.best import find_best
from terranova.fitting.intervals import intervals
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.profile import profile

pytestmark = pytest.mark.integration

LEVELS = (0.68, 0.95)
VALUES = np.array([1.0, -2.0, 3.0, 0.5, -1.0, 2.0])
LINEAR = {"name": "fit-linear", "free": 3, "measured": 6}


def _linear() -> Likelihood:
    return likelihood(problem(LINEAR, [measured(f"y{i}", v, unit="GeV") for i, v in enumerate(VALUES)]))


def _found(known: Likelihood, name: str, bins: int = 24, **more: object) -> tuple[list, float]:
    """The intervals of one quantity, and the best value of ln L."""
    rng = np.random.default_rng(5)
    best = find_best(known, rng, starts=4)
    curve = profile(known, [make_axis(known, name, bins, more.pop("limits", None), **more)], rng)
    return intervals(known, curve, LEVELS, rng), best.loglike


@pytest.mark.slow
def test_plane_of_two_parameters() -> None:
    known = _linear()
    rng = np.random.default_rng(2)
    best = find_best(known, rng, starts=4)
    expected, covariance, _ = linear_solution(VALUES, 3)
    sub = np.linalg.inv(covariance[:2, :2])
    spans = [(expected[i] - 2 * covariance[i, i] ** 0.5, expected[i] + 2 * covariance[i, i] ** 0.5) for i in (0, 1)]
    axes = [make_axis(known, f"a{i}", 7, spans[i]) for i in (0, 1)]
    plane = profile(known, axes, rng)
    offset = np.stack(np.meshgrid(axes[0].centres, axes[1].centres, indexing="ij"), axis=-1) - expected[:2]
    delta = np.einsum("ijk,kl,ijl->ij", offset, sub, offset)
    near = delta < 10.0
    assert near.sum() > 20
    np.testing.assert_allclose(plane.delta_chi2(best.loglike)[near], delta[near], atol=0.02)


def test_a_profile_says_how_far_it_is() -> None:
    known, said = _linear(), []
    rng = np.random.default_rng(2)
    find_best(known, rng, starts=2)
    profile(known, [make_axis(known, "a0", 5, (-1.0, 3.0))], rng, generations=10, say=said.append)
    counts = [int(words.split(" evaluations")[0].rsplit(" ", 1)[1].replace(",", "")) for words in said]
    assert said[0].startswith("profile of a0: sweep 1 of at most 8, 5 of 5 bins")
    assert counts == sorted(counts)
    assert len(set(counts)) > 10


def test_more_points_never_lower_a_profile() -> None:
    """What is known can only grow: the same profile after more points lies nowhere lower in ln L."""
    known = _linear()
    rng = np.random.default_rng(4)
    find_best(known, rng, starts=4)
    axis = make_axis(known, "a0", 12, (-2.0, 4.0))
    first = profile(known, [axis], rng, generations=5)
    known.batch(np.random.default_rng(1).random((20_000, 3)))
    second = profile(known, [axis], rng, generations=5)
    assert (second.loglike >= first.loglike).all()
