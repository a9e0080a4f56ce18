"""Many small quadratic programmes with elastic inequalities, solved side by side."""

from __future__ import annotations

import numpy as np

from terranova.types import Bools, Floats

_ITERATIONS = 40
_CENTRING = 0.1
"""Each step aims at this part of the mean complementarity."""

_TO_BOUNDARY = 0.99
_DONE = 1e-9
_RIDGE = 1e-10
"""Of the diagonal, added where a matrix is singular."""


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
    in turn.

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
    n, _, d = rows.shape
    span = high - low
    s = np.clip(0.0, low + 0.1 * span, high - 0.1 * span)
    at = _times(rows, s) + levels
    t = np.maximum(at, 0.0) + 1.0
    w = t - at
    y = 0.5 * (price + stiffness * t)
    z = price + stiffness * t - y
    over = np.maximum(1.0, np.abs(gradient))
    under = over.copy()
    alive: Bools = np.ones(n, dtype=bool)
    for _ in range(_ITERATIONS):
        to_high, to_low = high - s, s - low
        pairs = (w * y).sum(axis=1) + (t * z).sum(axis=1) + (to_high * over + to_low * under).sum(axis=1)
        gap = pairs / (2 * levels.shape[1] + 2 * d)
        scale = 1.0 + np.abs(gradient).max(axis=1, initial=0.0)
        alive = gap > _DONE * scale
        if not alive.any():
            break
        mu = (_CENTRING * gap)[:, None]
        firm = z + stiffness * t
        weight = 1.0 / (t / firm + w / y)
        rest = _times(rows, s) + levels - t + w + mu / y - w - (mu - t * z) / firm
        slope = _times(hessian, s) + gradient + _back(rows, y) + over - under
        matrix = hessian + np.swapaxes(rows, 1, 2) @ (weight[:, :, None] * rows)
        matrix[:, np.arange(d), np.arange(d)] += over / to_high + under / to_low
        right = -slope - _back(rows, weight * rest) - (mu / to_high - over) + (mu / to_low - under)
        ds = _solved(matrix, right)
        dy = weight * (_times(rows, ds) + rest)
        dt = (mu - t * z + t * dy) / firm
        dz = stiffness * dt - dy
        dw = (mu - w * y - w * dy) / y
        d_over = (mu - to_high * over + over * ds) / to_high
        d_under = (mu - to_low * under - under * ds) / to_low
        length = _length(
            (w, dw), (y, dy), (t, dt), (z, dz), (to_high, -ds), (to_low, ds), (over, d_over), (under, d_under)
        )
        length = np.where(alive, length, 0.0)[:, None]
        s, y, t, z, w = s + length * ds, y + length * dy, t + length * dt, z + length * dz, w + length * dw
        over, under = over + length * d_over, under + length * d_under
    return s, y


def _solved(matrices: Floats, right: Floats) -> Floats:
    """(n, d, d), positive definite, (n, d) -> (n, d): solutions; of those that rounding has made singular, nearly.

    A row of numbers that are not finite has no solution, and gives 0: its programme goes no further.
    """
    finite: Bools = np.asarray(np.isfinite(matrices).all(axis=(1, 2)) & np.isfinite(right).all(axis=1))
    eye = np.eye(right.shape[1])
    matrices, right = np.where(finite[:, None, None], matrices, eye), np.where(finite[:, None], right, 0.0)
    # In units in which the diagonal is 1, a little more of it changes nothing.
    unit = np.sqrt(np.abs(np.einsum("nii->ni", matrices)))
    unit = np.where(unit > 0.0, unit, 1.0)
    scaled, scaled_right = matrices / unit[:, :, None] / unit[:, None, :], (right / unit)[:, :, None]
    try:
        found = np.linalg.solve(scaled, scaled_right)
    except np.linalg.LinAlgError:
        sign = np.linalg.slogdet(scaled)[0]  # 0 of a singular one
        ridge = np.where(sign == 0.0, _RIDGE, 0.0)
        found = np.linalg.solve(scaled + ridge[:, None, None] * eye, scaled_right)
    return np.asarray(found[:, :, 0] / unit)


def _times(matrices: Floats, vectors: Floats) -> Floats:
    """(n, k, d), (n, d) -> (n, k)."""
    return np.asarray((matrices @ vectors[:, :, None])[:, :, 0])


def _back(matrices: Floats, vectors: Floats) -> Floats:
    """(n, k, d), (n, k) -> (n, d)."""
    return np.asarray((vectors[:, None, :] @ matrices)[:, 0])


def _length(*pairs: tuple[Floats, Floats]) -> Floats:
    """Return the longest step (n,), at most 1, that keeps all positive."""
    longest = np.ones(len(pairs[0][0]))
    for value, change in pairs:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(change < 0.0, -value / change, np.inf)
        longest = np.minimum(longest, _TO_BOUNDARY * ratio.min(axis=1, initial=np.inf))
    return longest
