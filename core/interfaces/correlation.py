"""Correlation matrices as papers print them: a triangle, a covariance, rounded until they are not positive."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from terranova.types import Floats

SMALLEST = 1e-13
"""A matrix with a smaller eigenvalue is singular for a computer: the last digits of its inverse are noise."""

LEAST_OF_NEAREST = 1e-6
"""The smallest eigenvalue of a nearest matrix: no combination of observables is known better than to 1e-3 sigma."""

Rows = tuple[tuple[float, ...], ...]
"""A matrix, row by row."""


def is_triangle(rows: Sequence[Sequence[float]]) -> bool:
    """True for the rows of a lower triangle with its diagonal: one number, two, three, ..."""
    return len(rows) > 1 and [len(row) for row in rows] == list(range(1, len(rows) + 1))


def full(rows: Sequence[Sequence[float]]) -> Rows:
    """Return all rows of a symmetric matrix of which perhaps only the lower triangle is given."""
    if not is_triangle(rows):
        return tuple(tuple(row) for row in rows)
    n = len(rows)
    return tuple(tuple(rows[max(i, j)][min(i, j)] for j in range(n)) for i in range(n))


def matrix_problems(
    key: str, rows: Sequence[Sequence[float]], n: int, *, ones: bool
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield what is wrong with the shape and the symmetry of a matrix of a file: path and sentence.

    Args:
        key: of the matrix.
        rows: of the whole matrix, or of its lower triangle.
        n: number of observables.
        ones: True if ones are wanted on the diagonal.
    """
    if len(rows) != n:
        yield (key,), f"expected {n} rows, one for each observable, got {len(rows)}"
        return
    triangle = is_triangle(rows)
    short = [i for i, row in enumerate(rows) if len(row) != n and not triangle]
    for i in short:
        yield (key, i), f"expected a row of {n} numbers, got {len(rows[i])}"
    if short:
        return
    whole = full(rows)
    for i, row in enumerate(whole):
        if ones and row[i] != 1.0:
            yield (key, i, i), f"expected 1 on the diagonal, got {row[i]:g}"
        if not ones and not row[i] > 0.0:
            yield (key, i, i), f"must be above 0, got {row[i]:g}: the square of a sigma"
        for j in range(i):
            if row[j] != whole[j][i]:
                yield (key, i, j), f"not symmetric: {row[j]:g} here, {whole[j][i]:g} across"


def split_covariance(covariance: Rows) -> tuple[tuple[float, ...], Rows]:
    """Return the sigmas (n,) and the correlation (n, n) of a covariance (n, n).

    Raises:
        ValueError: a number on its diagonal is not positive.
    """
    n = len(covariance)
    if not all(covariance[i][i] > 0.0 for i in range(n)):
        raise ValueError("covariance must have positive numbers on its diagonal, the squares of the sigmas")
    sigmas = tuple(math.sqrt(covariance[i][i]) for i in range(n))
    pairs = [[1.0 if i == j else covariance[i][j] / (sigmas[i] * sigmas[j]) for j in range(n)] for i in range(n)]
    return sigmas, tuple(tuple(row) for row in pairs)


def require_positive(matrix: Floats, name: str) -> None:
    """Refuse a correlation matrix (n, n) that has no inverse of any use, and say what can be done.

    Raises:
        ValueError: its smallest eigenvalue is not positive.
    """
    smallest = float(np.linalg.eigvalsh(matrix)[0])
    if smallest > SMALLEST:
        return
    if smallest > -SMALLEST:
        what = f"{name} is singular, its smallest eigenvalue is 0: a combination of the values has no error"
        cure = "leave out an observable that follows from the others"
    else:
        what = (
            f"{name} must be positive definite, its smallest eigenvalue is {smallest:.3g}: rounded, or misprinted"
        )
        cure = "give more digits"
    found = nearest(matrix)
    raise ValueError(
        f"{what}; {cure}, or write `nearest: true` to use the nearest correlation matrix, which differs by up to "
        f"{distance(matrix, found):.2g} in an entry"
    )


def distance(one: Floats, other: Floats) -> float:
    """Return the largest difference of two entries."""
    return float(np.max(np.abs(one - other)))


def nearest(matrix: Floats, least: float = LEAST_OF_NEAREST) -> Floats:
    """Return the correlation matrix (n, n) nearest to a symmetric one in the sum of squared differences.

    Alternating projections with Dykstra's correction onto the matrices of eigenvalues of at least `least` and those
    with ones on the diagonal: N. J. Higham, IMA J. Numer. Anal. 22 (2002) 329, doi:10.1093/imanum/22.3.329.

    Args:
        matrix: symmetric.
        least: smallest eigenvalue of the result, below 1.
    """
    point, correction = np.array(matrix, dtype=float), np.zeros_like(matrix, dtype=float)
    for _ in range(10_000):
        start = point - correction
        values, vectors = np.linalg.eigh(start)
        positive = (vectors * np.maximum(values, least)) @ vectors.T
        correction = positive - start
        before, point = point, (positive + positive.T) / 2.0
        np.fill_diagonal(point, 1.0)
        if max(distance(point, positive), distance(point, before)) < 1e-12:
            break
    smallest = float(np.linalg.eigvalsh(point)[0])
    if smallest < least:  # by what is left after so many steps; the identity is as positive as can be
        share = (least - smallest) / (1.0 - smallest)
        point = (1.0 - share) * point + share * np.eye(len(point))
        np.fill_diagonal(point, 1.0)
    return np.asarray(point)
