"""Correlation matrices of papers: completed, split, and the nearest to one that was rounded too far."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from terranova.interfaces.correlation import (
    LEAST_OF_NEAREST,
    distance,
    full,
    is_triangle,
    matrix_problems,
    nearest,
    require_positive,
    split_covariance,
)

SQUARES = st.integers(2, 6).flatmap(lambda n: hnp.arrays(float, (n, n), elements=st.floats(-1.0, 1.0)))


def _correlation(factor: Any) -> Any:
    """A positive correlation matrix (n, n) made of any numbers (n, n)."""
    covariance = factor @ factor.T + 0.1 * np.eye(len(factor))
    size = np.sqrt(np.diag(covariance))
    matrix = covariance / np.outer(size, size)
    matrix = (matrix + matrix.T) / 2.0
    np.fill_diagonal(matrix, 1.0)
    return matrix


def _symmetric(square: Any) -> Any:
    """A matrix (n, n) as it may be misprinted: symmetric, with ones on the diagonal, perhaps not positive."""
    matrix = np.round((square + square.T) / 2.0, 2)
    np.fill_diagonal(matrix, 1.0)
    return matrix


@given(SQUARES)
def test_a_lower_triangle_says_it_all(square: Any) -> None:
    matrix = _symmetric(square)
    rows = tuple(tuple(row[: i + 1]) for i, row in enumerate(matrix.tolist()))
    assert is_triangle(rows)
    assert full(rows) == tuple(map(tuple, matrix.tolist()))
    assert full(full(rows)) == full(rows)


@given(SQUARES, st.data())
def test_a_covariance_is_sigmas_and_a_correlation(square: Any, data: Any) -> None:
    matrix = _correlation(square)
    sigmas = np.array(data.draw(st.lists(st.floats(1e-6, 1e6), min_size=len(matrix), max_size=len(matrix))))
    found, rows = split_covariance(tuple(map(tuple, (matrix * np.outer(sigmas, sigmas)).tolist())))
    np.testing.assert_allclose(found, sigmas, rtol=1e-12)
    np.testing.assert_allclose(rows, matrix, rtol=1e-12, atol=1e-14)
    assert [rows[i][i] for i in range(len(rows))] == [1.0] * len(rows)


@given(SQUARES)
def test_the_nearest_is_a_correlation_matrix(square: Any) -> None:
    found = nearest(_symmetric(square))
    assert np.array_equal(found, found.T)
    assert np.array_equal(np.diag(found), np.ones(len(found)))
    assert np.linalg.eigvalsh(found)[0] >= 0.99 * LEAST_OF_NEAREST
    require_positive(found, "correlation")
    assert distance(nearest(found), found) < 1e-9, "it is its own nearest"


@given(SQUARES)
def test_a_positive_matrix_is_its_own_nearest(square: Any) -> None:
    matrix = _correlation(square)
    assert distance(nearest(matrix), matrix) < 1e-9


@given(SQUARES, SQUARES)
def test_no_other_correlation_matrix_is_nearer(square: Any, other: Any) -> None:
    matrix = _symmetric(square)
    n = min(len(matrix), len(other))
    matrix, other = matrix[:n, :n], _correlation(other[:n, :n])
    far = np.linalg.norm(other - matrix)
    # Within the convex set, every direction leads away from the projection: the angle is at least 90 degrees.
    found = nearest(matrix)
    assert np.sum((matrix - found) * (other - found)) <= 1e-5 * (1.0 + far**2)


def test_the_nearest_is_that_of_the_paper() -> None:
    # Higham (2002), section 4: the matrix of ones and a zero.
    given_ = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    expected = [[1.0, 0.7607, 0.1573], [0.7607, 1.0, 0.7607], [0.1573, 0.7607, 1.0]]
    np.testing.assert_allclose(nearest(given_, 1e-12), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[1.0, 0.99, 0.7], [0.99, 1.0, 0.8], [0.7, 0.8, 1.0]], "smallest eigenvalue is -0.00"),
        ([[1.0, -1.0], [-1.0, 1.0]], "singular"),
        ([[1.0, 1.5], [1.5, 1.0]], "smallest eigenvalue is -0.5"),
    ],
)
def test_a_matrix_without_inverse_is_refused_with_what_can_be_done(rows: list[list[float]], words: str) -> None:
    with pytest.raises(ValueError, match=words) as refused:
        require_positive(np.array(rows), "correlation")
    off = distance(np.array(rows), nearest(np.array(rows)))
    assert f"`nearest: true` to use the nearest correlation matrix, which differs by up to {off:.2g}" in str(
        refused.value
    )


@pytest.mark.parametrize(
    ("rows", "ones", "expected"),
    [
        ([[1.0], [0.3, 1.0]], True, []),
        ([[1.0, 0.3], [0.3, 1.0]], True, []),
        ([[4.0], [0.3, 9.0]], False, []),
        ([[4.0], [0.3, 9.0]], True, [(0, 0), (1, 1)]),
        ([[0.0], [0.3, -1.0]], False, [(0, 0), (1, 1)]),
        ([[1.0, 0.2], [0.3, 1.0]], True, [(1, 0)]),
        ([[1.0, 0.3], [1.0]], True, [(1,)]),
        ([[1.0]], True, [()]),
    ],
)
def test_what_is_wrong_with_a_matrix_has_its_place(
    rows: list[list[float]], ones: bool, expected: list[tuple[int, ...]]
) -> None:
    assert [path for path, _ in matrix_problems("m", rows, 2, ones=ones)] == [("m", *place) for place in expected]


def test_a_covariance_needs_variances() -> None:
    with pytest.raises(ValueError, match="positive numbers on its diagonal"):
        split_covariance(((1.0, 0.0), (0.0, 0.0)))
