"""Compiled interpolation: linear in every axis, with the nearest value beyond the ends of the grid; and CLs."""

from __future__ import annotations

import math

from terranova.plugins._jit import lean_kernel
from terranova.plugins.higgs_limits.program import (
    AXIS,
    AXIS_SCALE,
    AXIS_VALUES,
    FIRST_POINT,
    FIRST_SLICE,
    GRID_START,
    GUIDE,
    SLICE_AXIS,
    SLICE_AXIS_SCALE,
    SLICE_MASS,
    SLICE_START,
    TABLE_X,
    TABLE_Y,
)
from terranova.types import Floats, Ints

LOG_CLS = -2.995732273553991
"""ln 0.05."""


@lean_kernel
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


@lean_kernel
def clamped(ints: Ints, reals: Floats, table: int, at: float) -> float:
    """Return the value of a table; beyond its ends that of the nearest end."""
    first = ints[ints[FIRST_POINT] + table]
    k, share = locate(reals, ints[TABLE_X] + first, ints[ints[FIRST_POINT] + table + 1] - first, at)
    k += ints[TABLE_Y] + first
    return float(reals[k] if share == 0.0 else (1.0 - share) * reals[k] + share * reals[k + 1])


@lean_kernel
def inside(ints: Ints, reals: Floats, table: int, at: float) -> float:
    """Return the value of a table; beyond its ends 0."""
    x = ints[TABLE_X]
    first, last = x + ints[ints[FIRST_POINT] + table], x + ints[ints[FIRST_POINT] + table + 1] - 1
    if not reals[first] <= at <= reals[last]:
        return 0.0
    return clamped(ints, reals, table, at)


@lean_kernel
def on_axis(ints: Ints, reals: Floats, axis: int, scale: float, x: float) -> tuple[int, float]:
    """As `locate`, for an axis with a guide.

    Args:
        ints, reals: the program.
        axis: where its record stands.
        scale: of the guide.
        x: where.
    """
    start, last = ints[AXIS_VALUES] + ints[axis], ints[axis + 1] - 1
    if last == 0 or x <= reals[start]:
        return 0, 0.0
    if x >= reals[start + last]:
        return last - 1, 1.0
    bucket = ints[GUIDE] + ints[axis + 2] + int((x - reals[start]) * scale)
    low, high = ints[bucket], min(ints[bucket + 1] + 1, last)
    while reals[start + low] > x:  # the product may be rounded to the next bucket
        low -= 1
    while reals[start + high] <= x:
        high += 1
    # Written out as in `locate`: a function for both makes a point cost a tenth more.
    while high - low > 1:
        middle = (low + high) >> 1
        if reals[start + middle] <= x:
            low = middle
        else:
            high = middle
    return low, (x - reals[start + low]) / (reals[start + low + 1] - reals[start + low])


@lean_kernel
def on_grid(ints: Ints, reals: Floats, limit: int, which: int, x: float, y: float, z: float) -> float:
    """Return a number of a limit's grid, at three coordinates; those of axes that there are not do not count.

    Args:
        ints, reals: the program.
        limit: number of the limit.
        which: EXPECTED or OBSERVED.
        x, y, z: where.
    """
    axis, scale = ints[AXIS] + 9 * limit, ints[AXIS_SCALE] + 3 * limit
    i, a = on_axis(ints, reals, axis, reals[scale], x)
    first = ints[which] + ints[ints[GRID_START] + limit]
    columns, layers = ints[axis + 4], ints[axis + 7]
    if columns == 1 and layers == 1:
        first += i
        return float(reals[first] if a == 0.0 else (1.0 - a) * reals[first] + a * reals[first + 1])
    j, b = on_axis(ints, reals, axis + 3, reals[scale + 1], y)
    if layers == 1:
        return _in_plane(reals, first, columns, i, a, j, b)
    k, c = on_axis(ints, reals, axis + 6, reals[scale + 2], z)
    total = 0.0
    for di in range(2):
        for dj in range(2):
            for dk in range(2):
                weight = (a if di else 1.0 - a) * (b if dj else 1.0 - b) * (c if dk else 1.0 - c)
                if weight != 0.0:
                    total += weight * reals[first + ((i + di) * columns + j + dj) * layers + k + dk]
    return total


@lean_kernel
def _in_plane(reals: Floats, first: int, columns: int, i: int, a: float, j: int, b: float) -> float:
    """Return a number between four of a table that begins at `first`, at shares a and b of the widths."""
    total = 0.0
    for di in range(2):
        for dj in range(2):
            weight = (a if di else 1.0 - a) * (b if dj else 1.0 - b)
            if weight != 0.0:
                total += weight * reals[first + (i + di) * columns + j + dj]
    return total


@lean_kernel
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
    k += first
    axis, scale = ints[SLICE_AXIS] + 6 * k, ints[SLICE_AXIS_SCALE] + 2 * k
    i, a = on_axis(ints, reals, axis, reals[scale], x)
    j, b = on_axis(ints, reals, axis + 3, reals[scale + 1], y)
    q = 0.0
    if share < 1.0:
        q += (1.0 - share) * _in_plane(reals, ints[which] + ints[ints[SLICE_START] + k], ints[axis + 4], i, a, j, b)
    if share > 0.0:
        if ints[axis] != ints[axis + 6] or ints[axis + 3] != ints[axis + 9]:  # equal axes are one
            i, a = on_axis(ints, reals, axis + 6, reals[scale + 2], x)
            j, b = on_axis(ints, reals, axis + 9, reals[scale + 3], y)
        q += share * _in_plane(reals, ints[which] + ints[ints[SLICE_START] + k + 1], ints[axis + 10], i, a, j, b)
    return q


@lean_kernel
def _tail(x: float) -> float:
    """Return the probability of a unit Gaussian beyond x."""
    return 0.5 * math.erfc(x / math.sqrt(2.0))


@lean_kernel
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


@lean_kernel
def log_cls_excess(q_expected: float, q_observed: float) -> float:
    """Return ln 0.05 - ln CLs: negative where the signal is allowed."""
    return LOG_CLS - log_cls(q_expected, q_observed)
