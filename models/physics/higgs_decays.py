"""Two-body partial widths of heavy scalars, at leading order unless said otherwise.

Arguments and results in GeV; a closed channel returns zero. Djouadi, hep-ph/0503172 (neutral scalar to
fermions, gauge bosons and gluons) and hep-ph/0503173 (scalar and vector, charged scalars).
"""

from __future__ import annotations

import math

from terranova.models.physics import sm
from terranova.models.physics._jit import jit

V2 = sm.VEV * sm.VEV


@jit
def kallen(x: float, y: float) -> float:
    """lambda(1, x, y) = (1 - x - y)^2 - 4xy, with squared mass ratios x and y."""
    return (1.0 - x - y) ** 2 - 4.0 * x * y


@jit
def to_fermions(m: float, m_f: float, m_yukawa: float, n_colour: float, coupling: float, cp_odd: bool) -> float:
    """S -> f fbar: beta^3 for CP-even, beta for CP-odd.

    Args:
        m: mass of the scalar.
        m_f: pole mass, for phase space.
        m_yukawa: mass in the Yukawa coupling m_yukawa coupling / v; running for light quarks.
        n_colour: 3 for quarks, 1 for leptons.
        coupling: relative to the SM Higgs boson.
        cp_odd: True for a gamma_5 coupling.
    """
    beta2 = 1.0 - (2.0 * m_f / m) ** 2
    if beta2 <= 0.0:
        return 0.0
    phase_space = math.sqrt(beta2)
    if not cp_odd:
        phase_space *= beta2
    return n_colour * m * (m_yukawa * coupling) ** 2 / (8.0 * math.pi * V2) * phase_space


@jit
def to_gluons(m: float, form_factor2: float, a_s: float) -> float:
    """S -> gg with |sum c A|^2 (SM: A -> 4/3) and the NLO factor 1 + 17.9 alpha_s/pi of five flavours."""
    born = a_s * a_s * m**3 / (72.0 * math.pi**3 * V2) * (9.0 / 16.0) * form_factor2
    return born * (1.0 + 17.9 * a_s / math.pi)


@jit
def to_vector_pair(m: float, m_v: float, identical: bool) -> float:
    """S -> VV on shell for a SM-like coupling; identical is True for ZZ."""
    x = (m_v / m) ** 2
    if 4.0 * x >= 1.0:
        return 0.0
    symmetry = 0.5 if identical else 1.0
    return symmetry * m**3 / (16.0 * math.pi * V2) * math.sqrt(1.0 - 4.0 * x) * (1.0 - 4.0 * x + 12.0 * x * x)


@jit
def to_scalars(m: float, m_1: float, m_2: float, coupling: float) -> float:
    """S -> S1 S2 of distinct scalars with the vertex coupling (GeV); halve it for identical ones."""
    if m_1 + m_2 >= m:
        return 0.0
    phase_space = math.sqrt(kallen((m_1 / m) ** 2, (m_2 / m) ** 2))
    return coupling * coupling / (16.0 * math.pi * m) * phase_space


@jit
def to_scalar_vector(m: float, m_s: float, m_v: float, mixing: float) -> float:
    """S -> S' V with the coupling (g/2 or g/2c_W) mixing (p + p')."""
    if m_s + m_v >= m:
        return 0.0
    root = math.sqrt(kallen((m_s / m) ** 2, (m_v / m) ** 2))
    return m**3 / (16.0 * math.pi * V2) * mixing * mixing * root**3


@jit
def charged_to_quarks(
    m: float, pole_up: float, pole_down: float, m_up: float, m_down: float, x_d: float, y_u: float
) -> float:
    """H+ -> u dbar for |V_CKM| = 1, with -L = (sqrt2/v) H+ ubar (m_down x_d P_R + m_up y_u P_L) d.

    Args:
        m: mass of the scalar.
        pole_up, pole_down: quark masses for phase space.
        m_up, m_down: quark masses in Yukawa couplings and helicity flips; running for light quarks.
        x_d, y_u: couplings; type II has x_d y_u = +1.
    """
    if pole_up + pole_down >= m:
        return 0.0
    x_up, x_down = (pole_up / m) ** 2, (pole_down / m) ** 2
    couplings = (m_up * y_u) ** 2 + (m_down * x_d) ** 2
    interference = 4.0 * (m_up * m_down / m) ** 2 * x_d * y_u
    bracket = (1.0 - x_up - x_down) * couplings - interference
    return 3.0 * m / (8.0 * math.pi * V2) * math.sqrt(kallen(x_up, x_down)) * bracket


@jit
def charged_to_light_quarks(m: float, m_up: float, m_down: float, x_d: float, y_u: float) -> float:
    """H+ -> u dbar as in `charged_to_quarks`, with quark masses kept in the couplings only."""
    return 3.0 * m / (8.0 * math.pi * V2) * ((m_up * y_u) ** 2 + (m_down * x_d) ** 2)


@jit
def charged_to_lepton(m: float, m_l: float, z_l: float) -> float:
    """H+ -> l+ nu with -L = (sqrt2/v) m_l z_l H+ nubar P_R l."""
    x = (m_l / m) ** 2
    if x >= 1.0:
        return 0.0
    return m * (m_l * z_l) ** 2 / (8.0 * math.pi * V2) * (1.0 - x) ** 2


@jit
def top_to_charged(m_h: float, m_t: float, pole_b: float, m_b: float, x_d: float, y_u: float) -> float:
    """t -> b H+ for |V_tb| = 1, with the couplings of `charged_to_quarks` and pole_b for phase space."""
    if m_h + pole_b >= m_t:
        return 0.0
    x_h, x_b = (m_h / m_t) ** 2, (pole_b / m_t) ** 2
    couplings = (m_t * y_u) ** 2 + (m_b * x_d) ** 2
    bracket = (1.0 - x_h + x_b) * couplings + 4.0 * m_b * m_b * x_d * y_u
    return m_t / (16.0 * math.pi * V2) * math.sqrt(kallen(x_h, x_b)) * bracket
