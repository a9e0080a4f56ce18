"""Nested sampling: evidences and moments that are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from support.fit_problems import likelihood, linear_solution, measured, problem

from terranova.fitting.nested import nested
from terranova.fitting.posterior import Posterior

pytestmark = pytest.mark.integration

pytest.importorskip("nautilus", reason="the fit extra is not installed")

CHEAP: dict[str, Any] = {"live": 400, "effective": 1500}


VALUES = np.array([1.0, -2.0, 3.0])


def _mixture(free: int, peaks: int, **how: int) -> Posterior:
    model = {"name": "fit-mixture", "free": free, "peaks": peaks, "width": 0.03}
    return nested(likelihood(problem(model, ["fit-density"])), 1, **how)


def _within(found: Posterior) -> None:
    assert found.log_evidence is not None
    assert found.log_evidence_error is not None
    assert found.converged
    assert abs(found.log_evidence) < 4.0 * found.log_evidence_error


@pytest.mark.slow
def test_evidence_of_a_mixture() -> None:
    _within(_mixture(2, 2, live=200, effective=400))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_evidence_of_a_mixture_in_five_dimensions() -> None:
    _within(_mixture(5, 2, **CHEAP))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("free", "peaks"), [(10, 2), (20, 1)])
def test_evidence_of_a_mixture_in_many_dimensions(free: int, peaks: int) -> None:
    _within(_mixture(free, peaks, live=1000, effective=4000))


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
def test_nested_posterior_of_a_linear_model() -> None:
    """Moments, and the evidence: the Gaussian integral over a flat prior of 20 x 20."""
    found = nested(_linear(), 1, **CHEAP)
    _check_moments(found, found.effective)
    _, covariance, chi2 = linear_solution(VALUES, 2)
    expected = -0.5 * chi2 + 0.5 * np.log(np.linalg.det(2.0 * np.pi * covariance)) - np.log(400.0)
    assert found.log_evidence == pytest.approx(expected, abs=0.1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_evidence_of_a_small_window() -> None:
    """A region around the few live points within it cuts off its corners, half of it."""
    window = {"kind": "window", "lower": 0.0, "upper": 0.3, "source": "by construction"}
    constraints = [
        {**window, "name": "x", "observable": "same", "upper": 0.5},
        {**window, "name": "s", "observable": "decades"},
    ]
    found = nested(
        likelihood(problem({"name": "fit-simple"}, constraints, parameters={"phi": 0})), 1, live=200, effective=1000
    )
    assert found.converged
    assert found.log_evidence == pytest.approx(np.log(0.05 * 0.05), abs=0.15)
