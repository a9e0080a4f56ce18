"""Many small quadratic programmes with elastic inequalities, solved side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from terranova.types import Floats


def solve_elastic(
    hessian: Floats,
    gradient: Floats,
    rows: Floats,
    levels: Floats,
    price: Floats,
    low: Floats,
    high: Floats,
    *,
    stiffness: float = 0.0,
) -> tuple[Floats, Floats]:
    """Minimise s H s / 2 + b s + sum_k (price_k t_k + stiffness t_k^2 / 2), A s + h <= t, t >= 0, low <= s <= high.

    A primal-dual interior-point method (J. Nocedal and S. J. Wright, Numerical Optimization, 2006, chapter 16.6):
    the number of its iterations hardly depends on how alike the rows are, as it does for methods that take them
    in turn. A programme with numbers that are not finite goes no further than they let it.

    Args:
        hessian: H (n, d, d), positive definite.
        gradient: b (n, d).
        rows: A (n, k, d).
        levels: h (n, k).
        price: (n, k), not negative.
        low: (n, d), below `high`.
        high: (n, d).
        stiffness: of slack.

    Returns:
        s (n, d) and the multipliers (n, k) of the rows.
    """
    from terranova.fitting.quadratic_kernels import solve_all

    steps, multipliers = np.empty(gradient.shape), np.empty(levels.shape)
    given = [hessian, gradient, rows, levels, price, low, high]
    arrays = [np.ascontiguousarray(part, dtype=float) for part in given]
    arguments: tuple[Any, ...] = (*arrays, stiffness, steps, multipliers)
    solve_all(*arguments)
    return steps, multipliers
