"""Compiled linear algebra of small matrices: the Cholesky factorisation, and solutions with its factor."""

from __future__ import annotations

import math

from terranova.plugins._jit import kernel
from terranova.types import Floats


@kernel
def cholesky(matrix: Floats, factor: Floats) -> bool:
    """Write the lower Cholesky factor (d, d) of a matrix (d, d); False when it is not positive definite."""
    d = matrix.shape[0]
    for r in range(d):
        for c in range(r + 1):
            total = matrix[r, c]
            for k in range(c):
                total -= factor[r, k] * factor[c, k]
            if r > c:
                factor[r, c] = total / factor[c, c]
            elif total > 0.0:
                factor[r, r] = math.sqrt(total)
            else:
                return False
    return True


@kernel
def solve_upper(factor: Floats, x: Floats) -> None:
    """Overwrite x (d,) with the solution y of transpose(factor) y = x."""
    for r in range(len(x) - 1, -1, -1):
        total = x[r]
        for c in range(r + 1, len(x)):
            total -= factor[c, r] * x[c]
        x[r] = total / factor[r, r]


@kernel
def solve_lower(factor: Floats, x: Floats) -> None:
    """Overwrite x (d,) with the solution y of factor y = x."""
    for r in range(len(x)):
        total = x[r]
        for c in range(r):
            total -= factor[r, c] * x[c]
        x[r] = total / factor[r, r]
