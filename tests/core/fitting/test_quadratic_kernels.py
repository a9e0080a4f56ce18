"""Factors of matrices in their own units, also of those that rounding has made singular."""

from __future__ import annotations

import numpy as np
import pytest

from terranova.fitting.quadratic_kernels import factorised, solve_factorised
from terranova.types import Floats

pytestmark = pytest.mark.integration  # they are compiled


def _solved(matrix: Floats, right: Floats) -> Floats | None:
    unit, factor, x = np.empty(len(right)), np.zeros(matrix.shape), right.copy()
    if not factorised(matrix, unit, factor):
        return None
    solve_factorised(factor, unit, x)
    return x


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_a_definite_matrix_is_solved_whatever_the_units(scale: float) -> None:
    rng = np.random.default_rng(1)
    root = rng.normal(size=(6, 6))
    plain, right, units = root @ root.T + np.eye(6), rng.normal(size=6), scale ** rng.uniform(-1.0, 1.0, 6)
    solution = _solved(units[:, None] * plain * units, units * right)
    assert solution is not None
    np.testing.assert_allclose(units * solution, np.linalg.solve(plain, right), rtol=1e-9)


def test_a_singular_one_is_solved_nearly() -> None:
    """Two parameters on which all depends in the same way share what one of them would do."""
    solution = _solved(1e8 * np.ones((3, 3)), np.full(3, 1e8))
    assert solution is not None
    assert solution.sum() == pytest.approx(1.0, rel=1e-6)


def test_numbers_that_are_none_have_no_solution() -> None:
    assert _solved(np.full((2, 2), np.inf), np.ones(2)) is None
    assert _solved(np.array([[1.0, 0.0], [np.nan, 1.0]]), np.ones(2)) is None
