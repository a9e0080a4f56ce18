"""Eigenvalues of the small real symmetric matrices of unitarity bounds."""

from __future__ import annotations

import math

from terranova.models.physics._jit import jit

MAX_SWEEPS = 20
"""Jacobi converges quadratically: 3x3 matrices need four to six sweeps; the bound only stops NaN input."""


@jit
def eigenvalues_2x2(a: float, b: float, c: float) -> tuple[float, float]:
    """Ascending eigenvalues of [[a, b], [b, c]]."""
    mean = 0.5 * (a + c)
    radius = math.sqrt((0.5 * (a - c)) ** 2 + b * b)
    return mean - radius, mean + radius


@jit
def _rotate(app: float, aqq: float, apq: float, apr: float, aqr: float) -> tuple[float, float, float, float]:
    """One Jacobi rotation that annihilates a_pq; returns the new a_pp, a_qq, a_pr, a_qr."""
    half_gap = 0.5 * (aqq - app)
    root = math.sqrt(half_gap * half_gap + apq * apq)
    if apq == 0.0 or root == 0.0:  # the second when the squares underflow
        return app, aqq, apr, aqr
    # t = tan(angle) is the smaller root of t^2 + 2 t half_gap / a_pq = 1, written without cancellation.
    t = apq / (half_gap + math.copysign(root, half_gap))
    c = 1.0 / math.sqrt(1.0 + t * t)
    s = t * c
    return app - t * apq, aqq + t * apq, c * apr - s * aqr, s * apr + c * aqr


@jit
def eigenvalues_3x3(
    a11: float, a22: float, a33: float, a12: float, a13: float, a23: float
) -> tuple[float, float, float]:
    """Ascending eigenvalues of a symmetric 3x3 matrix by cyclic Jacobi rotations.

    Golub and Van Loan, Matrix Computations, section 8.5. Accurate to a few ulp of the largest eigenvalue,
    where the closed trigonometric formula loses small eigenvalues of large matrices (Kopp, physics/0610206).
    """
    for _ in range(MAX_SWEEPS):
        off = a12 * a12 + a13 * a13 + a23 * a23
        # Second-order perturbation: what is left changes eigenvalues by less than one part in 1e16.
        if off <= 1e-34 * (a11 * a11 + a22 * a22 + a33 * a33):
            break
        a11, a22, a13, a23 = _rotate(a11, a22, a12, a13, a23)
        a12 = 0.0
        a11, a33, a12, a23 = _rotate(a11, a33, a13, a12, a23)
        a13 = 0.0
        a22, a33, a12, a13 = _rotate(a22, a33, a23, a12, a13)
        a23 = 0.0
    low, high = min(a11, a22), max(a11, a22)
    return min(low, a33), max(low, min(high, a33)), max(high, a33)
