"""Compiled interpolation: linear in every axis, with the nearest value beyond the ends of the grid; and CLs."""

from __future__ import annotations

import math

from terranova.plugins._jit import kernel
from terranova.plugins.higgs_limits.program import (
    AXIS_LENGTH,
    AXIS_START,
    AXIS_VALUES,
    FIRST_POINT,
    FIRST_SLICE,
    GRID_START,
    RATE_VALUES,
    SLICE_AXIS_LENGTH,
    SLICE_AXIS_START,
    SLICE_MASS,
    SLICE_START,
    TABLE_X,
    TABLE_Y,
)
from terranova.types import Floats, Ints

LOG_CLS = -2.995732273553991
"""ln 0.05."""


@kernel
def locate(values: Floats, start: int, length: int, x: float) -> tuple[int, float]:
    """Return the interval of increasing values[start : start + length] that x lies in, and the share of its width.

    Beyond the ends the share is 0 or 1. Of an axis with one value the interval is the first, with a share of 0.
    """
    low, high = 0, length - 1
    if high == 0 or x <= values[start]:
        return 0, 0.0
    if x >= values[start + high]:
        return high - 1, 1.0
    while high - low > 1:
        middle = (low + high) >> 1
        if values[start + middle] <= x:
            low = middle
        else:
            high = middle
    return low, (x - values[start + low]) / (values[start + high] - values[start + low])


@kernel
def clamped(ints: Ints, reals: Floats, table: int, at: float) -> float:
    """Return the value of a table; beyond its ends that of the nearest end."""
    first = ints[ints[FIRST_POINT] + table]
    k, share = locate(reals, ints[TABLE_X] + first, ints[ints[FIRST_POINT] + table + 1] - first, at)
    k += ints[TABLE_Y] + first
    return float(reals[k] if share == 0.0 else (1.0 - share) * reals[k] + share * reals[k + 1])


@kernel
def inside(ints: Ints, reals: Floats, table: int, at: float) -> float:
    """Return the value of a table; beyond its ends 0."""
    x = ints[TABLE_X]
    first, last = x + ints[ints[FIRST_POINT] + table], x + ints[ints[FIRST_POINT] + table + 1] - 1
    if not reals[first] <= at <= reals[last]:
        return 0.0
    return clamped(ints, reals, table, at)


@kernel
def on_grid(ints: Ints, reals: Floats, limit: int, which: int, x: float, y: float, z: float) -> float:
    """Return a number of a limit's grid, at three coordinates; those of axes that there are not do not count.

    Args:
        ints, reals: the program.
        limit: number of the limit.
        which: EXPECTED or OBSERVED.
        x, y, z: where.
    """
    start, length = ints[AXIS_START] + 3 * limit, ints[AXIS_LENGTH] + 3 * limit
    i, a = locate(reals, ints[AXIS_VALUES] + ints[start], ints[length], x)
    first = ints[which] + ints[ints[GRID_START] + limit]
    if ints[length + 1] == 1 and ints[length + 2] == 1:
        first += i
        return float(reals[first] if a == 0.0 else (1.0 - a) * reals[first] + a * reals[first + 1])
    j, b = locate(reals, ints[AXIS_VALUES] + ints[start + 1], ints[length + 1], y)
    k, c = locate(reals, ints[AXIS_VALUES] + ints[start + 2], ints[length + 2], z)
    total = 0.0
    for di in range(2):
        for dj in range(2):
            for dk in range(2):
                weight = (a if di else 1.0 - a) * (b if dj else 1.0 - b) * (c if dk else 1.0 - c)
                if weight != 0.0:
                    at = ((i + di) * ints[length + 1] + j + dj) * ints[length + 2] + k + dk
                    total += weight * reals[first + at]
    return total


@kernel
def _in_slice(ints: Ints, reals: Floats, s: int, which: int, x: float, y: float) -> float:
    """Return q of one slice of a likelihood."""
    start, length = ints[SLICE_AXIS_START] + 2 * s, ints[SLICE_AXIS_LENGTH] + 2 * s
    i, a = locate(reals, ints[RATE_VALUES] + ints[start], ints[length], x)
    j, b = locate(reals, ints[RATE_VALUES] + ints[start + 1], ints[length + 1], y)
    first = ints[which] + ints[ints[SLICE_START] + s]
    total = 0.0
    for di in range(2):
        for dj in range(2):
            weight = (a if di else 1.0 - a) * (b if dj else 1.0 - b)
            if weight != 0.0:
                total += weight * reals[first + (i + di) * ints[length + 1] + j + dj]
    return total


@kernel
def in_slices(ints: Ints, reals: Floats, limit: int, which: int, mass: float, x: float, y: float) -> float:
    """Return q of a likelihood: linear between the slices, each at the same rates.

    Args:
        ints, reals: the program.
        limit: number of the limit.
        which: SLICE_EXPECTED or SLICE_OBSERVED.
        mass, x, y: where.
    """
    first, last = ints[ints[FIRST_SLICE] + limit], ints[ints[FIRST_SLICE] + limit + 1]
    k, share = locate(reals, ints[SLICE_MASS] + first, last - first, mass)
    q = 0.0
    if share < 1.0:
        q += (1.0 - share) * _in_slice(ints, reals, first + k, which, x, y)
    if share > 0.0:
        q += share * _in_slice(ints, reals, first + k + 1, which, x, y)
    return q


@kernel
def _tail(x: float) -> float:
    """Return the probability of a unit Gaussian beyond x."""
    return 0.5 * math.erfc(x / math.sqrt(2.0))


@kernel
def log_cls(q_expected: float, q_observed: float) -> float:
    """Return ln CLs of a signal, for q-tilde in the asymptotic limit; its Asimov value is q_expected.

    CLs = CL(s+b) / CL(b), equations 65 and 66 of arXiv:1007.1727, doi:10.1140/epjc/s10052-011-1554-0. Where a
    Gaussian tail is too small for a number, its leading term takes its place.
    """
    root = math.sqrt(q_expected)
    if q_observed <= q_expected:
        signal, background = math.sqrt(q_observed), math.sqrt(q_observed) - root
    elif root < 1e-150:
        return -0.5 * q_observed
    else:
        signal, background = 0.5 * (q_observed + q_expected) / root, 0.5 * (q_observed - q_expected) / root
    if signal < 35.0:
        return math.log(_tail(signal) / _tail(background))
    if background < 35.0:
        return -0.5 * signal * signal - math.log(signal * math.sqrt(2.0 * math.pi)) - math.log(_tail(background))
    return -0.5 * q_observed + math.log(background / signal)


@kernel
def log_cls_excess(q_expected: float, q_observed: float) -> float:
    """Return ln 0.05 - ln CLs: negative where the signal is allowed."""
    return LOG_CLS - log_cls(q_expected, q_observed)
