"""Couplings of QCD and QED below the weak scale, MS-bar, with flavour thresholds."""

from __future__ import annotations

import math

import numpy as np

from terranova.models.physics._jit import jit
from terranova.types import Floats

M_Z = 91.1876
"""Scale at which both couplings are given; PDG 2024, doi:10.1103/PhysRevD.110.030001."""

ALPHA_S_MZ = 0.1184
"""FLAG 2021, arXiv:2111.09849."""

INVERSE_ALPHA_EM_MZ = 127.950
"""PDG 2016, doi:10.1088/1674-1137/40/10/100001, table 10.2 (127.951 in later editions)."""

THRESHOLD_B, THRESHOLD_C = 4.18, 1.27
"""MS-bar masses m(m) in GeV at which bottom and charm are decoupled; PDG 2022,
doi:10.1093/ptep/ptac097."""

LOWEST_SCALE = 0.7
"""GeV; below it perturbative running makes no sense, and alpha_s stays what it is here."""

_ZETA3 = 1.2020569031595942
_STEP = 0.01


def beta_coefficients(n_f: int) -> tuple[float, float, float, float]:
    """beta_0 to beta_3 of d alpha_s/d ln mu = -2 alpha_s sum_k beta_k (alpha_s/4 pi)^(k+1).

    Four loops: hep-ph/9701390, in the normalisation beta_0 = 11 - 2 n_f/3.
    """
    n = float(n_f)
    return (
        11.0 - 2.0 * n / 3.0,
        102.0 - 38.0 * n / 3.0,
        2857.0 / 2.0 - 5033.0 * n / 18.0 + 325.0 * n**2 / 54.0,
        149753.0 / 6.0
        + 3564.0 * _ZETA3
        - (1078361.0 / 162.0 + 6508.0 / 27.0 * _ZETA3) * n
        + (50065.0 / 162.0 + 6472.0 / 81.0 * _ZETA3) * n**2
        + 1093.0 / 729.0 * n**3,
    )


def _slope(alpha: float, n_f: int) -> float:
    """d alpha_s / d ln mu."""
    x = alpha / (4.0 * math.pi)
    b0, b1, b2, b3 = beta_coefficients(n_f)
    return -2.0 * alpha * x * (b0 + x * (b1 + x * (b2 + x * b3)))


def _segment(alpha: float, start: float, end: float, n_f: int) -> Floats:
    """Rows of ln mu, alpha_s and its slope from the scale `start` to `end`: Runge-Kutta, fourth order."""
    steps = max(2, math.ceil(abs(math.log(end / start)) / _STEP))
    h = math.log(end / start) / steps
    rows = [(math.log(start), alpha, _slope(alpha, n_f))]
    for i in range(steps):
        k1 = _slope(alpha, n_f)
        k2 = _slope(alpha + 0.5 * h * k1, n_f)
        k3 = _slope(alpha + 0.5 * h * k2, n_f)
        k4 = _slope(alpha + h * k3, n_f)
        alpha += h * (k1 + 2.0 * k2 + 2.0 * k3 + k4) / 6.0
        rows.append((math.log(start) + (i + 1) * h, alpha, _slope(alpha, n_f)))
    return np.array(rows if h > 0 else rows[::-1])


def _decoupled(alpha: float) -> float:
    """alpha_s with a quark less at mu = m(m), two loops: hep-ph/9706430. Three loops add 3e-4 of it."""
    return alpha * (1.0 + 11.0 / 72.0 * (alpha / math.pi) ** 2)


_ABOVE = _segment(ALPHA_S_MZ, M_Z, 200.0, 5)
_FIVE = _segment(ALPHA_S_MZ, M_Z, THRESHOLD_B, 5)
_FOUR = _segment(_decoupled(_FIVE[0, 1]), THRESHOLD_B, THRESHOLD_C, 4)
_THREE = _segment(_decoupled(_FOUR[0, 1]), THRESHOLD_C, LOWEST_SCALE, 3)


@jit
def _hermite(rows: Floats, t: float) -> float:
    """Cubic through values and slopes; rows of (t, value, slope) in equal steps."""
    h = (rows[len(rows) - 1, 0] - rows[0, 0]) / (len(rows) - 1)
    i = min(max(int((t - rows[0, 0]) / h), 0), len(rows) - 2)
    u = (t - rows[i, 0]) / h
    left = (1.0 + 2.0 * u) * rows[i, 1] + u * h * rows[i, 2]
    right = (3.0 - 2.0 * u) * rows[i + 1, 1] - (1.0 - u) * h * rows[i + 1, 2]
    value: float = (1.0 - u) ** 2 * left + u * u * right
    return value


@jit
def alpha_s(scale: float) -> float:
    """Strong coupling at a scale in GeV, LOWEST_SCALE to 200, with three to five flavours."""
    t = math.log(max(scale, LOWEST_SCALE))
    if scale <= THRESHOLD_C:
        return _hermite(_THREE, t)
    if scale <= THRESHOLD_B:
        return _hermite(_FOUR, t)
    if scale <= M_Z:
        return _hermite(_FIVE, t)
    return _hermite(_ABOVE, t)


@jit
def alpha_em(scale: float) -> float:
    """Fine-structure constant at a scale in GeV, leading order, MS-bar.

    The tau is decoupled together with charm; quarks of one generation share a threshold.
    """
    # d(1/alpha)/d ln mu = -(2/3 pi) sum N_c Q^2 over the active fermions.
    inverse = INVERSE_ALPHA_EM_MZ
    slope = 2.0 / (3.0 * math.pi)
    inverse += slope * (20.0 / 3.0) * math.log(M_Z / max(scale, THRESHOLD_B))
    if scale < THRESHOLD_B:
        inverse += slope * (19.0 / 3.0) * math.log(THRESHOLD_B / max(scale, THRESHOLD_C))
    if scale < THRESHOLD_C:
        inverse += slope * 4.0 * math.log(THRESHOLD_C / scale)
    return 1.0 / inverse
