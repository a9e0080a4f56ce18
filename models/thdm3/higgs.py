"""Signal strengths of the 125 GeV state h1: couplings, loop-induced widths, production and branching
ratios.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from terranova.models.physics import loops, sm
from terranova.models.physics._jit import jit
from terranova.types import Floats


class Kappas(NamedTuple):
    """Couplings of a CP-even scalar divided by the SM ones."""

    v: float
    u: float
    d: float
    e: float


class SignalRatios(NamedTuple):
    """Partial widths, total width and cross sections of h1 divided by the SM ones."""

    gamgam: float
    zgam: float
    gg: float
    ww: float
    bb: float
    tautau: float
    cc: float
    width: float
    ggf: float


def _tau(m: float) -> float:
    return sm.M_HIGGS**2 / (4.0 * m * m)


def _fermion(m: float) -> complex:
    return loops.amplitude_fermion(_tau(m), loops.triangle_f(_tau(m)))


# Form factors of the SM particles at m_h = 125 GeV; the charm quark follows kappa_u, hep-ph/0503172
# section 2.3.
_UP_TYPE = _fermion(sm.M_TOP) + _fermion(sm.M_CHARM_POLE)
_BOTTOM = _fermion(sm.M_BOTTOM_POLE)
GAMGAM_W = loops.amplitude_vector(_tau(sm.M_W), loops.triangle_f(_tau(sm.M_W)))
GAMGAM_U = 3 * (2 / 3) ** 2 * _UP_TYPE
GAMGAM_D = 3 * (1 / 3) ** 2 * _BOTTOM
GAMGAM_L = _fermion(sm.M_TAU)
GAMGAM_SM = GAMGAM_W + GAMGAM_U + GAMGAM_D + GAMGAM_L
ZGAM_W = loops.z_gamma_vector(sm.M_HIGGS)
ZGAM_U = loops.z_gamma_fermion(sm.M_TOP, sm.M_HIGGS, 3.0, 2 / 3, 0.5) + loops.z_gamma_fermion(
    sm.M_CHARM_POLE, sm.M_HIGGS, 3.0, 2 / 3, 0.5
)
ZGAM_D = loops.z_gamma_fermion(sm.M_BOTTOM_POLE, sm.M_HIGGS, 3.0, -1 / 3, -0.5)
ZGAM_L = loops.z_gamma_fermion(sm.M_TAU, sm.M_HIGGS, 1.0, -1.0, -0.5)
ZGAM_SM = ZGAM_W + ZGAM_U + ZGAM_D + ZGAM_L
_INV_GAMGAM_SM = 1.0 / loops.abs2(GAMGAM_SM)
_INV_ZGAM_SM = 1.0 / loops.abs2(ZGAM_SM)
_INV_GG_SM = 1.0 / loops.abs2(_UP_TYPE + _BOTTOM)

CHARGED_SCALAR_Z = (2.0 * sm.COS2_W - 1.0) / math.sqrt(sm.COS2_W)
"""Z coupling of a charged scalar of a doublet. The sign of its term relative to the W loop follows from
the low-energy theorem: heavy scalars and fermions contribute to A_Zgamma as charge x Z coupling x
beta-function coefficient."""

# gg -> h at 13 TeV: top, bottom and interference in pb from SusHi, arXiv:1212.3249, at 125 GeV (numbers of
# public 3HDM code).
GGF_TT, GGF_BB, GGF_TB = 46.017227, 0.31176251, -2.50632791
_INV_GGF = 1.0 / (GGF_TT + GGF_BB + GGF_TB)

BR = sm.HIGGS_BRANCHING
BR_BB, BR_TAUTAU, BR_MUMU, BR_CC, BR_SS = BR["bb"], BR["tautau"], BR["mumu"], BR["cc"], BR["ss"]
BR_GG, BR_GAMGAM, BR_ZGAM, BR_WW, BR_ZZ = BR["gg"], BR["gamgam"], BR["Zgam"], BR["WW"], BR["ZZ"]


@jit
def even_kappas(row: Floats, vhat: Floats) -> Kappas:
    """Couplings of h_i from its components row (3,): Type-Z, up quarks to phi3, down to phi2, leptons to
    phi1.
    """
    k_v = row[0] * vhat[0] + row[1] * vhat[1] + row[2] * vhat[2]
    return Kappas(k_v, row[2] / vhat[2], row[1] / vhat[1], row[0] / vhat[0])


@jit
def charged_scalar_loops(m_charged: Floats, g_1cc: Floats) -> tuple[complex, complex]:
    """What H1+ and H2+ add to the gamma gamma and Z gamma amplitudes.

    Args:
        m_charged: (2,) masses in GeV.
        g_1cc: (3,) h1 couplings to H1H1, H1H2, H2H2 in GeV; the photon couples only equal states.
    """
    gamgam, zgam = complex(0.0, 0.0), complex(0.0, 0.0)
    for a in range(2):
        m = m_charged[a]
        weight = sm.VEV * g_1cc[2 * a] / (2.0 * m * m)
        tau = sm.M_HIGGS**2 / (4.0 * m * m)
        gamgam += weight * loops.amplitude_scalar(tau, loops.triangle_f(tau))
        zgam -= weight * CHARGED_SCALAR_Z * loops.z_gamma_scalar(m, sm.M_HIGGS)
    return gamgam, zgam


@jit
def signal_ratios(k: Kappas, charged_gamgam: complex, charged_zgam: complex) -> SignalRatios:
    """Partial and total widths and the gluon-fusion cross section of h1, relative to the SM.

    All new states are heavier than 100 GeV, so that h1 has no new on-shell decays.
    """
    gamgam = loops.abs2(k.v * GAMGAM_W + k.u * GAMGAM_U + k.d * GAMGAM_D + k.e * GAMGAM_L + charged_gamgam)
    zgam = loops.abs2(k.v * ZGAM_W + k.u * ZGAM_U + k.d * ZGAM_D + k.e * ZGAM_L + charged_zgam)
    r_gamgam, r_zgam = gamgam * _INV_GAMGAM_SM, zgam * _INV_ZGAM_SM
    r_gg = loops.abs2(k.u * _UP_TYPE + k.d * _BOTTOM) * _INV_GG_SM
    r_v, r_u, r_d, r_l = k.v * k.v, k.u * k.u, k.d * k.d, k.e * k.e
    width = (
        (BR_BB + BR_SS) * r_d
        + (BR_TAUTAU + BR_MUMU) * r_l
        + BR_CC * r_u
        + BR_GG * r_gg
        + BR_GAMGAM * r_gamgam
        + BR_ZGAM * r_zgam
        + (BR_WW + BR_ZZ) * r_v
    )
    ggf = (GGF_TT * r_u + GGF_BB * r_d + GGF_TB * k.u * k.d) * _INV_GGF
    return SignalRatios(r_gamgam, r_zgam, r_gg, r_v, r_d, r_l, r_u, width, ggf)
