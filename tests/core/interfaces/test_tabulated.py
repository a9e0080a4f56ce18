"""Limits that depend on a second observable, and tabulated likelihoods."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from support.constraint_kinds import PAIR, REFERENCE
from support.constraint_kinds import one as _one

from terranova import Tabulated


def test_tabulated_limits() -> None:
    table: dict[str, Any] = {"x_grid": (1.0, 3.0), "limit": (1.0, 100.0)}
    pair = {"name": "t", "observables": ("y", "x"), **REFERENCE}
    values = np.array([[30.0, 2.0], [30.0, 0.0], [300.0, 9.0], [1.0, 1.0]])
    np.testing.assert_allclose(Tabulated(**pair, **table).violation(values), [0, 29, 200, 0])
    np.testing.assert_allclose(Tabulated(**pair, **table, log=True).violation(values), [20, 29, 200, 0])
    np.testing.assert_allclose(Tabulated(**pair, **table, side="lower").violation(values), [20.5, 0, 0, 0])
    np.testing.assert_array_equal(Tabulated(**pair, **table).loglike(values), [0, -np.inf, -np.inf, 0])


def test_a_tabulated_likelihood() -> None:
    constraint = Tabulated(**_one(), x_grid=(0.0, 1.0, 2.0), limit=(4.0, 0.0, 8.0), max_chi2=2.0)
    values = np.array([[0.5], [1.0], [2.0], [5.0]])
    np.testing.assert_allclose(constraint.violation(values), [0, 0, 6, 6])
    np.testing.assert_allclose(constraint.loglike(values), [-1, 0, -4, -4])


@pytest.mark.parametrize(("sigma", "relative"), [(0.4, 0.0), (0.0, 0.3), (0.3, 0.2)])
def test_a_table_is_profiled_over_an_error_of_theory(sigma: float, relative: float) -> None:
    table: dict[str, Any] = {"x_grid": (0.0, 1.0, 1.5, 3.0), "limit": (4.0, 0.0, 3.0, 9.0)}
    constraint = Tabulated(**_one(), **table, theory_sigma=sigma, theory_relative=relative)
    at = np.array([-0.5, 0.0, 0.7, 1.0, 1.4, 2.2, 3.3])

    def profiled(o: float) -> float:
        spread = np.hypot(sigma, relative * o)
        shifts = np.linspace(-6, 6, 400001)  # the table has kinks: no minimiser is as sure as a grid
        return float(np.min(np.interp(o + spread * shifts, table["x_grid"], table["limit"]) + shifts**2))

    np.testing.assert_allclose(-2 * constraint.loglike(at[:, None]), [profiled(o) for o in at], atol=1e-4)
    np.testing.assert_array_equal(constraint.violation(at[:, None]) == 0, constraint.margin(at[:, None]) <= 0)


def test_a_tabulated_limit_takes_an_error_of_theory_in_quadrature() -> None:
    words: dict[str, Any] = {**PAIR, "x_grid": (0.0, 1.0), "limit": (2.0, 2.0), "cl": 0.95}
    constraint = Tabulated(**words, theory_sigma=0.5, theory_relative=0.2)
    z, signal = 1.6448536269514722, 3.0
    found = minimize_scalar(
        lambda xi: (z * max(signal + np.hypot(0.5, 0.2 * signal) * xi, 0.0) / 2.0) ** 2 + xi**2,
        bounds=(-10, 10), method="bounded", options={"xatol": 1e-10},
    )  # fmt: skip
    assert -2 * constraint.loglike(np.array([[signal, 0.5]]))[0] == pytest.approx(found.fun)
    end = np.hypot(2.0, z * 0.5) / np.sqrt(1 - (0.2 * z) ** 2)
    assert constraint.violation(np.array([[end + 1.0, 0.5]]))[0] == pytest.approx(1.0)
    assert -2 * constraint.loglike(np.array([[end, 0.5]]))[0] == pytest.approx(z**2)
    residuals = constraint.residuals(np.array([[signal, 0.5]]))
    assert residuals is not None
    assert residuals[0, 0] ** 2 == pytest.approx(found.fun)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({**PAIR, "theory_sigma": 0.1}, "theory_sigma needs cl"),
        ({**_one(), "theory_relative": 0.1, "log": True}, "log: false"),
        ({**PAIR, "cl": 0.95, "theory_relative": 0.7}, "no prediction is 1.64 standard deviations"),
    ],
)
def test_errors_of_theory_without_meaning_are_refused(words: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Tabulated(**words, x_grid=(1.0, 2.0), limit=(1.0, 2.0))
