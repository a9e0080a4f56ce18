"""The new neutral scalars h2, h3, A1 and A2: widths, branching ratios and cross sections.

Widths are those of leading order, with running quark masses, the QCD correction of massless quarks and gluons, and
WW and ZZ with off-shell bosons below 200 GeV. Other decays are open on shell only. Columns: see `channels`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from terranova.models.physics import higgs_decays as decays
from terranova.models.physics import loops, running, sm
from terranova.models.physics._jit import jit
from terranova.models.physics.tables import interpolate_log
from terranova.models.thdm3 import cross_sections, photons
from terranova.models.thdm3.channels import EVEN_RATES, N_EVEN, N_ODD, ODD_RATES
from terranova.models.thdm3.higgs import Kappas
from terranova.types import Floats

ALPHA_S_MB = running.alpha_s(sm.M_BOTTOM_MSBAR)
INV_EVOLUTION_MB = 1.0 / running.mass_evolution(ALPHA_S_MB)
CHARM_AT_MB = 0.92
"""MS-bar charm mass at m_b(m_b) in GeV; PDG m_c(m_c) = 1.27 evolved, arXiv:1610.07922."""
STRANGE_AT_MB = 0.079
"""MS-bar strange mass at m_b(m_b) in GeV; PDG m_s(2 GeV) = 93 MeV evolved."""
M_MUON = sm.M_LEPTON[1]

YR4_WIDTHS_BELOW = 200.0
"""Below this mass WW and ZZ widths are tabulated, with off-shell bosons; above it leading order is used."""

FIRST_EVEN, FIRST_ODD = len(EVEN_RATES), len(ODD_RATES)
"""Column of the first branching ratio."""


class Strong(NamedTuple):
    """Strong coupling and MS-bar quark masses in GeV at the scale of a decay."""

    alpha_s: float
    m_b: float
    m_c: float
    m_s: float
    correction: float
    """1 + 5.67 alpha_s/pi of S -> q qbar with massless quarks, hep-ph/0503172 section 2.1."""


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
def fermion_widths(m: float, c_u: float, c_d: float, c_l: float, strong: Strong, cp_odd: bool, out: Floats) -> None:
    """Fill out (5,) with the widths to tau tau, mu mu, bb, cc and tt."""
    out[0] = decays.to_fermions(m, sm.M_TAU, sm.M_TAU, 1.0, c_l, cp_odd)
    out[1] = decays.to_fermions(m, M_MUON, M_MUON, 1.0, c_l, cp_odd)
    out[2] = decays.to_fermions(m, sm.M_BOTTOM_POLE, strong.m_b, 3.0, c_d, cp_odd) * strong.correction
    out[3] = decays.to_fermions(m, sm.M_CHARM_POLE, strong.m_c, 3.0, c_u, cp_odd) * strong.correction
    out[4] = decays.to_fermions(m, sm.M_TOP, sm.M_TOP, 3.0, c_u, cp_odd)


@jit
def quark_loops(m: float) -> tuple[complex, complex]:
    """f of the triangles of top and bottom, hep-ph/0503172 section 2.3."""
    return loops.triangle_f((m / (2.0 * sm.M_TOP)) ** 2), loops.triangle_f((m / (2.0 * sm.M_BOTTOM_POLE)) ** 2)


@jit
def gluon_fusion(m: float, c_u: float, c_d: float, cp_odd: bool, f_t: complex, f_b: complex) -> tuple[float, float]:
    """|sum c A|^2 of top and bottom, and sigma(gg -> S) in pb: the SM-like table times the LO ratio."""
    tau_t, tau_b = (m / (2.0 * sm.M_TOP)) ** 2, (m / (2.0 * sm.M_BOTTOM_POLE)) ** 2
    a_t, a_b = loops.amplitude_fermion(tau_t, f_t), loops.amplitude_fermion(tau_b, f_b)
    standard = loops.abs2(a_t + a_b)
    if cp_odd:
        a_t, a_b = loops.amplitude_fermion_odd(tau_t, f_t), loops.amplitude_fermion_odd(tau_b, f_b)
    form_factor2 = loops.abs2(c_u * a_t + c_d * a_b)
    return form_factor2, interpolate_log(cross_sections.SIGMA_GG, m) * form_factor2 / standard


@jit
def vector_pair_width(m: float) -> tuple[float, float]:
    """Widths to WW and ZZ for a SM-like coupling."""
    if m < YR4_WIDTHS_BELOW:
        ww = interpolate_log(cross_sections.WIDTH_WW, m)
        return ww, interpolate_log(cross_sections.WIDTH_ZZ, m)
    return decays.to_vector_pair(m, sm.M_W, False), decays.to_vector_pair(m, sm.M_Z, True)


@jit
def to_branching_ratios(widths: Floats) -> float:
    """Divide widths by their sum, which is returned."""
    total = 0.0
    for k in range(len(widths)):
        total += widths[k]
    inverse = 1.0 / total
    for k in range(len(widths)):
        widths[k] *= inverse
    return total


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
    z_loops: Floats,
    out: Floats,
) -> None:
    """h_i with i = 1 or 2 (h2 or h3).

    Args:
        i: row of the state.
        m_even, m_odd, m_charged: (3,), (2,), (2,) masses in GeV.
        k: couplings relative to the SM.
        hhh, haa, hcc: cubic couplings in GeV, see `cubic.cubic_couplings`.
        C_za, C_wh: (3, 2) and (2, 3) mixing of h_i Z A_j and H_a+ W- h_i.
        z_loops: see `photons.z_functions`.
        out: (N_EVEN,) is filled: EVEN_RATES, then the branching ratios of EVEN_DECAYS.
    """
    m = m_even[i]
    other = 3 - i
    strong = strong_at(m)
    widths = out[FIRST_EVEN:N_EVEN]
    fermion_widths(m, k.u, k.d, k.e, strong, False, widths)
    f_t, f_b = quark_loops(m)
    form_factor2, sigma_gg = gluon_fusion(m, k.u, k.d, False, f_t, f_b)
    k_v2 = k.v * k.v
    ww, zz = vector_pair_width(m)
    widths[5] = decays.to_gluons(m, form_factor2, strong.alpha_s)
    widths[6], widths[7] = photons.even_widths(m, k.v, k.u, k.d, k.e, f_t, f_b, m_charged, hcc[i], z_loops)
    widths[8], widths[9] = k_v2 * ww, k_v2 * zz
    widths[10] = 0.5 * decays.to_scalars(m, m_even[0], m_even[0], hhh[0, 0, i])
    widths[11] = decays.to_scalars(m, m_even[0], m_even[other], hhh[0, 1, 2])
    cubic = hhh[min(i, other), other, max(i, other)]
    widths[12] = 0.5 * decays.to_scalars(m, m_even[other], m_even[other], cubic)
    widths[13] = 0.5 * decays.to_scalars(m, m_odd[0], m_odd[0], haa[i, 0])
    widths[14] = decays.to_scalars(m, m_odd[0], m_odd[1], haa[i, 1])
    widths[15] = 0.5 * decays.to_scalars(m, m_odd[1], m_odd[1], haa[i, 2])
    widths[16] = decays.to_scalars(m, m_charged[0], m_charged[0], hcc[i, 0])
    widths[16] += 2.0 * decays.to_scalars(m, m_charged[0], m_charged[1], hcc[i, 1])
    widths[16] += decays.to_scalars(m, m_charged[1], m_charged[1], hcc[i, 2])
    for j in range(2):
        widths[17 + j] = decays.to_scalar_vector(m, m_odd[j], sm.M_Z, C_za[i, j])
        widths[19 + j] = 2.0 * decays.to_scalar_vector(m, m_charged[j], sm.M_W, C_wh[j, i])
    out[0] = to_branching_ratios(widths)
    out[1] = sigma_gg
    out[2] = interpolate_log(cross_sections.SIGMA_BB, m) * k.d * k.d
    out[3] = interpolate_log(cross_sections.SIGMA_VBF, m) * k_v2
    out[4] = interpolate_log(cross_sections.SIGMA_TTH, m) * k.u * k.u
    out[5] = k.u


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
    out: Floats,
) -> None:
    """A_j with j = 0 or 1 (A1 or A2); arguments as in `even_scalar`, C_wa (2, 2) of H_a+ W- A_j.

    out (N_ODD,) is filled: ODD_RATES, then the branching ratios of ODD_DECAYS.
    """
    m = m_odd[j]
    other = 1 - j
    strong = strong_at(m)
    widths = out[FIRST_ODD:N_ODD]
    fermion_widths(m, c_u, c_d, c_l, strong, True, widths)
    f_t, f_b = quark_loops(m)
    form_factor2, sigma_gg = gluon_fusion(m, c_u, c_d, True, f_t, f_b)
    widths[5] = decays.to_gluons(m, form_factor2, strong.alpha_s)
    widths[6], widths[7] = photons.odd_widths(m, c_u, c_d, c_l, f_t, f_b)
    for i in range(3):
        widths[8 + i] = decays.to_scalars(m, m_odd[other], m_even[i], haa[i, 1])
        widths[12 + i] = decays.to_scalar_vector(m, m_even[i], sm.M_Z, C_za[i, j])
    widths[11] = 2.0 * decays.to_scalars(m, m_charged[0], m_charged[1], acc[j])
    for a in range(2):
        widths[15 + a] = 2.0 * decays.to_scalar_vector(m, m_charged[a], sm.M_W, C_wa[a, j])
    out[0] = to_branching_ratios(widths)
    out[1] = sigma_gg
    out[2] = interpolate_log(cross_sections.SIGMA_BB, m) * c_d * c_d
    out[3] = cross_sections.tta(m) * c_u * c_u
    out[4] = c_u
