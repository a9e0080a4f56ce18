"""Kinds of constraints: violations and log-likelihoods of windows, measurements and limits; rules of all."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.constraint_kinds import CONSTRAINTS, INTERVALS, PAIR, PAIR_VALUES, REFERENCE, ThreeNumbers
from support.constraint_kinds import asymmetric as _asymmetric
from support.constraint_kinds import one as _one

from terranova import (
    Asymmetric,
    BoundModel,
    CLsLimit,
    Constraint,
    ConstraintSet,
    Correlated,
    Function,
    Gaussian,
    Limit,
    Problem,
    Tabulated,
    Window,
)
from terranova.interfaces.constraint import Interval


def _points(constraint: Constraint, seed: int, n: int = 50) -> np.ndarray:
    """Points (n, len(observables)) around where the constraint becomes interesting."""
    low, high = constraint.window()
    ends = [v for v in (low, high) if math.isfinite(v)]
    centre = float(np.mean(ends)) if ends else 0.0
    width = (high - low) if len(ends) == 2 else 1.0 + abs(centre)
    shape = (n, len(constraint.observables))
    points = centre + 1.5 * width * np.random.default_rng(seed).standard_normal(shape)
    if isinstance(constraint, Interval):
        points[: len(ends), 0] = ends
    return points


# -- one constraint -----------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(constraint=CONSTRAINTS, seed=st.integers(0, 1000))
def test_violation_and_loglike_make_sense(constraint: Constraint, seed: int) -> None:
    values = _points(constraint, seed)
    violation, loglike = constraint.violation(values), constraint.loglike(values)
    assert violation.shape == loglike.shape == (len(values),)
    assert (violation >= 0).all()
    assert np.isfinite(violation).all()
    assert (loglike <= 0).all()
    assert not np.isnan(loglike).any()
    assert constraint.describe()
    assert constraint.column == "C_c"


@settings(max_examples=200, deadline=None)
@given(constraint=INTERVALS, seed=st.integers(0, 1000))
def test_an_interval_is_violated_exactly_outside(constraint: Constraint, seed: int) -> None:
    values = _points(constraint, seed)
    low, high = constraint.window()
    inside = (values[:, 0] >= low) & (values[:, 0] <= high)
    np.testing.assert_array_equal(constraint.violation(values) == 0, inside)


@settings(max_examples=200, deadline=None)
@given(constraint=INTERVALS)
def test_the_violation_is_the_distance(constraint: Constraint) -> None:
    low, high = constraint.window()
    for end, sign in ((low, -1), (high, 1)):
        if math.isfinite(end):
            distance = 1.0 + abs(end)
            found = constraint.violation(np.array([[end + sign * distance]]))[0]
            assert found == pytest.approx(distance / constraint.scale)


@settings(max_examples=200, deadline=None)
@given(constraint=_asymmetric(), seed=st.integers(0, 1000))
def test_a_measurement_is_best_at_its_value(constraint: Asymmetric, seed: int) -> None:
    assert constraint.loglike(np.array([[constraint.value]]))[0] == 0.0
    assert (constraint.loglike(_points(constraint, seed)) <= 0).all()
    one_sigma = np.array([[constraint.value + constraint.sigma_up], [constraint.value - constraint.sigma_down]])
    np.testing.assert_allclose(constraint.loglike(one_sigma), -0.5, rtol=1e-5)


@settings(max_examples=200, deadline=None)
@given(constraint=CONSTRAINTS, seed=st.integers(0, 1000))
def test_a_point_scores_alike_in_any_batch(constraint: Constraint, seed: int) -> None:
    values = _points(constraint, seed)
    order = np.random.default_rng(seed).permutation(len(values))
    for score in (constraint.violation, constraint.loglike):
        together = score(values)
        np.testing.assert_array_equal(score(values[order]), together[order])
        np.testing.assert_array_equal(np.concatenate([score(values[i : i + 1]) for i in range(10)]), together[:10])


def test_a_measurement_may_name_its_window() -> None:
    constraint = Asymmetric(**_one(), value=1.0, sigma_up=0.1, sigma_down=0.2, accept=(0.5, 1.6))
    assert constraint.window() == (0.5, 1.6)
    assert constraint.violation(np.array([[1.7]]))[0] == pytest.approx(0.1)


def test_a_limit_with_a_level_is_half_a_gaussian() -> None:
    constraint = Limit(**_one(), upper=2.0, cl=0.95)
    values = np.array([[-1.0], [0.0], [2.0], [4.0]])
    z = 1.6448536269514722  # the 95 % quantile of the normal distribution
    np.testing.assert_allclose(constraint.loglike(values), [0, 0, -0.5 * z**2, -2 * z**2])
    np.testing.assert_array_equal(constraint.violation(values), [0, 0, 0, 2])


def test_a_function() -> None:
    constraint = Function(
        name="f",
        observables=("x", "y"),
        source="theory: x below y",
        violation_of=lambda x, y: np.maximum(0, x - y),
        scale=2.0,
    )
    values = np.array([[1.0, 2.0], [5.0, 2.0]])
    np.testing.assert_array_equal(constraint.violation(values), [0, 1.5])
    np.testing.assert_array_equal(constraint.loglike(values), [0, -np.inf])


_TABLE: dict[str, Any] = {"x_grid": (1, 2), "limit": (1, 2)}


@pytest.mark.parametrize(
    ("kind", "words", "message"),
    [
        (Window, {**_one(), "source": " ", "lower": 0}, "needs a source"),
        (Window, {**_one(), "lower": 0, "scale": 0}, "scale"),
        (Window, {**_one(), "lower": 0, "scale": math.nan}, "scale"),
        (Window, _one(), "lower or an upper"),
        (Window, {**_one(), "lower": 1, "upper": 1}, "must be below"),
        (Window, {**_one(), "lower": math.nan}, "NaN"),
        (Gaussian, {**_one(), "value": 0, "sigma": 0}, "positive"),
        (Asymmetric, {**_one(), "value": 0, "sigma_up": 1, "sigma_down": -1}, "positive"),
        (Asymmetric, {**_one(), "value": 0, "sigma_up": 1, "sigma_down": 1, "nsigma": 0}, "nsigma"),
        (Asymmetric, {**_one(), "value": 0, "sigma_up": 1, "sigma_down": 1, "accept": (2, 1)}, "no interval"),
        (Asymmetric, {**_one(), "value": 0, "sigma_up": 1, "sigma_down": 1, "accept": (2, 3)}, "leaves out"),
        (Gaussian, {**_one(), "value": 125.2, "sigma": 1e-20}, "sigma is lost"),
        (Window, {**_one(), "lower": 0, "scale": 1e-300}, "too small to divide"),
        (Tabulated, {**PAIR, **_TABLE, "limit": (0, 1), "cl": 0.95}, "positive limits"),
        (Tabulated, {**_one(), **_TABLE, "limit": (5, 6)}, "accepts nothing"),
        (Limit, _one(), "exactly one"),
        (Limit, {**_one(), "upper": 1, "lower": 0}, "exactly one"),
        (Limit, {**_one(), "upper": 1, "cl": 95}, "cl"),
        (Limit, {**_one(), "upper": -1, "cl": 0.95}, "positive upper limit"),
        (Limit, {**_one(), "lower": 1, "cl": 0.95}, "positive upper limit"),
        (Correlated, {**PAIR, **PAIR_VALUES, "values": (0,)}, "needs 2 values"),
        (Correlated, {**PAIR, **PAIR_VALUES, "sigmas": (1, 0)}, "sigmas"),
        (Correlated, {**PAIR, **PAIR_VALUES, "correlation": ((1, 0.5), (0.4, 1))}, "symmetric"),
        (Correlated, {**PAIR, **PAIR_VALUES, "correlation": ((1, 2), (2, 1))}, "positive definite"),
        (Correlated, {**PAIR, **PAIR_VALUES, "max_chi2": 0}, "max_chi2"),
        (Tabulated, {**PAIR, **_TABLE, "x_grid": (1,)}, "same length"),
        (Tabulated, {**PAIR, **_TABLE, "x_grid": (2, 1)}, "increase"),
        (Tabulated, {**PAIR, **_TABLE, "side": "left"}, "side"),
        (Tabulated, {**PAIR, **_TABLE, "limit": (0, 1), "log": True}, "positive limits"),
        (Tabulated, {**PAIR, **_TABLE, "cl": 95}, "cl"),
        (Tabulated, {**PAIR, **_TABLE, "observables": ("x", "y", "z")}, "y_grid: missing"),
    ],
)
def test_senseless_constraints_are_refused(kind: type[Constraint], words: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**words)


# -- many constraints ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "constraint",
    [
        Window(name="c", observables=("x",), lower=1e-3, upper=1e-2, distance="log", **REFERENCE),
        Limit(name="c", observables=("x",), upper=1e-2, cl=0.9, distance="log", scale=2.0, **REFERENCE),
        Gaussian(name="c", observables=("x",), value=1e-3, sigma=1e-4, distance="log", **REFERENCE),
    ],
)
def test_distance_in_decades(constraint: Interval) -> None:
    """Decades to the nearest bound, positive exactly outside, the same alone and in a problem."""
    low, high = constraint.window()
    values = np.array([-1.0, 0.0, 1e-9, 1e-4, 2e-3, np.nextafter(high, 1.0), high, 0.1, 1e5])
    outside = (values < low) | (values > high)
    violation = constraint.violation(values[:, None])
    assert np.array_equal(violation > 0.0, outside)
    assert violation[-1] == pytest.approx(math.log10(1e5 / high) / constraint.scale)
    if np.isfinite(low):
        assert violation[3] == pytest.approx(math.log10(low / 1e-4) / constraint.scale)
    problem = Problem(BoundModel(ThreeNumbers()), [ConstraintSet("s", (constraint,))])
    observables = np.column_stack([values, np.ones((len(values), len(problem.model.observables) - 1))])
    assert np.array_equal(problem.score(np.zeros((len(values), 3)), observables)[0][:, 0], violation)


def test_distance_in_decades_needs_positive_bounds() -> None:
    for make in (
        lambda: Limit(name="c", observables=("x",), lower=0.0, distance="log", **REFERENCE),
        lambda: Window(name="c", observables=("x",), lower=-1.0, upper=1.0, distance="log", **REFERENCE),
        lambda: Gaussian(name="c", observables=("x",), value=0.0, sigma=1.0, distance="log", **REFERENCE),
    ):
        with pytest.raises(ValueError, match="positive bounds"):
            make()
    with pytest.raises(ValueError, match="distance"):
        Limit(name="c", observables=("x",), upper=1.0, distance="decades", **REFERENCE)


@given(constraint=CONSTRAINTS, seed=st.integers(0, 1000))
def test_residuals_are_the_likelihood_and_margins_the_violation(constraint: Constraint, seed: int) -> None:
    """Half the squares of residuals are -ln L, but for a constant; a margin is positive exactly where C is."""
    values = _points(constraint, seed)
    residuals = constraint.residuals(values)
    if residuals is not None:
        assert residuals.shape[0] == len(values)
        squares, zero = (residuals**2).sum(axis=1), np.zeros((1, values.shape[1]))
        least = 0.0
        if isinstance(constraint, CLsLimit):  # a deficit is a part of the squares at any signal
            least = -0.5 * float(constraint.residuals(zero)[0, 0] ** 2) - float(constraint.loglike(zero)[0])
        np.testing.assert_allclose(-0.5 * squares - least, constraint.loglike(values), rtol=1e-9, atol=1e-9)
    assert (residuals is None) or not constraint.hard
    margin, violation = constraint.margin(values), constraint.violation(values)
    np.testing.assert_array_equal(margin > 0.0, violation > 0.0)
    np.testing.assert_allclose(np.maximum(margin, 0.0), violation, rtol=1e-12)


def test_a_subclass_with_a_likelihood_of_its_own_has_no_residuals_of_its_base() -> None:
    class Tailed(Gaussian):
        kind = "tailed"

        def loglike(self, values: np.ndarray) -> np.ndarray:
            return -np.log1p((values[:, 0] - self.value) ** 2)

    tailed = Tailed(name="t", observables=("x",), source="by construction", value=0.0, sigma=1.0)
    assert tailed.residuals(np.ones((3, 1))) is None
    gaussian = Gaussian(name="t", observables=("x",), source="by construction", value=0.0, sigma=1.0)
    assert gaussian.residuals(np.ones((3, 1))) is not None


def test_measurements_are_counted_and_limits_are_not() -> None:
    """A limit that is far away is no measurement: nothing was learnt from it, and it adds nothing to chi2."""
    measured = Gaussian(**_one(), value=1.0, sigma=1.0)
    table = {"x_grid": (1.0, 2.0), "limit": (1.0, 2.0)}
    limits = [Limit(**_one(), upper=1.0, cl=0.95), Limit(**_one(), upper=1.0), Tabulated(**PAIR, **table, cl=0.95)]
    assert [c.measurements for c in (measured, *limits)] == [1, 0, 0, 0]
    assert Tabulated(**_one(), **table).measurements == 1
    assert Correlated(**PAIR, **PAIR_VALUES).measurements == 2
