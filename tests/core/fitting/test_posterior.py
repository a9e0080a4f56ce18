"""Posteriors and evidences, against what is known in closed form."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from scipy import stats
from support.fit_problems import likelihood, linear_solution, matrix, measured, problem

from terranova.fitting.best import find_best, first_points
from terranova.fitting.mcmc import mcmc
from terranova.fitting.nested import nested
from terranova.fitting.posterior import Posterior

pytestmark = pytest.mark.integration

nautilus = pytest.importorskip("nautilus", reason="the fit extra is not installed")
pytest.importorskip("emcee", reason="the fit extra is not installed")

CHEAP: dict[str, Any] = {"live": 400, "effective": 1500}
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


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_window_cuts_the_posterior() -> None:
    """Half of a Gaussian, cut at its centre: evidence half, mean sqrt(2/pi) sigma away."""
    window = {"name": "w", "observable": "turn", "kind": "window", "lower": 0.0, "source": "by construction"}
    constraints = [measured("turn", 0.0, 0.1), window]
    found = nested(
        likelihood(problem({"name": "fit-simple"}, constraints, parameters={"size": 1, "x": 0})), 1, **CHEAP
    )
    expected = np.log(0.5 * np.sqrt(2.0 * np.pi) * 0.1 / (2.0 * np.pi))
    assert found.log_evidence == pytest.approx(expected, abs=0.1)
    assert found.mean("turn")[0] == pytest.approx(0.1 * np.sqrt(2.0 / np.pi), abs=0.012)
    assert found.column("turn").min() >= 0.0


def _rank(rng: np.random.Generator, seed: int, draws: int) -> int:
    """The rank of the truth among draws from the posterior of data that it has made."""
    truth = rng.uniform(-10.0, 10.0, 2)
    data = matrix(3, 2) @ truth + 6.0 * rng.standard_normal(3)
    model = {"name": "fit-linear", "free": 2, "measured": 3}
    constraints = [measured(f"y{i}", float(v), 6.0, unit="GeV") for i, v in enumerate(data)]
    found = nested(likelihood(problem(model, constraints)), seed, live=100, effective=300)
    rows = rng.choice(len(found.weights), draws, p=found.weights)
    return int((found.column("a0")[rows] < truth[0]).sum())


def _check_ranks(count: int) -> None:
    """Simulation-based calibration (arXiv:1804.06788): ranks of the truth are uniform."""
    rng, draws = np.random.default_rng(23), 19
    ranks = [_rank(rng, i, draws) for i in range(count)]
    counts = np.bincount(np.array(ranks) // 4, minlength=5)
    assert stats.chisquare(counts).pvalue > 1e-3, counts


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_calibration_of_the_posterior() -> None:
    _check_ranks(100)


@pytest.mark.parametrize("method", [pytest.param("nested", marks=pytest.mark.slow), "mcmc"])
def test_arviz_reads_a_posterior(method: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a coming reorganisation
        pytest.importorskip("arviz", reason="arviz is not installed")
        known = _linear()
        find_best(known, np.random.default_rng(1), starts=4)
        if method == "nested":
            found = nested(known, 1, **CHEAP)
        else:
            found = mcmc(known, 1, first_points(known, 64), lengths=10, steps=1000)
        data = found.to_arviz()
    mean, deviation = found.mean("a0")
    values = data.posterior["a0"].values
    assert values.shape[0] == (1 if method == "nested" else 64)
    assert values.mean() == pytest.approx(mean, abs=0.15 * deviation)
    assert values.std() == pytest.approx(deviation, rel=0.15)
    assert data.sample_stats["lp"].shape == values.shape
