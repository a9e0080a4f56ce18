"""Errors of predictions: their likelihood is the profile over a nuisance parameter, found here by minimisation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from support.constraint_kinds import REFERENCE, ThreeNumbers
from support.constraint_kinds import one as _one

from terranova import Asymmetric, BoundModel, Constraint, ConstraintSet, Gaussian, Limit, Problem
from terranova.interfaces.theory_errors import shared_errors, shared_problems

ERRORS = [(0.2, 0.0), (0.0, 0.1), (0.15, 0.05)]


def _profiled(without: Constraint, prediction: float, sigma: float, relative: float) -> float:
    """-2 ln L of a kind without theory error, minimised over two nuisance parameters that act as one."""
    spread = np.hypot(sigma, relative * prediction)
    found = minimize_scalar(
        lambda xi: -2 * float(without.loglike(np.array([[prediction + spread * xi]]))[0]) + xi**2,
        bounds=(-30, 30), method="bounded", options={"xatol": 1e-10},
    )  # fmt: skip
    return float(found.fun)


@pytest.mark.parametrize(("sigma", "relative"), ERRORS)
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Gaussian, {"value": 3.4, "sigma": 0.19}),
        (Asymmetric, {"value": 1.1, "sigma_up": 0.4, "sigma_down": 0.2}),
        (Limit, {"upper": 0.8, "cl": 0.9}),
    ],
)
def test_a_theory_error_is_profiled(kind: Any, words: dict[str, Any], sigma: float, relative: float) -> None:
    constraint = kind(**_one(), **words, theory_sigma=sigma, theory_relative=relative)
    at = np.array([0.2, 0.9, 1.3, 3.0, 4.5])
    expected = [_profiled(kind(**_one(), **words), o, sigma, relative) for o in at]
    np.testing.assert_allclose(-2 * constraint.loglike(at[:, None]), expected, rtol=1e-6, atol=1e-9)
    residuals = constraint.residuals(at[:, None])
    np.testing.assert_allclose(residuals[:, 0] ** 2, expected, rtol=1e-6, atol=1e-9)
    assert "(theory)" in constraint.describe()


@settings(max_examples=100, deadline=None)
@given(
    st.floats(-10, 10),
    st.floats(0.01, 5),
    st.floats(0.01, 5),
    st.floats(0, 5),
    st.floats(0, 0.6),
    st.floats(0.5, 3),
)
def test_what_is_accepted_ends_where_the_pull_is_nsigma(
    value: float, up: float, down: float, sigma: float, relative: float, nsigma: float
) -> None:
    assume(nsigma * relative < 0.99)
    words: dict[str, Any] = {"value": value, "sigma_up": up, "sigma_down": down, "nsigma": nsigma}
    constraint = Asymmetric(**_one(), **words, theory_sigma=sigma, theory_relative=relative)
    low, high = constraint.window()
    pulls = constraint.residuals(np.array([[low], [high]]))
    assert pulls is not None
    np.testing.assert_allclose(pulls[:, 0], [-nsigma, nsigma], rtol=1e-6)
    assert low < value < high


def test_a_limit_is_accepted_up_to_its_level() -> None:
    limit = Limit(**_one(), upper=2.0, cl=0.95, theory_sigma=0.5, theory_relative=0.1)
    end = limit.window()[1]
    assert end > 2.0
    assert -2 * limit.loglike(np.array([[end]]))[0] == pytest.approx(1.6448536269514722**2)
    assert limit.violation(np.array([[end], [end + 1.0]])) == pytest.approx([0.0, 1.0])


def test_without_theory_error_every_bit_is_as_before() -> None:
    constraint = Asymmetric(**_one(), value=1.1, sigma_up=0.3, sigma_down=0.7)
    at = np.random.default_rng(1).normal(1, 2, (100, 1))
    distance = at[:, 0] - 1.1
    pull = distance / np.where(distance > 0, 0.3, 0.7)
    np.testing.assert_array_equal(constraint.loglike(at), -0.5 * pull * pull)
    assert constraint.window() == (1.1 - 2.0 * 0.7, 1.1 + 2.0 * 0.3)


@pytest.mark.parametrize(("sigma", "relative"), ERRORS)
def test_a_problem_adds_what_each_constraint_says(sigma: float, relative: float) -> None:
    """The problem scores measurements all at once, in code of its own."""
    group = [
        Gaussian(**_one("a", "x"), value=1.0, sigma=0.5, theory_sigma=sigma, theory_relative=relative),
        Asymmetric(**_one("b", "y"), value=1.0, sigma_up=0.5, sigma_down=0.1, theory_sigma=sigma),
        Gaussian(**_one("c", "z"), value=-1.0, sigma=0.5),
        Limit(**_one("d", "z"), upper=1.0, cl=0.9, theory_relative=relative),
    ]
    problem = Problem(BoundModel(ThreeNumbers()), [ConstraintSet("s", tuple(group))])
    values = np.random.default_rng(1).normal(0, 2, (50, 3))
    violations, loglike = problem.score(values, values)
    columns = {"x": 0, "y": 1, "z": 2}
    said = [values[:, [columns[c.observables[0]]]] for c in group]
    np.testing.assert_allclose(loglike, sum(c.loglike(v) for c, v in zip(group, said, strict=True)))
    for i, (constraint, read) in enumerate(zip(group, said, strict=True)):
        np.testing.assert_array_equal(violations[:, i], constraint.violation(read))


@pytest.mark.parametrize(
    ("kind", "words", "message"),
    [
        (Gaussian, {"value": 1, "sigma": 1, "theory_sigma": -1}, "theory_sigma must not be negative"),
        (Gaussian, {"value": 1, "sigma": 1, "theory_sigma": float("nan")}, "theory_sigma"),
        (Gaussian, {"value": 1, "sigma": 1, "theory_relative": 5}, "0.05 for 5 %"),
        (Gaussian, {"value": 1, "sigma": 1, "theory_relative": 0.5}, "no prediction is 2 standard deviations"),
        (Limit, {"upper": 1, "theory_sigma": 1}, "theory_sigma needs cl"),
        (Limit, {"lower": 1, "theory_relative": 0.1}, "theory_relative needs cl"),
    ],
)
def test_senseless_errors_are_refused(kind: Any, words: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**{**_one(), **REFERENCE}, **words)


def test_a_large_relative_error_is_welcome_with_a_window_of_its_own() -> None:
    wide = Gaussian(**_one(), value=1.0, sigma=1.0, theory_relative=0.9, accept=(0.0, 5.0))
    assert -2 * wide.loglike(np.array([[1e9]]))[0] == pytest.approx(1 / 0.81), "a prediction may be zero after all"


@pytest.mark.parametrize(
    ("theory", "where", "message"),
    [
        ({"ggF": 0.05}, ("ggF",), "expected keys with values"),
        ({"ggF": {"relativ": 0.05}}, ("ggF", "relativ"), "unknown key (did you mean 'relative'?)"),
        ({"ggF": {"on": ["a"]}}, ("ggF",), "either sigma"),
        ({"ggF": {"sigma": 1, "relative": 0.1}}, ("ggF",), "either sigma"),
        ({"ggF": {"relative": 5}}, ("ggF", "relative"), "0.05 for 5 %"),
        ({"ggF": {"sigma": "5 %"}}, ("ggF", "sigma"), "expected a number, got '5 %'"),
        ({"ggF": {"sigma": True}}, ("ggF", "sigma"), "expected a number"),
        ({"ggF": {"sigma": 0}}, ("ggF", "sigma"), "must be above 0"),
        ({"ggF": {"sigma": [1, 2, 3], "on": ["a", "b"]}}, ("ggF", "sigma"), "expected 2 numbers"),
        ({"ggF": {"sigma": [1, float("inf")]}}, ("ggF", "sigma", 1), "expected a number"),
        ({"ggF": {"sigma": 1, "on": "a"}}, ("ggF", "on"), "expected a list"),
        ({"ggF": {"sigma": 1, "on": []}}, ("ggF", "on"), "expected a list"),
        ({"ggF": {"sigma": 1, "on": ["mu_ggH"]}}, ("ggF", "on", 0), "did you mean 'mu_ggF'"),
        ({"ggF": {"sigma": 1, "on": ["a", "a"]}}, ("ggF", "on"), "twice"),
    ],
)
def test_shared_errors_that_are_wrong_say_where(theory: Any, where: tuple[object, ...], message: str) -> None:
    observables = ("a", "mu_ggF") if "mu_ggH" in str(theory) else ("a", "b")
    problems = [p for p in shared_problems(theory, observables) if message in p.message]
    assert [p.path for p in problems] == [where]
    with pytest.raises(ValueError, match=r"^theory\.ggF"):
        shared_errors(theory, observables)
