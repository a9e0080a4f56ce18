"""Small quadratic programmes, against their conditions of optimality and a general solver."""

from __future__ import annotations

import numpy as np
import pytest

from terranova.fitting.quadratic import solve_elastic

pytestmark = pytest.mark.integration  # it is compiled


def _programmes(seed: int, n: int, k: int, d: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(n, d + 2, d)) * 10.0 ** rng.uniform(-1, 2, (n, 1, 1))
    hessian = np.swapaxes(roots, 1, 2) @ roots + 1e-2 * np.eye(d)
    rows = rng.normal(size=(n, k, d)) * 10.0 ** rng.uniform(-1, 3, (n, k, 1))
    return hessian, rng.normal(size=(n, d)), rows, rng.normal(size=(n, k))


def test_no_point_is_better() -> None:
    """Neither points nearby nor points anywhere in the box pay less."""
    hessian, gradient, rows, levels = _programmes(1, 30, 8, 4)
    price = np.full(levels.shape, 10.0)
    ends = np.full(gradient.shape, 0.3)
    step, multipliers = solve_elastic(hessian, gradient, rows, levels, price, -ends, ends)

    def cost(s: np.ndarray) -> np.ndarray:
        bound = np.maximum(np.einsum("nkd,nd->nk", rows, s) + levels, 0.0)
        return 0.5 * np.einsum("ni,nij,nj->n", s, hessian, s) + (gradient * s).sum(1) + (price * bound).sum(1)

    rng, paid = np.random.default_rng(2), cost(step)
    for size in (1e-4, 1e-2, 0.3):
        for _ in range(50):
            other = np.clip(step + size * rng.normal(size=step.shape), -ends, ends)
            assert (cost(other) > paid - 1e-5 * (1.0 + np.abs(paid))).all()
    assert (np.abs(step) <= ends).all()
    assert (multipliers >= 0.0).all()
    assert (multipliers <= price * (1.0 + 1e-6)).all()


def test_without_rows_it_is_newtons_step() -> None:
    hessian, gradient, _, _ = _programmes(3, 5, 1, 3)
    gradient *= 1e-3
    far = np.full(gradient.shape, 1e3)
    step, _ = solve_elastic(hessian, gradient, np.empty((5, 0, 3)), np.empty((5, 0)), np.empty((5, 0)), -far, far)
    np.testing.assert_allclose(step, -np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0], rtol=1e-4, atol=1e-9)


def test_a_bound_that_can_be_met_is_met_and_one_that_cannot_is_paid_for() -> None:
    """Minimise s^2 / 2 with s >= 0.1, then with s >= 5 in a box that ends at 0.3."""
    one = np.ones((2, 1, 1))
    levels = np.array([[0.1], [5.0]])
    step, multiplier = solve_elastic(
        one, np.zeros((2, 1)), -one, levels, np.full((2, 1), 10.0), np.full((2, 1), -0.3), np.full((2, 1), 0.3)
    )
    np.testing.assert_allclose(step[:, 0], [0.1, 0.3], atol=1e-6)
    np.testing.assert_allclose(multiplier[:, 0], [0.1, 10.0], atol=1e-5)


def test_slack_that_costs_its_square_is_least_squares() -> None:
    """Of s <= -0.2 and s >= 0.1, both violated, the middle is as good as it gets."""
    rows, levels = np.array([[[1.0], [-1.0]]]), np.array([[0.2, 0.1]])
    step, _ = solve_elastic(
        np.full((1, 1, 1), 1e-8),
        np.zeros((1, 1)),
        rows,
        levels,
        np.full((1, 2), 1e-9),
        np.full((1, 1), -1.0),
        np.full((1, 1), 1.0),
        stiffness=1.0,
    )
    np.testing.assert_allclose(step, [[-0.05]], atol=1e-5)


def test_what_rounding_made_singular_is_solved_nearly_and_the_others_as_alone() -> None:
    """Slopes of two parameters on which all depends in the same way; and numbers that are none."""
    rng = np.random.default_rng(1)
    root = rng.normal(size=(3, 3))
    good = root @ root.T + np.eye(3)
    alike = 1e8 * np.ones((3, 3))
    hessian, gradient = np.array([good, alike, np.full((3, 3), np.inf)]), -np.array([[1.0, 2.0, 3.0]] * 3)
    gradient[1] = -1e8
    rows, levels, far = np.zeros((3, 1, 3)), np.full((3, 1), -1.0), np.full((3, 3), 1e3)
    found, _ = solve_elastic(hessian, gradient, rows, levels, np.ones((3, 1)), -far, far)
    alone, _ = solve_elastic(hessian[:1], gradient[:1], rows[:1], levels[:1], np.ones((1, 1)), -far[:1], far[:1])
    np.testing.assert_array_equal(found[0], alone[0])
    np.testing.assert_allclose(found[0], np.linalg.solve(good, -gradient[0]), rtol=1e-6)
    assert alike[0] @ found[1] == pytest.approx(1e8, rel=1e-6)
    np.testing.assert_array_equal(found[2], 0.0)


def test_a_row_that_no_step_changes_costs_its_price_where_it_is_violated() -> None:
    one, end = np.ones((1, 1, 1)), np.full((1, 1), 0.3)
    rows, levels = np.array([[[-1.0], [0.0], [0.0]]]), np.array([[0.1, 2.0, -2.0]])
    step, multiplier = solve_elastic(one, np.zeros((1, 1)), rows, levels, np.full((1, 3), 10.0), -end, end)
    np.testing.assert_allclose(step, [[0.1]], atol=1e-6)
    np.testing.assert_allclose(multiplier, [[0.1, 10.0, 0.0]], atol=1e-5)
