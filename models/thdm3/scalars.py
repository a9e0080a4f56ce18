"""The new scalars h2, h3, A1, A2, H1+, H2+: widths, production, and the ratio of prediction to limit of
each.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from terranova.models.physics import higgs_decays as decays
from terranova.models.physics import loops, running, sm
from terranova.models.physics._jit import jit
from terranova.models.physics.tables import interpolate_log
from terranova.models.thdm3 import limits
from terranova.models.thdm3.higgs import Kappas
from terranova.types import Floats

ALPHA_S_MB = running.alpha_s(sm.M_BOTTOM_MSBAR)
INV_EVOLUTION_MB = 1.0 / running.mass_evolution(ALPHA_S_MB)
CHARM_AT_MB = 0.92
"""MS-bar charm mass at m_b(m_b) in GeV; PDG m_c(m_c) = 1.27 evolved, arXiv:1610.07922."""
STRANGE_AT_MB = 0.079
"""MS-bar strange mass at m_b(m_b) in GeV; PDG m_s(2 GeV) = 93 MeV evolved."""
V2_TB, V2_CB, V2_CS = sm.V_TB**2, sm.V_CB**2, sm.V_CS**2

YR4_WIDTHS_BELOW = 200.0
"""Below this mass WW and ZZ widths are tabulated, with off-shell bosons; above it leading order is used."""


class Strong(NamedTuple):
    """Strong coupling and MS-bar quark masses in GeV at the scale of a decay."""

    alpha_s: float
    m_b: float
    m_c: float
    m_s: float
    correction: float
    """1 + 5.67 alpha_s/pi of S -> q qbar with massless quarks, hep-ph/0503172 section 2.1."""


class Neutral(NamedTuple):
    """Results for one neutral scalar."""

    width: float
    sigma_gg: float
    br_tautau: float
    ratio: float


class Charged(NamedTuple):
    """Results for one charged scalar."""

    width: float
    br_t_bh: float
    br_taunu: float
    br_tb: float
    ratio: float


@jit
def strong_at(scale: float) -> Strong:
    """Strong coupling and light quark masses at a scale in GeV."""
    a_s = running.alpha_s(scale)
    evolution = running.mass_evolution(a_s) * INV_EVOLUTION_MB
    return Strong(
        a_s,
        sm.M_BOTTOM_MSBAR * evolution,
        CHARM_AT_MB * evolution,
        STRANGE_AT_MB * evolution,
        1.0 + 5.67 * a_s / math.pi,
    )


@jit
def fermion_width(
    m: float, c_u: float, c_d: float, c_l: float, strong: Strong, cp_odd: bool
) -> tuple[float, float]:
    """Width to tau tau, and to all fermions: t, b, c, tau."""
    tautau = decays.to_fermions(m, sm.M_TAU, sm.M_TAU, 1.0, c_l, cp_odd)
    top = decays.to_fermions(m, sm.M_TOP, sm.M_TOP, 3.0, c_u, cp_odd)
    bottom = decays.to_fermions(m, sm.M_BOTTOM_POLE, strong.m_b, 3.0, c_d, cp_odd)
    charm = decays.to_fermions(m, sm.M_CHARM_POLE, strong.m_c, 3.0, c_u, cp_odd)
    return tautau, tautau + top + (bottom + charm) * strong.correction


@jit
def gluon_fusion(m: float, c_u: float, c_d: float, cp_odd: bool) -> tuple[float, float]:
    """|sum c A|^2 of top and bottom, and sigma(gg -> S) in pb: the SM-like table times the LO ratio."""
    tau_t, tau_b = (m / (2.0 * sm.M_TOP)) ** 2, (m / (2.0 * sm.M_BOTTOM_POLE)) ** 2
    f_t, f_b = loops.triangle_f(tau_t), loops.triangle_f(tau_b)
    a_t, a_b = loops.amplitude_fermion(tau_t, f_t), loops.amplitude_fermion(tau_b, f_b)
    standard = loops.abs2(a_t + a_b)
    if cp_odd:
        a_t, a_b = loops.amplitude_fermion_odd(tau_t, f_t), loops.amplitude_fermion_odd(tau_b, f_b)
    form_factor2 = loops.abs2(c_u * a_t + c_d * a_b)
    return form_factor2, interpolate_log(limits.SIGMA_GG, m) * form_factor2 / standard


@jit
def vector_pair_width(m: float) -> tuple[float, float]:
    """Widths to WW and ZZ for a SM-like coupling."""
    if m < YR4_WIDTHS_BELOW:
        return interpolate_log(limits.WIDTH_WW, m), interpolate_log(limits.WIDTH_ZZ, m)
    return decays.to_vector_pair(m, sm.M_W, False), decays.to_vector_pair(m, sm.M_Z, True)


@jit
def tau_tau_ratio(m: float, log_m: float, sigma_gg: float, c_d: float, br_tautau: float) -> float:
    """Larger of gluon fusion and b-associated production, times BR(tau tau), over the limit."""
    sigma_bb = interpolate_log(limits.SIGMA_BB, m) * c_d * c_d
    return max(sigma_gg, sigma_bb) * br_tautau / limits.limit(limits.TAU_TAU, log_m)


@jit
def even_scalar(
    i: int,
    m_even: Floats,
    m_odd: Floats,
    m_charged: Floats,
    k: Kappas,
    hhh: Floats,
    haa: Floats,
    hcc: Floats,
    C_za: Floats,
    C_wh: Floats,
) -> Neutral:
    """h_i with i = 1 or 2 (h2 or h3).

    Args:
        i: row of the state.
        m_even, m_odd, m_charged: (3,), (2,), (2,) masses in GeV.
        k: couplings relative to the SM.
        hhh, haa, hcc: cubic couplings in GeV, see `cubic.cubic_couplings`.
        C_za, C_wh: (3, 2) and (2, 3) mixing of h_i Z A_j and H_a+ W- h_i.
    """
    m = m_even[i]
    other = 3 - i
    strong = strong_at(m)
    tautau, fermions = fermion_width(m, k.u, k.d, k.e, strong, False)
    form_factor2, sigma_gg = gluon_fusion(m, k.u, k.d, False)
    ww, zz = vector_pair_width(m)
    ww, zz = k.v * k.v * ww, k.v * k.v * zz
    h1h1 = 0.5 * decays.to_scalars(m, m_even[0], m_even[0], hhh[0, 0, i])
    width = fermions + decays.to_gluons(m, form_factor2, strong.alpha_s) + ww + zz + h1h1
    width += decays.to_scalars(m, m_even[0], m_even[other], hhh[0, 1, 2])
    width += 0.5 * decays.to_scalars(m, m_even[other], m_even[other], hhh[min(i, other), other, max(i, other)])
    width += 0.5 * decays.to_scalars(m, m_odd[0], m_odd[0], haa[i, 0])
    width += decays.to_scalars(m, m_odd[0], m_odd[1], haa[i, 1])
    width += 0.5 * decays.to_scalars(m, m_odd[1], m_odd[1], haa[i, 2])
    width += decays.to_scalars(m, m_charged[0], m_charged[0], hcc[i, 0])
    width += 2.0 * decays.to_scalars(m, m_charged[0], m_charged[1], hcc[i, 1])
    width += decays.to_scalars(m, m_charged[1], m_charged[1], hcc[i, 2])
    for j in range(2):
        width += decays.to_scalar_vector(m, m_odd[j], sm.M_Z, C_za[i, j])
        width += 2.0 * decays.to_scalar_vector(m, m_charged[j], sm.M_W, C_wh[j, i])
    log_m = math.log(m)
    ratio = tau_tau_ratio(m, log_m, sigma_gg, k.d, tautau / width)
    if m >= limits.Z_Z_FROM:
        ratio = max(ratio, sigma_gg * zz / width / limits.limit(limits.Z_Z, log_m))
    if m >= limits.H_H_FROM:
        ratio = max(ratio, sigma_gg * h1h1 / width / limits.limit(limits.H_H, log_m))
    return Neutral(width, sigma_gg, tautau / width, ratio)


@jit
def odd_scalar(
    j: int,
    m_even: Floats,
    m_odd: Floats,
    m_charged: Floats,
    c_u: float,
    c_d: float,
    c_l: float,
    haa: Floats,
    acc: Floats,
    C_za: Floats,
    C_wa: Floats,
) -> Neutral:
    """A_j with j = 0 or 1 (A1 or A2); arguments as in `even_scalar`, C_wa (2, 2) of H_a+ W- A_j."""
    m = m_odd[j]
    other = 1 - j
    strong = strong_at(m)
    tautau, fermions = fermion_width(m, c_u, c_d, c_l, strong, True)
    form_factor2, sigma_gg = gluon_fusion(m, c_u, c_d, True)
    zh1 = decays.to_scalar_vector(m, m_even[0], sm.M_Z, C_za[0, j])
    width = fermions + decays.to_gluons(m, form_factor2, strong.alpha_s) + zh1
    for i in range(1, 3):
        width += decays.to_scalar_vector(m, m_even[i], sm.M_Z, C_za[i, j])
    for i in range(3):
        width += decays.to_scalars(m, m_odd[other], m_even[i], haa[i, 1])
    for a in range(2):
        width += 2.0 * decays.to_scalar_vector(m, m_charged[a], sm.M_W, C_wa[a, j])
    width += 2.0 * decays.to_scalars(m, m_charged[0], m_charged[1], acc[j])
    log_m = math.log(m)
    ratio = tau_tau_ratio(m, log_m, sigma_gg, c_d, tautau / width)
    if m >= limits.Z_H_FROM:
        ratio = max(ratio, sigma_gg * zh1 / width / limits.limit(limits.Z_H, log_m))
    return Neutral(width, sigma_gg, tautau / width, ratio)


@jit
def charged_scalar(
    a: int,
    m_even: Floats,
    m_odd: Floats,
    m_charged: Floats,
    x_d: float,
    y_u: float,
    z_l: float,
    hcc: Floats,
    acc: Floats,
    C_wh: Floats,
    C_wa: Floats,
) -> Charged:
    """H_a+ with a = 0 or 1; couplings x_d, y_u, z_l of the Yukawa Lagrangian, other arguments as in
    `even_scalar`.
    """
    m = m_charged[a]
    other = 1 - a
    strong = strong_at(m)
    m_t, pole_b, m_b, m_c, m_s = sm.M_TOP, sm.M_BOTTOM_POLE, strong.m_b, strong.m_c, strong.m_s
    tb = V2_TB * decays.charged_to_quarks(m, m_t, pole_b, m_t, m_b, x_d, y_u)
    cb = V2_CB * strong.correction * decays.charged_to_light_quarks(m, m_c, m_b, x_d, y_u)
    cs = V2_CS * strong.correction * decays.charged_to_light_quarks(m, m_c, m_s, x_d, y_u)
    taunu = decays.charged_to_lepton(m, sm.M_TAU, z_l)
    width = tb + cb + cs + taunu
    for i in range(3):
        width += decays.to_scalar_vector(m, m_even[i], sm.M_W, C_wh[a, i])
        width += decays.to_scalars(m, m_charged[other], m_even[i], hcc[i, 1])
    for j in range(2):
        width += decays.to_scalar_vector(m, m_odd[j], sm.M_W, C_wa[a, j])
        width += decays.to_scalars(m, m_charged[other], m_odd[j], acc[j])
    top = V2_TB * decays.top_to_charged(m, m_t, pole_b, m_b, x_d, y_u)
    br_t_bh = top / (top + sm.TOP_WIDTH_BW)
    if m < m_t - pole_b:
        sigma = 2.0 * limits.SIGMA_TTBAR * br_t_bh * (1.0 - br_t_bh)
    else:
        sigma = interpolate_log(limits.SIGMA_TBH, m) * (y_u * y_u + limits.TBH_X2_WEIGHT * x_d * x_d)
    log_m = math.log(m)
    ratio = sigma * taunu / width / limits.limit(limits.TAU_NU, log_m)
    if m >= limits.T_B_FROM:
        ratio = max(ratio, sigma * tb / width / limits.limit(limits.T_B, log_m))
    if m <= limits.TOP_DECAY_TO:
        ratio = max(ratio, br_t_bh * taunu / width / limits.limit(limits.TOP_TAU_NU, log_m))
        ratio = max(ratio, br_t_bh * cb / width / limits.TOP_C_B)
    if m <= limits.TOP_C_S_TO:
        ratio = max(ratio, br_t_bh * cs / width / limits.TOP_C_S)
    return Charged(width, br_t_bh, taunu / width, tb / width, ratio)
