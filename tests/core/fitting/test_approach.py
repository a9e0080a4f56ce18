"""A first allowed point where almost none is."""

from __future__ import annotations

import numpy as np
import pytest

import terranova
from terranova.fitting.approach import approach, nearest_draws
from terranova.fitting.axes import make_axis
from terranova.fitting.lanes import Holder, Lanes
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.terms import Linearised

pytestmark = pytest.mark.integration


def _holder() -> tuple[Likelihood, Holder, Lanes]:
    problem = terranova.problem("profile-valley", ["profile-valley"])
    known = Likelihood(problem, problem.evaluate)
    holder = Holder(Linearised(known, np.random.default_rng(1)), [make_axis(known, "t", 20, None)])
    return known, holder, Lanes(np.arange(20)[:, None], np.arange(20) % 2)


def test_a_tuned_valley_is_found_from_random_points() -> None:
    """A random point lies in it with probability 1e-3 to 1e-5 where t is large."""
    known, holder, lanes = _holder()
    u = approach(holder, nearest_draws(holder, lanes, np.random.default_rng(3)), lanes, 400)
    terms = holder.terms(holder.charts.from_cube(u, lanes.chart), lanes)
    assert np.isfinite(terms.loglike).sum() >= 10
    assert known.evaluations < 20 * 600


def test_the_nearest_of_many_draws_is_nearer_than_one() -> None:
    _, holder, lanes = _holder()

    def far(u: np.ndarray) -> np.ndarray:
        terms = holder.terms(holder.charts.from_cube(u, lanes.chart), lanes)
        return (np.maximum(holder.linearised.distances(terms), 0.0) ** 2).sum(axis=1)

    drawn = far(nearest_draws(holder, lanes, np.random.default_rng(3)))
    one = far(np.random.default_rng(4).random((20, holder.dimension)))
    assert np.median(drawn) < np.median(one)


def test_a_point_that_is_allowed_stays() -> None:
    _, holder, lanes = _holder()
    t = holder.axes[0].centres
    x = np.column_stack([t, np.full(20, 400.0), 400.0**2 / t, np.zeros((20, 3))])
    x[:, 3] = 0.0
    x[:, 4:] = (np.arange(2) + 1) * np.tanh(t / (1.0 + t))[:, None]
    start = holder.likelihood.problem.model.space.to_unit(x)[:, holder.free]
    inside = Holder(holder.linearised, holder.axes)
    np.testing.assert_allclose(approach(inside, start, lanes, 100)[8:], start[8:], atol=1e-12)
