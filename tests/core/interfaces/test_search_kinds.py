"""Kinds for searches, against numerical minimisation, scipy.stats and the definition of CLs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize_scalar
from support.constraint_kinds import one as _one

from terranova import BackgroundFree, CLsLimit, Counting


def _counted(n: int, b: float, sigma: float, signal: float) -> float:
    """-2 ln L of a count, relative to a perfect prediction, minimised over the background."""

    def cost(background: float) -> float:
        perfect = stats.poisson.logpmf(n, n) if n else 0.0
        return float(
            -2 * (stats.poisson.logpmf(n, signal + background) - perfect) + ((background - b) / sigma) ** 2
        )

    top = b + 10 * sigma + n
    return float(minimize_scalar(cost, bounds=(0.0, top), method="bounded", options={"xatol": 1e-11}).fun)


@pytest.mark.parametrize(
    ("n", "b", "sigma"), [(7, 4.2, 1.1), (0, 0.4, 0.3), (3, 0.1, 0.5), (120, 100.0, 15.0), (1, 5, 2)]
)
def test_the_error_of_a_background_is_profiled(n: int, b: float, sigma: float) -> None:
    constraint = Counting(**_one(), observed=n, background=b, sigma_background=sigma)
    signals = np.array([0.0, 0.5, 3.0, 12.0, 60.0])
    expected = [_counted(n, b, sigma, s) for s in signals]
    np.testing.assert_allclose(-2 * constraint.loglike(signals[:, None]), expected, rtol=1e-6, atol=1e-6)


def test_a_background_that_is_known_leaves_poissons_distribution() -> None:
    constraint = Counting(**_one(), observed=5, background=2.5, sigma_background=0.0)
    signals = np.array([0.0, 1.0, 2.5, 9.0])
    expected = stats.poisson.logpmf(5, signals + 2.5) - stats.poisson.logpmf(5, 5)
    np.testing.assert_allclose(constraint.loglike(signals[:, None]), expected, atol=1e-12)
    assert constraint.loglike(np.array([[-3.0]]))[0] == -np.inf, "no number of events is negative"


@pytest.mark.parametrize(("n", "b", "sigma"), [(7, 4.2, 1.1), (0, 0.0, 0.0), (3, 2.0, 0.0), (50, 20.0, 5.0)])
def test_a_count_accepts_what_agrees_with_it(n: int, b: float, sigma: float) -> None:
    constraint = Counting(**_one(), observed=n, background=b, sigma_background=sigma, max_chi2=3.0)
    low, high = constraint.window()
    assert low <= n - b < high
    inner = np.array([[low], [high]]) + 1e-9 * (high - low) * np.array([[1], [-1]])
    assert (-2 * constraint.loglike(inner) <= 3.0).all()
    assert (-2 * constraint.loglike(np.array([[low - 1e-6], [high + 1e-6]])) > 3.0).all()
    assert constraint.violation(np.array([[high + 2.0]]))[0] == pytest.approx(2.0)
    if n == b == 0:
        assert high == pytest.approx(1.5), "-2 ln L of no event is twice the expectation"
    assert constraint.measurements == 1


def test_large_counts_are_gaussian() -> None:
    constraint = Counting(**_one(), observed=10**6, background=9e5, sigma_background=3e3)
    signals = 1e5 + np.array([-4e3, 2e3, 5e3])
    expected = (signals - 1e5) ** 2 / (1e6 + 9e6)
    np.testing.assert_allclose(-2 * constraint.loglike(signals[:, None]), expected, rtol=5e-3)


def test_without_background_the_likelihood_is_linear() -> None:
    """2.30 events at the limit at 90 %: -2 ln L is 4.6 there, where a half-Gaussian has 1.64."""
    constraint = BackgroundFree(**_one(), upper=1.5e-13)
    values = np.array([-1e-13, 0.0, 0.75e-13, 1.5e-13, 3e-13])
    np.testing.assert_allclose(
        -2 * constraint.loglike(values[:, None]), [0, 0, 2.302585, 4.60517, 9.21034], rtol=1e-6
    )
    np.testing.assert_allclose(constraint.violation(values[:, None]), [0, 0, 0, 0, 1.5e-13])
    counting = Counting(**_one(), observed=0, background=0.0, sigma_background=0.0)
    events = -np.log(0.1) * values[1:, None] / 1.5e-13
    np.testing.assert_allclose(constraint.loglike(values[1:, None]), counting.loglike(events), rtol=1e-12)
    assert (constraint.measurements, constraint.hard) == (0, False)


@pytest.mark.parametrize(("sigma", "relative"), [(0.3, 0.0), (0.0, 0.3), (0.2, 0.1), (2.0, 0.0)])
def test_a_limit_without_background_is_profiled_over_theory(sigma: float, relative: float) -> None:
    constraint = BackgroundFree(**_one(), upper=2.0, cl=0.95, theory_sigma=sigma, theory_relative=relative)
    slope = -2 * np.log(0.05) / 2.0
    shifts = np.linspace(-8, 8, 400001)
    at = np.array([0.0, 0.1, 1.0, 2.5, 6.0])
    expected = [np.min(slope * np.maximum(o + np.hypot(sigma, relative * o) * shifts, 0.0) + shifts**2) for o in at]
    np.testing.assert_allclose(-2 * constraint.loglike(at[:, None]), expected, atol=1e-4)
    end = constraint.window()[1]
    assert end > 2.0
    assert -2 * constraint.loglike(np.array([[end]]))[0] == pytest.approx(-2 * np.log(0.05))


def _cls(signal: float, measured: float, sigma: float) -> float:
    return float(stats.norm.cdf((measured - signal) / sigma) / stats.norm.cdf(measured / sigma))


@pytest.mark.parametrize(("observed", "expected"), [(1.0, 1.0), (1.6, 1.0), (0.6, 1.0), (4.0, 1.0), (0.2, 0.3)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_observed_and_expected_limits_are_those_of_the_gaussian(
    observed: float, expected: float, level: float
) -> None:
    constraint = CLsLimit(**_one(), observed=observed, expected=expected, cl=level)
    measured, sigma = constraint.measurement
    assert _cls(observed, measured, sigma) == pytest.approx(1 - level)
    assert _cls(expected, 0.0, sigma) == pytest.approx(1 - level)
    assert (measured > 0) == (observed > expected) or observed == expected
    values = np.linspace(0, 3 * observed, 50)
    excluded = np.array([_cls(v, measured, sigma) < 1 - level for v in values])
    np.testing.assert_array_equal(constraint.violation(values[:, None]) > 0, excluded)
    chi2 = ((values - measured) / sigma) ** 2
    best = min(measured, 0.0) ** 2 / sigma**2
    np.testing.assert_allclose(-2 * constraint.loglike(values[:, None]), chi2 - best, atol=1e-9)
    assert constraint.measurements == 0


def test_as_expected_the_width_is_the_limit_over_1_96() -> None:
    measured, sigma = CLsLimit(**_one(), observed=2.0, expected=2.0).measurement
    assert measured == pytest.approx(0.0, abs=1e-9)
    assert 2.0 / sigma == pytest.approx(1.959964, rel=1e-6)


def test_a_cls_limit_takes_errors_of_theory() -> None:
    words: dict[str, Any] = {"observed": 1.4, "expected": 1.0}
    plain = CLsLimit(**_one(), **words)
    constraint = CLsLimit(**_one(), **words, theory_sigma=0.1, theory_relative=0.2)
    measured, sigma = plain.measurement
    total = np.sqrt(sigma**2 + 0.1**2 + (0.2 * 3.0) ** 2)
    assert -2 * constraint.loglike(np.array([[3.0]]))[0] == pytest.approx(((3.0 - measured) / total) ** 2)
    end = constraint.window()[1]
    assert end > 1.4
    assert _cls(end, measured, float(np.sqrt(sigma**2 + 0.1**2 + (0.2 * end) ** 2))) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("kind", "words", "message"),
    [
        (Counting, {"observed": -1, "background": 1, "sigma_background": 1}, "observed must not"),
        (Counting, {"observed": 1, "background": -1, "sigma_background": 1}, "background must not"),
        (Counting, {"observed": 1, "background": 1, "sigma_background": 1, "max_chi2": 0}, "max_chi2"),
        (Counting, {"observed": 1, "background": 1, "sigma_background": 1, "distance": "log"}, "positive bounds"),
        (BackgroundFree, {"upper": 0}, "upper must be positive"),
        (BackgroundFree, {"upper": 1, "cl": 95}, "cl must lie"),
        (BackgroundFree, {"upper": 1, "theory_relative": 0.5}, "nothing is excluded"),
        (CLsLimit, {"observed": 1, "expected": 0}, "expected must be positive"),
        (CLsLimit, {"observed": 1, "expected": 1, "cl": 0.05}, "cl must lie"),
        (CLsLimit, {"observed": 1e-3, "expected": 1}, "not of one search"),
        (CLsLimit, {"observed": 1, "expected": 1, "theory_relative": 0.8}, "nothing is excluded"),
    ],
)
def test_senseless_searches_are_refused(kind: Any, words: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**_one(), **words)


def test_searches_say_what_they_are() -> None:
    counting = Counting(**_one(), observed=7, background=4.2, sigma_background=1.1)
    assert counting.describe() == "7 events, 4.2 ± 1.1 without signal"
    assert "no event" in BackgroundFree(**_one(), upper=1.0).describe()
    assert CLsLimit(**_one(), observed=1.0, expected=2.0).describe() == "≤ 1 at 95 % CLs, 2 expected"
    assert counting.residuals(np.zeros((1, 1))) is None
