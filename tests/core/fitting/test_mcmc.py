"""Markov chains: moments that are known, walkers that cross seams, and no room for any."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from support.fit_problems import likelihood, linear_solution, measured, problem

from terranova.errors import RunError
from terranova.fitting.best import find_best, first_points
from terranova.fitting.mcmc import mcmc
from terranova.fitting.posterior import Posterior

pytestmark = pytest.mark.integration

pytest.importorskip("emcee", reason="the fit extra is not installed")


VALUES = np.array([1.0, -2.0, 3.0])


def _linear() -> Any:
    model = {"name": "fit-linear", "free": 2, "measured": 3}
    return likelihood(problem(model, [measured(f"y{i}", float(v), unit="GeV") for i, v in enumerate(VALUES)]))


def _check_moments(found: Posterior, independent: float) -> None:
    """Means and errors agree with the Gaussian, as well as that many independent points can tell."""
    best, covariance, _ = linear_solution(VALUES, 2)
    for i in range(2):
        mean, deviation = found.mean(f"a{i}")
        sigma = covariance[i, i] ** 0.5
        assert abs(mean - best[i]) < 5.0 * sigma / independent**0.5
        assert abs(deviation / sigma - 1.0) < 5.0 / (2.0 * independent) ** 0.5
        low, high = found.credible(f"a{i}", 0.68)
        half = sigma * stats.norm.ppf(0.84)
        assert low == pytest.approx(best[i] - half, abs=7.0 * sigma / independent**0.5)
        assert high == pytest.approx(best[i] + half, abs=7.0 * sigma / independent**0.5)


def test_mcmc_posterior_of_a_linear_model() -> None:
    known = _linear()
    find_best(known, np.random.default_rng(1), starts=4)
    found = mcmc(known, 1, first_points(known, 64), lengths=50, steps=4000)
    assert found.converged
    _check_moments(found, min(found.effective, 1500.0))


def test_walkers_cross_the_seam_of_an_angle() -> None:
    known = likelihood(
        problem({"name": "fit-simple"}, [measured("turn", 0.0, 0.2)], parameters={"size": 1, "x": 0})
    )
    find_best(known, np.random.default_rng(1), starts=4)
    found = mcmc(known, 2, first_points(known, 64), steps=3000)
    assert found.mean("turn")[0] == pytest.approx(0.0, abs=0.03)
    assert found.mean("turn")[1] == pytest.approx(0.2, abs=0.03)
    assert (np.abs(found.column("phi")) <= np.pi).all()


def test_no_room_for_walkers_is_said() -> None:
    window = {"name": "w", "observable": "same", "kind": "window", "lower": 0.0, "upper": 1e-14}
    constraints = [{**window, "source": "by construction"}]
    known = likelihood(problem({"name": "fit-simple"}, constraints, parameters={"phi": 0, "size": 1}))
    with pytest.raises(RunError, match="no room"):
        mcmc(known, 1, np.array([[0.5 + 1e-16]]))
