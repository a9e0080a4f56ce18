"""Feynman-parameter integrals of vacuum polarisations, in closed form; stable for equal masses."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from terranova.models.physics._jit import jit

_X, _W = np.polynomial.legendre.leggauss(8)
GAUSS_X: Final = 0.5 * (_X + 1.0)
GAUSS_W: Final = 0.5 * _W

CLOSE: Final = 0.3
"""For (A - B)/A below this the closed forms lose digits, and eight Gauss nodes are exact to 1e-16."""


@jit
def log_mean(a: float, b: float) -> float:
    """int_0^1 ln(x a + (1 - x) b) dx."""
    high, low = max(a, b), min(a, b)
    gap = (high - low) / high
    if gap > CLOSE:
        return math.log(high) - 1.0 - low / (high - low) * math.log(low / high)
    total = 0.0
    for i in range(len(GAUSS_X)):
        total += GAUSS_W[i] * math.log1p(-GAUSS_X[i] * gap)
    return math.log(high) + total


@jit
def mass_log_mean(a: float, b: float) -> float:
    """int_0^1 D ln(D) dx with D = x a + (1 - x) b."""
    high, low = max(a, b), min(a, b)
    gap = (high - low) / high
    r = low / high
    if gap > CLOSE:
        part = -(0.5 * r * r * math.log(r) + 0.25 * (1.0 - r * r)) / gap
    else:
        part = 0.0
        for i in range(len(GAUSS_X)):
            shift = -GAUSS_X[i] * gap
            part += GAUSS_W[i] * (1.0 + shift) * math.log1p(shift)
    return high * (part + 0.5 * (1.0 + r) * math.log(high))


@jit
def xx_log_mean(a: float, b: float) -> float:
    """int_0^1 x (1 - x) ln(x a + (1 - x) b) dx."""
    high, low = max(a, b), min(a, b)
    gap = (high - low) / high
    if gap > CLOSE:
        r = low / high
        log = math.log(r)
        # int (s - r)(1 - s) ln s ds between r and 1.
        at_one = 1.0 / 9.0 - 0.25 * (1.0 + r) + r
        at_r = -(r**3) * (log / 3.0 - 1.0 / 9.0) + (1.0 + r) * r * r * (0.5 * log - 0.25) - r * r * (log - 1.0)
        return math.log(high) / 6.0 + (at_one - at_r) / gap**3
    total = 0.0
    for i in range(len(GAUSS_X)):
        x = GAUSS_X[i]
        total += GAUSS_W[i] * x * (1.0 - x) * math.log1p(-x * gap)
    return math.log(high) / 6.0 + total


@jit
def xx_inverse_mean(a: float, b: float) -> float:
    """int_0^1 x (1 - x) / (x a + (1 - x) b) dx."""
    high, low = max(a, b), min(a, b)
    gap = (high - low) / high
    if gap > CLOSE:
        r = low / high
        return (0.5 * (1.0 - r * r) + r * math.log(r)) / (gap**3 * high)
    total = 0.0
    for i in range(len(GAUSS_X)):
        x = GAUSS_X[i]
        total += GAUSS_W[i] * x * (1.0 - x) / (1.0 - x * gap)
    return total / high


@jit
def b1_mean(fermion: float, scalar: float) -> float:
    """int_0^1 z ln((1 - z) fermion + z scalar) dz, both squared masses."""
    # int z ln D = int (z - 1/2) ln D + (1/2) int ln D; with s = D the first part is closed as well.
    high, low = max(fermion, scalar), min(fermion, scalar)
    gap = (high - low) / high
    r = low / high
    # int t ln((1 - t) high + t low) dt, t the weight of the lighter one.
    if gap > CLOSE:
        log = math.log(r)
        # D = high (1 - gap t); s = 1 - gap t, t = (1 - s)/gap.
        light = (-0.75 - (r * (log - 1.0) - r * r * (0.5 * log - 0.25))) / (gap * gap)
    else:
        light = 0.0
        for i in range(len(GAUSS_X)):
            light += GAUSS_W[i] * GAUSS_X[i] * math.log1p(-GAUSS_X[i] * gap)
    light += 0.5 * math.log(high)
    if scalar <= fermion:
        return light
    return log_mean(fermion, scalar) - light
