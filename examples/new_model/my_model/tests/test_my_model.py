"""The model against what is known without it, and its limits. Install the package first."""

from __future__ import annotations

import numpy as np
import pytest
import terranova

from my_model.model import VEV, MyModel

POINT = {"m_S": 500.0, "m_h": 125.2, "sin_theta": 0.2, "v_S": 300.0}


@pytest.fixture(scope="module")
def problem() -> terranova.Problem:
    return terranova.problem("my_model", ["my_model-limits"])


def test_couplings_give_back_the_masses_and_the_mixing() -> None:
    out = terranova.model("my_model").evaluate(POINT)
    lambda_HS, lambda_S = float(out["lambda_HS"][0]), float(out["lambda_S"][0])
    m_h2, m_S2 = POINT["m_h"] ** 2, POINT["m_S"] ** 2
    off_diagonal, singlet = lambda_HS * VEV * POINT["v_S"], 2.0 * lambda_S * POINT["v_S"] ** 2
    doublet = m_h2 + m_S2 - singlet  # the trace of the mass matrix
    masses2, states = np.linalg.eigh([[doublet, off_diagonal], [off_diagonal, singlet]])
    np.testing.assert_allclose(masses2, [m_h2, m_S2], rtol=1e-12)
    assert abs(states[0, 1]) == pytest.approx(POINT["sin_theta"], rel=1e-12)


def test_without_mixing_the_standard_model_is_left() -> None:
    out = terranova.model("my_model").evaluate({**POINT, "sin_theta": 0.0})
    expected = {"mu_h": 1.0, "delta_S": 0.0, "delta_T": 0.0, "lambda_HS": 0.0}
    assert {name: float(out[name][0]) for name in expected} == pytest.approx(expected)


def test_many_points_at_once_agree_with_one_at_a_time() -> None:
    model = terranova.model("my_model")
    x = model.space.to_physical(np.random.default_rng(1).random((50, model.space.dimension)))
    together = MyModel().evaluate_array(x)
    apart = np.concatenate([MyModel().evaluate_array(row[None]) for row in x])
    np.testing.assert_allclose(together, apart, rtol=1e-14)


def test_every_observable_is_finite_everywhere(problem: terranova.Problem) -> None:
    space = problem.model.space
    corners = np.array(np.meshgrid(*[[0.0, 0.5, 1.0]] * space.dimension)).reshape(space.dimension, -1).T
    observables = problem.evaluate(space.to_physical(corners)).observables
    assert np.isfinite(observables).all()


def test_limits_accept_some_points_and_refuse_others(problem: terranova.Problem) -> None:
    space = problem.model.space
    x = space.to_physical(np.random.default_rng(2).random((5000, space.dimension)))
    violations, loglike = problem.score(x, problem.evaluate(x).observables)
    valid = ~violations.any(axis=1)
    assert 0 < valid.sum() < len(x)
    assert np.isfinite(loglike[valid]).all()
