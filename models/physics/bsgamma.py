"""BR(B -> X_s gamma) at NLO with any number of charged Higgs bosons, normalised to the NNLO SM value.

Borzumati and Greub, hep-ph/9802391, with the running of Chetyrkin, Misiak, Munz, hep-ph/9612313. The NLO
answer of the model divided by the NLO answer of the SM multiplies the NNLO prediction, so that CKM
factors, the semileptonic normalisation and most of the missing higher orders cancel.

The renormalisation-group evolution is linear in the matching conditions. Each charged Higgs boson therefore
enters through six functions of m_t^2/m^2 only: what it adds to C7(mu_W), C8(mu_W) and to the NLO part of
C7(mu_b), per unit Y^2 and per unit XY. These six are formed once, here, and evaluated per point in
`branching_ratio`.
"""

from __future__ import annotations

import math

import numpy as np

from terranova.models.physics import bsgamma_matching as matching
from terranova.models.physics import sm
from terranova.models.physics._jit import jit
from terranova.models.physics.running import alpha_s
from terranova.types import Floats

# --- Inputs -----------------------------------------------------------------------------------------------
BR_SM_NNLO = 3.36
"""SM prediction in 1e-4 for E_gamma > 1.6 GeV, arXiv:1503.01789; arXiv:2002.01548 has 3.40."""

MU_W = 160.0
"""Matching scale in GeV; varying it in [80, 320] moves the result by 0.9 %."""

MU_B = M_B = 4.80
"""Low scale and bottom pole mass in GeV; hep-ph/9802391."""

CHARM_RATIO = 0.29
"""m_c/m_b of pole masses; hep-ph/9802391."""

LAMBDA_1, LAMBDA_2 = -0.5, 0.12
"""Heavy-quark parameters in GeV^2; hep-ph/9802391. lambda_2 is positive: (m_B*^2 - m_B^2)/4."""

_Z = CHARM_RATIO**2
_ALPHA_S_W, _ALPHA_S_B = alpha_s(MU_W), alpha_s(MU_B)
ETA = _ALPHA_S_W / _ALPHA_S_B
_X_TOP_W = (sm.M_TOP / sm.M_W) ** 2
_LOG_TOP = 2.0 * math.log(sm.M_TOP / MU_W)
_LOG_W = 2.0 * math.log(MU_W / sm.M_W)

# --- Running from mu_W to mu_b, hep-ph/9612313 and hep-ph/9802391 ---------------
_A = np.array([14 / 23, 16 / 23, 6 / 23, -12 / 23, 0.4086, -0.4230, -0.8994, 0.1456])
_H = np.array([626126 / 272277, -56281 / 51730, -3 / 7, -1 / 14, -0.6494, -0.0380, -0.0186, -0.0057])
_E = np.array([4661194 / 816831, -8516 / 2217, 0.0, 0.0, -1.9043, -0.1008, 0.1216, 0.0183])
_F = np.array([-17.3023, 8.5027, 4.5508, 0.7519, 2.0040, 0.7476, -0.5385, 0.0914])
_K = np.array([9.9372, -7.4878, 1.2688, -0.2925, -2.2923, -0.1461, 0.1239, 0.0812])
_L = np.array([0.5784, -0.3921, -0.1429, 0.0476, -0.1275, 0.0317, 0.0078, -0.0031])
_A_PRIME = np.array([14 / 23, 0.4086, -0.4230, -0.8994, 0.1456])
_H_PRIME = np.array([313063 / 363036, -0.9135, 0.0873, -0.0571, 0.0209])

C1_B: float = ETA ** (6 / 23) - ETA ** (-12 / 23)
C2_B: float = 2 / 3 * ETA ** (6 / 23) + 1 / 3 * ETA ** (-12 / 23)

# C7(mu_b) = constant + c7 C7(mu_W) + c8 C8(mu_W); C8(mu_b) likewise.
_C7_FROM_C7 = ETA ** (16 / 23)
_C7_FROM_C8 = 8 / 3 * (ETA ** (14 / 23) - ETA ** (16 / 23))
_C7_CONSTANT = float(_H @ ETA**_A)
_C8_FROM_C8 = ETA ** (14 / 23)
_C8_CONSTANT = float(_H_PRIME @ ETA**_A_PRIME)

# The NLO part of C7(mu_b) is linear in C7^1, C8^1, C4^1 (NLO matching) and C7, C8 (LO matching).
_NLO_FROM_C7_1 = ETA ** (39 / 23)
_NLO_FROM_C8_1 = 8 / 3 * (ETA ** (37 / 23) - ETA ** (39 / 23))
_NLO_FROM_C7 = 37208 / 4761 * (ETA ** (39 / 23) - ETA ** (16 / 23))
_NLO_FROM_C8 = (
    297664 / 14283 * ETA ** (16 / 23)
    - 7164416 / 357075 * ETA ** (14 / 23)
    + 256868 / 14283 * ETA ** (37 / 23)
    - 6698884 / 357075 * ETA ** (39 / 23)
)
_NLO_FROM_C4_1 = float(_E * ETA @ ETA**_A)
_C1_1 = 15.0 + 6.0 * _LOG_W
_NLO_CONSTANT = float((_F + _K * ETA + _L * ETA * _C1_1) @ ETA**_A)


# --- b quark decay: virtual corrections and bremsstrahlung ------------------------------------------------
def _r_2() -> float:
    """Re r_2: virtual corrections to O_2, expansion in z; Greub, Hurth, Wyler, hep-ph/9603404."""
    pi2, log, zeta3 = math.pi**2, math.log(_Z), 1.2020569031595942
    order_z = 1728 - 180 * pi2 - 1296 * zeta3 + (1296 - 324 * pi2) * log + 108 * log**2 + 36 * log**3
    order_z2 = 648 + 72 * pi2 + (432 - 216 * pi2) * log + 36 * log**3
    order_z3 = -54 - 84 * pi2 + 1092 * log - 756 * log**2
    return 2 / 243 * (-833 + 144 * pi2 * _Z * math.sqrt(_Z) + order_z * _Z + order_z2 * _Z**2 + order_z3 * _Z**3)


# With mu_b = m_b the logarithms gamma_i7 ln(m_b^2/mu_b^2)/2 vanish and v_i = Re r_i; v_7 absorbs the -16/3
# of the pole-mass factor. hep-ph/9802391.
V_2 = _r_2()
V_1 = -V_2 / 6
V_7 = 32 / 9 - 8 / 9 * math.pi**2 - 16 / 3
V_8 = -4 / 27 * (-33 + 2 * math.pi**2)

# Bremsstrahlung over the full photon spectrum (delta = 1), hep-ph/9612313. F_22 and F_27 are integrals
# over the charm loop at z = 0.0841, done once; f_88 leaves out the collinear logarithms of m_b/m_s.
F_22 = 0.03402225066157506
F_27 = 0.018173991379201775
F_78 = 8 / 9 * (25 / 12 - math.pi**2 / 6)
F_88 = (16 - 4 * math.pi**2) / 81
F_11, F_12, F_17, F_18, F_28 = F_22 / 36, -F_22 / 3, -F_27 / 6, F_27 / 18, -F_27 / 3

_HEAVY_QUARK_77 = (LAMBDA_1 / 2 - 9 / 2 * LAMBDA_2) / M_B**2
"""1/m_b^2 correction relative to |C7|^2; hep-ph/9802391."""

_CHARM_72 = -LAMBDA_2 / 9 / (CHARM_RATIO * M_B) ** 2
"""1/m_c^2 correction (Voloshin); sign as in hep-ph/9705253."""


@jit
def decay_rate(c7: float, c8: float, c7_nlo: float) -> float:
    """Reduced rate N from C7, C8 at leading order and the NLO part of C7, all at mu_b."""
    a = _ALPHA_S_B / math.pi
    virtual = c7_nlo + C1_B * V_1 + C2_B * V_2 + c7 * V_7 + c8 * V_8
    brems_c7 = c7 * (C1_B * F_17 + C2_B * F_27 + c8 * F_78)
    brems_c8 = c8 * (C1_B * F_18 + C2_B * F_28 + c8 * F_88)
    brems = C1_B * C1_B * F_11 + C1_B * C2_B * F_12 + C2_B * C2_B * F_22 + brems_c7 + brems_c8
    nonperturbative = _HEAVY_QUARK_77 * c7 * c7 + _CHARM_72 * c7 * (C2_B - C1_B / 6)
    return c7 * c7 + 0.5 * a * c7 * virtual + a * brems + nonperturbative


def _standard_model() -> tuple[float, float, float]:
    """C7(mu_b), C8(mu_b) and the NLO part of C7(mu_b) in the SM."""
    forms = matching.charged_higgs_forms()
    w = np.zeros(matching.N_TAYLOR)
    count = matching.monomials(_X_TOP_W, w)
    values = {k: float(v.ravel() @ w[:count]) for k, v in forms.items() if k.endswith("_SM")}
    c7, c8, t7, t8 = values["C7_SM"], values["C8_SM"], values["T7_SM"], values["T8_SM"]
    # 416/81 and 70/27 are the mixing of O_2, whose coefficient is 1 at mu_W.
    m7 = t7 + 0.5 * (32 / 3 * c7 - 32 / 9 * c8 + 416 / 81)
    m8 = t8 + 0.5 * (28 / 3 * c8 + 70 / 27)
    w7, w8 = matching.w_sm(_X_TOP_W)
    c7_1 = w7 + m7 * _LOG_W + t7 * (_LOG_TOP - 4 / 3)
    c8_1 = w8 + m8 * _LOG_W + t8 * (_LOG_TOP - 4 / 3)
    c4_1 = matching.e_0(_X_TOP_W) + 2 / 3 * _LOG_W
    nlo = _NLO_FROM_C7_1 * c7_1 + _NLO_FROM_C8_1 * c8_1 + _NLO_FROM_C4_1 * c4_1
    nlo += _NLO_FROM_C7 * c7 + _NLO_FROM_C8 * c8 + _NLO_CONSTANT
    return (
        _C7_CONSTANT + _C7_FROM_C7 * c7 + _C7_FROM_C8 * c8,
        _C8_CONSTANT + _C8_FROM_C8 * c8,
        nlo,
    )


def _charged_higgs_rows() -> list[Floats]:
    """Log forms of what a charged Higgs adds to C7, C8 and C7^1 at mu_b, first per Y^2, then per XY."""
    forms = matching.charged_higgs_forms()
    rows = []
    for kind in ("YY", "XY"):
        c7, c8, t7, t8 = (forms[f"{name}_{kind}"] for name in ("C7", "C8", "T7", "T8"))
        m7, m8 = forms[f"M7_{kind}"], forms[f"M8_{kind}"]
        # ln(mu_W^2/m^2) = L - ln(m_t^2/mu_W^2).
        c7_1 = forms[f"W7_{kind}"] + matching.times_log(m7) - _LOG_TOP * m7 + (_LOG_TOP - 4 / 3) * t7
        c8_1 = forms[f"W8_{kind}"] + matching.times_log(m8) - _LOG_TOP * m8 + (_LOG_TOP - 4 / 3) * t8
        nlo = _NLO_FROM_C7_1 * c7_1 + _NLO_FROM_C8_1 * c8_1 + _NLO_FROM_C7 * c7 + _NLO_FROM_C8 * c8
        if kind == "YY":
            nlo = nlo + _NLO_FROM_C4_1 * forms["E_H"]
        rows += [_C7_FROM_C7 * c7 + _C7_FROM_C8 * c8, _C8_FROM_C8 * c8, nlo]
    return rows


SM_COEFFICIENTS = _standard_model()
_SM_C7, _SM_C8, _SM_C7_NLO = SM_COEFFICIENTS
RATE_SM = decay_rate(*SM_COEFFICIENTS)
_CLOSED = np.array([row.ravel() for row in _charged_higgs_rows()])
_TAYLOR = np.array([matching.taylor_series(row) for row in _charged_higgs_rows()])


@jit
def _contribution(row: int, w: Floats, count: int) -> float:
    return matching.evaluate_form(_CLOSED[row], _TAYLOR[row], w, count)


@jit
def branching_ratio(masses: Floats, x_d: Floats, y_u: Floats, w: Floats) -> float:
    """BR(B -> X_s gamma) in units of 1e-4.

    Args:
        masses: (n,) charged Higgs masses in GeV.
        x_d: (n,) couplings X_a to down quarks; X Y = +1 for type II.
        y_u: (n,) couplings Y_a to up quarks.
        w: (N_TAYLOR,) scratch space.
    """
    c7, c8, c7_nlo = _SM_C7, _SM_C8, _SM_C7_NLO
    for a in range(len(masses)):
        count = matching.monomials((sm.M_TOP / masses[a]) ** 2, w)
        yy, xy = y_u[a] * y_u[a], x_d[a] * y_u[a]
        c7 += yy * _contribution(0, w, count) + xy * _contribution(3, w, count)
        c8 += yy * _contribution(1, w, count) + xy * _contribution(4, w, count)
        c7_nlo += yy * _contribution(2, w, count) + xy * _contribution(5, w, count)
    return BR_SM_NNLO * decay_rate(c7, c8, c7_nlo) / RATE_SM
