"""The compiled loop of `quadratic`. Import it where it is needed: numba takes a second."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

from terranova.types import Floats

F = TypeVar("F", bound=Callable[..., Any])

ITERATIONS = 40
CENTRING = 0.1
"""Each step aims at this part of the mean complementarity."""

TO_BOUNDARY = 0.99
DONE = 1e-9
RIDGE = 1e-10
"""Of the diagonal, added where a matrix is singular, and a hundred times more until it is not."""


def _compiled(function: F) -> F:
    """Compile a function of this module, and keep the machine code on disk. Operations are never reordered."""
    return cast(F, numba.njit(error_model="numpy", cache=True, no_cfunc_wrapper=True)(function))


@_compiled
def factorised(matrix: Floats, unit: Floats, factor: Floats) -> bool:
    """Write a lower Cholesky factor (d, d) of a matrix (d, d) in units in which its diagonal is 1, and those (d,).

    Of a matrix that rounding has made singular that of one nearby. False when numbers are not finite.
    """
    d = len(unit)
    for r in range(d):
        size = abs(matrix[r, r])
        unit[r] = 1.0 / math.sqrt(size) if size > 0.0 else 1.0
        for c in range(r + 1):
            if not np.isfinite(matrix[r, c]):
                return False
    ridge = 0.0
    while ridge < 1.0:
        definite = True
        for r in range(d):
            for c in range(r + 1):
                total = matrix[r, c] * unit[r] * unit[c]
                if r == c:
                    total += ridge
                for k in range(c):
                    total -= factor[r, k] * factor[c, k]
                if c < r:
                    factor[r, c] = total / factor[c, c]
                elif total > 0.0:
                    factor[r, r] = math.sqrt(total)
                else:
                    definite = False
            if not definite:
                break
        if definite:
            return True
        ridge = RIDGE if ridge == 0.0 else 100.0 * ridge
    return False


@_compiled
def solve_factorised(factor: Floats, unit: Floats, x: Floats) -> None:
    """Overwrite x (d,) with the solution of the matrix that was factorised."""
    d = len(x)
    for r in range(d):
        total = x[r] * unit[r]
        for c in range(r):
            total -= factor[r, c] * x[c]
        x[r] = total / factor[r, r]
    for r in range(d - 1, -1, -1):
        total = x[r]
        for c in range(r + 1, d):
            total -= factor[c, r] * x[c]
        x[r] = total / factor[r, r]
    for r in range(d):
        x[r] *= unit[r]


@_compiled
def solve_all(
    hessians: Floats,
    gradients: Floats,
    all_rows: Floats,
    all_levels: Floats,
    prices: Floats,
    lows: Floats,
    highs: Floats,
    stiffness: float,
    steps: Floats,
    multipliers: Floats,
) -> None:
    """Solve n programmes, each by itself: see `quadratic.solve_elastic`, whose arguments these are.

    Args:
        steps: (n, d), written.
        multipliers: (n, k), written.
    """
    n, k, d = all_rows.shape
    at, rest, weight = np.empty(k), np.empty(k), np.empty(k)
    t, w, y, z = np.empty(k), np.empty(k), np.empty(k), np.empty(k)
    dt, dw, dy, dz = np.empty(k), np.empty(k), np.empty(k), np.empty(k)
    over, under, ds, d_over, d_under = np.empty(d), np.empty(d), np.empty(d), np.empty(d), np.empty(d)
    matrix, factor, unit = np.empty((d, d)), np.zeros((d, d)), np.empty(d)
    used, rows, levels, price = np.empty(k, dtype=np.int64), np.empty((k, d)), np.empty(k), np.empty(k)
    for i in range(n):
        hessian, gradient, low, high, s = hessians[i], gradients[i], lows[i], highs[i], steps[i]
        # Rows that no step changes cost what they cost.
        m = 0
        for j in range(k):
            flat = True
            for c in range(d):
                if all_rows[i, j, c] != 0.0:
                    flat = False
                    break
            if flat:
                level = all_levels[i, j]
                multipliers[i, j] = prices[i, j] + stiffness * level if level > 0.0 else 0.0
            else:
                used[m], levels[m], price[m] = j, all_levels[i, j], prices[i, j]
                rows[m] = all_rows[i, j]
                m += 1
        scale = 1.0
        for c in range(d):
            s[c] = min(max(0.0, low[c] + 0.1 * (high[c] - low[c])), high[c] - 0.1 * (high[c] - low[c]))
            over[c] = under[c] = max(1.0, abs(gradient[c]))
            scale = max(scale, 1.0 + abs(gradient[c]))
        for p in range(m):
            at[p] = levels[p]
            for c in range(d):
                at[p] += rows[p, c] * s[c]
            t[p] = max(at[p], 0.0) + 1.0
            w[p] = t[p] - at[p]
            y[p] = 0.5 * (price[p] + stiffness * t[p])
            z[p] = price[p] + stiffness * t[p] - y[p]
        for _ in range(ITERATIONS):
            gap = 0.0
            for p in range(m):
                gap += w[p] * y[p] + t[p] * z[p]
            for c in range(d):
                gap += (high[c] - s[c]) * over[c] + (s[c] - low[c]) * under[c]
            gap /= 2 * m + 2 * d
            if not gap > DONE * scale:
                break
            mu = CENTRING * gap
            for r in range(d):
                to_high, to_low = high[r] - s[r], s[r] - low[r]
                slope = gradient[r] + over[r] - under[r]
                for c in range(d):
                    slope += hessian[r, c] * s[c]
                    matrix[r, c] = hessian[r, c]
                matrix[r, r] += over[r] / to_high + under[r] / to_low
                ds[r] = -slope - (mu / to_high - over[r]) + (mu / to_low - under[r])
            for p in range(m):
                firm = z[p] + stiffness * t[p]
                weight[p] = 1.0 / (t[p] / firm + w[p] / y[p])
                level = levels[p]
                for c in range(d):
                    level += rows[p, c] * s[c]
                rest[p] = level - t[p] + mu / y[p] - (mu - t[p] * z[p]) / firm
                back = y[p] + weight[p] * rest[p]
                for r in range(d):
                    ds[r] -= rows[p, r] * back
                    heavy = rows[p, r] * weight[p]
                    for c in range(d):
                        matrix[r, c] += heavy * rows[p, c]
            solvable = factorised(matrix, unit, factor)
            if solvable:
                solve_factorised(factor, unit, ds)
                for c in range(d):
                    solvable = solvable and np.isfinite(ds[c])
            if not solvable:  # it goes no further
                break
            length = 1.0 / TO_BOUNDARY
            for p in range(m):
                firm = z[p] + stiffness * t[p]
                change = rest[p]
                for c in range(d):
                    change += rows[p, c] * ds[c]
                dy[p] = weight[p] * change
                dt[p] = (mu - t[p] * z[p] + t[p] * dy[p]) / firm
                dz[p] = stiffness * dt[p] - dy[p]
                dw[p] = (mu - w[p] * y[p] - w[p] * dy[p]) / y[p]
                length = min(length, _reach(w[p], dw[p]), _reach(y[p], dy[p]))
                length = min(length, _reach(t[p], dt[p]), _reach(z[p], dz[p]))
            for c in range(d):
                to_high, to_low = high[c] - s[c], s[c] - low[c]
                d_over[c] = (mu - to_high * over[c] + over[c] * ds[c]) / to_high
                d_under[c] = (mu - to_low * under[c] - under[c] * ds[c]) / to_low
                length = min(length, _reach(to_high, -ds[c]), _reach(to_low, ds[c]))
                length = min(length, _reach(over[c], d_over[c]), _reach(under[c], d_under[c]))
            length = min(1.0, TO_BOUNDARY * length)
            for p in range(m):
                y[p] += length * dy[p]
                t[p] += length * dt[p]
                z[p] += length * dz[p]
                w[p] += length * dw[p]
            for c in range(d):
                s[c] += length * ds[c]
                over[c] += length * d_over[c]
                under[c] += length * d_under[c]
        for p in range(m):
            multipliers[i, used[p]] = y[p]


@_compiled
def _reach(value: float, change: float) -> float:
    """Return the longest step that keeps a positive number positive."""
    return -value / change if change < 0.0 else np.inf
