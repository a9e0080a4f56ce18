"""Oblique parameters S, T, U of three doublets and their distance from the electroweak fit."""

from __future__ import annotations

import math

from terranova.models.physics import oblique, sm
from terranova.models.physics._jit import jit
from terranova.types import Floats

M2_W = sm.M_W**2
M2_Z = sm.M_Z**2
M2_REF = sm.M_HIGGS**2
"""The SM point S = T = U = 0 is defined with a Higgs boson of the mass of h1."""

CHARGED_Z = (2.0 * sm.SIN2_W - 1.0) ** 2
"""Squared coupling of the Z to a pair of charged scalars, relative to that of neutral ones."""

T_NORM = 1.0 / (16.0 * math.pi * sm.SIN2_W * M2_W)
S_NORM = 1.0 / (24.0 * math.pi)

# Electroweak fit for U = 0: S = 0.06 +- 0.09, T = 0.10 +- 0.07, correlation 0.91; Gfitter, arXiv:1407.3792
# section 4.
FIT_S, FIT_S_ERROR = 0.06, 0.09
FIT_T, FIT_T_ERROR = 0.10, 0.07
FIT_CORRELATION = 0.91


@jit
def _f_gauge(m2: float) -> float:
    """3 [F(mZ^2, m^2) - F(mW^2, m^2)], what a SM-like Higgs boson of mass m adds to T."""
    f_z = oblique.big_f(M2_Z, m2, oblique.log_ratio(M2_Z, m2))
    return 3.0 * (f_z - oblique.big_f(M2_W, m2, oblique.log_ratio(M2_W, m2)))


_F_GAUGE_REF = _f_gauge(M2_REF)
_G_HAT_Z_REF = oblique.big_g_hat(M2_REF, M2_Z)
_G_HAT_W_REF = oblique.big_g_hat(M2_REF, M2_W)
_LOG_REF = math.log(M2_REF)


@jit
def oblique_parameters(
    m2_even: Floats, m2_odd: Floats, m2_charged: Floats, k_v: Floats, C_wh: Floats, C_wa: Floats, C_za: Floats
) -> tuple[float, float, float]:
    """S, T and U; arXiv:0711.4022 and arXiv:0802.4353 for doublets only.

    The mass of h1 must be `sm.M_HIGGS`, whose functions are worked out once.

    Args:
        m2_even: (3,) squared masses of h_i in GeV^2.
        m2_odd: (2,) of A_j.
        m2_charged: (2,) of H_a+.
        k_v: (3,) couplings of h_i to WW relative to the SM.
        C_wh: (2, 3) H_a+ W- h_i.
        C_wa: (2, 2) H_a+ W- A_j.
        C_za: (3, 2) h_i Z A_j.
    """
    t = s = u = 0.0
    for a in range(2):
        m2_c = m2_charged[a]
        for i in range(3):
            log = oblique.log_ratio(m2_c, m2_even[i])
            weight = C_wh[a, i] ** 2
            t += weight * oblique.big_f(m2_c, m2_even[i], log)
            u += weight * oblique.big_g(m2_c, m2_even[i], M2_W, log)
        for j in range(2):
            log = oblique.log_ratio(m2_c, m2_odd[j])
            weight = C_wa[a, j] ** 2
            t += weight * oblique.big_f(m2_c, m2_odd[j], log)
            u += weight * oblique.big_g(m2_c, m2_odd[j], M2_W, log)
        pair = CHARGED_Z * oblique.big_g(m2_c, m2_c, M2_Z, 0.0)
        s += pair
        u -= pair
    for i in range(3):
        for j in range(2):
            log = oblique.log_ratio(m2_even[i], m2_odd[j])
            weight = C_za[i, j] ** 2
            pair = weight * oblique.big_g(m2_even[i], m2_odd[j], M2_Z, log)
            t -= weight * oblique.big_f(m2_even[i], m2_odd[j], log)
            s += pair
            u -= pair
    k2 = k_v[0] * k_v[0] - 1.0
    t += k2 * _F_GAUGE_REF
    s += k2 * _G_HAT_Z_REF
    u += k2 * (_G_HAT_W_REF - _G_HAT_Z_REF)
    for i in range(1, 3):
        k2 = k_v[i] * k_v[i]
        g_hat_z = oblique.big_g_hat(m2_even[i], M2_Z)
        t += k2 * _f_gauge(m2_even[i])
        s += k2 * g_hat_z
        u += k2 * (oblique.big_g_hat(m2_even[i], M2_W) - g_hat_z)
    s += math.log(m2_even[1] * m2_even[2] * m2_odd[0] * m2_odd[1] / (m2_charged[0] * m2_charged[1]) ** 2)
    return S_NORM * s, T_NORM * t, S_NORM * u


@jit
def chi2_s_t(s: float, t: float) -> float:
    """Chi-squared of (S, T) for two degrees of freedom; 4.37 in the SM."""
    x, y = (s - FIT_S) / FIT_S_ERROR, (t - FIT_T) / FIT_T_ERROR
    return (x * x - 2.0 * FIT_CORRELATION * x * y + y * y) / (1.0 - FIT_CORRELATION**2)
