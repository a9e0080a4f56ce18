"""Compiled ratios: the rate of a cluster over a limit, or what a likelihood makes of it."""

from __future__ import annotations

from terranova.plugins._jit import lean_kernel
from terranova.plugins.higgs_limits.interpolation_kernels import in_slices, inside, log_cls_excess, on_grid
from terranova.plugins.higgs_limits.program import (
    EXPECTED,
    LIKELIHOOD,
    NORM,
    OBSERVED,
    ROLES,
    SLICE_EXPECTED,
    SLICE_OBSERVED,
    WIDTH_MODE,
)
from terranova.types import Floats, Ints

LARGEST_SCALE = 1e3
"""A likelihood that allows so many times the rate decides nothing either, as in HiggsTools."""

EXPECTED_Q = 3.841458820694124
"""q at which the expected CLs is 0.05."""


@lean_kernel
def _excess(
    ints: Ints, reals: Floats, limit: int, mass: float, x: float, y: float, scale: float, observed: bool
) -> float:
    """Return something that is negative where scaled rates are allowed and grows with the scale."""
    q_expected = in_slices(ints, reals, limit, SLICE_EXPECTED, mass, scale * x, scale * y)
    if not observed:
        return q_expected - EXPECTED_Q
    return log_cls_excess(q_expected, in_slices(ints, reals, limit, SLICE_OBSERVED, mass, scale * x, scale * y))


@lean_kernel
def _scale(ints: Ints, reals: Floats, limit: int, mass: float, x: float, y: float, observed: bool) -> float:
    """Return the factor on the rates at which CLs is 0.05, the one nearest to 1.

    CLs falls with the rates, at least around 1: Illinois' variant of the false position in the logarithm of CLs.
    """
    low, high = 1.0, 1.0
    above = _excess(ints, reals, limit, mass, x, y, 1.0, observed)
    below = above
    while above < 0.0 and high < 2.0 * LARGEST_SCALE:
        low, below = high, above
        high *= 2.0
        above = _excess(ints, reals, limit, mass, x, y, high, observed)
    while below >= 0.0 and low > 1e-12:
        high, above = low, below
        low *= 0.5
        below = _excess(ints, reals, limit, mass, x, y, low, observed)
    last = 0
    for _ in range(200):
        if high - low <= 1e-13 * high or above == 0.0:
            break
        middle = (low * above - high * below) / (above - below)
        if not low < middle < high:
            middle = 0.5 * (low + high)
        value = _excess(ints, reals, limit, mass, x, y, middle, observed)
        if value < 0.0:
            low, below = middle, value
            above = 0.5 * above if last == -1 else above
            last = -1
        else:
            high, above = middle, value
            below = 0.5 * below if last == 1 else below
            last = 1
    return high


@lean_kernel
def rate_ratio(ints: Ints, reals: Floats, limit: int, rate: float, mass: float, width: float, which: int) -> float:
    """Return the rate of a resonance over a limit, `which` is EXPECTED or OBSERVED."""
    if ints[ints[NORM] + limit] >= 0:
        reference = inside(ints, reals, ints[ints[NORM] + limit], mass)
        if not reference > 0.0:
            return 0.0
        rate /= reference
    if ints[ints[WIDTH_MODE] + limit] == 2:
        width /= mass
    return float(rate / on_grid(ints, reals, limit, which, mass, width, 0.0))


@lean_kernel
def ratio_of(ints: Ints, reals: Floats, limit: int, mean: Floats, observed: bool, least: float) -> float:
    """Return the rate of clusters over the expected or the observed limit; 0 where a likelihood says nothing.

    An expected ratio of a likelihood that is not above `least` decides nothing, and may be returned as 0.
    """
    if ints[ints[LIKELIHOOD] + limit] == 1:
        reach = min(LARGEST_SCALE, 1.0 / least) if least > 0.0 else LARGEST_SCALE
        if _excess(ints, reals, limit, mean[3], mean[1], mean[2], reach, False) < 0.0:
            return 0.0
        if _excess(ints, reals, limit, mean[3], mean[1], mean[2], LARGEST_SCALE, True) < 0.0:
            return 0.0
        return 1.0 / _scale(ints, reals, limit, mean[3], mean[1], mean[2], observed)
    which = OBSERVED if observed else EXPECTED
    if ints[ints[ROLES] + limit] == 1:
        return rate_ratio(ints, reals, limit, mean[0], mean[3], mean[6], which)
    return float(mean[0] / on_grid(ints, reals, limit, which, mean[3], mean[4], mean[5]))
