"""The physics against what is known without the model: replace these tests together with the formulas."""

from __future__ import annotations

import numpy as np
import pytest
import terranova

from my_model.model import VEV

POINT = {"m_S": 500.0, "m_h": 125.2, "sin_theta": 0.2, "v_S": 300.0}


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
