"""Loop-induced decays of the new scalars: gamma gamma and Z gamma, at leading order.

Hep-ph/0503172 section 2.3 and hep-ph/0503173 section 2.1. In the loops are top, bottom, charm, tau, W, H1+ and
H2+; charm and tau, which give 2 % of the top's amplitude at 125 GeV for equal couplings, are left out of Z gamma.
"""

from __future__ import annotations

import math

from terranova.models.physics import loops, sm
from terranova.models.physics._jit import jit
from terranova.models.thdm3.higgs import CHARGED_SCALAR_Z
from terranova.types import Floats

_GAMGAM = sm.ALPHA_EM**2 / (256.0 * math.pi**3 * sm.VEV**2)
_ZGAM = sm.ALPHA_EM * sm.M_W**2 / (128.0 * math.pi**4 * sm.VEV**4)
"""G_F^2 M_W^2 alpha / (64 pi^4)."""

_Q_TOP, _Q_BOTTOM = 3.0 * (2.0 / 3.0) ** 2, 3.0 * (1.0 / 3.0) ** 2
_Z_TOP = 3.0 * (2.0 / 3.0) * (1.0 - 8.0 / 3.0 * sm.SIN2_W) / math.sqrt(sm.COS2_W)
_Z_BOTTOM = 3.0 * (-1.0 / 3.0) * (-1.0 + 4.0 / 3.0 * sm.SIN2_W) / math.sqrt(sm.COS2_W)
"""Colour, charge and vector coupling to the Z boson."""

# Where the Z boson meets the loop: functions of 4 m^2 / m_Z^2 that depend on the mass of the particle alone.
_L_TOP, _L_BOTTOM, _L_W = ((2.0 * m / sm.M_Z) ** 2 for m in (sm.M_TOP, sm.M_BOTTOM_POLE, sm.M_W))
_F_TOP, _F_BOTTOM, _F_W = (loops.triangle_f(1.0 / ell) for ell in (_L_TOP, _L_BOTTOM, _L_W))
_G_TOP, _G_BOTTOM, _G_W = (loops.triangle_g(1.0 / ell) for ell in (_L_TOP, _L_BOTTOM, _L_W))
_TAN2 = sm.SIN2_W / sm.COS2_W
_COS = math.sqrt(sm.COS2_W)


@jit
def z_functions(m_charged: Floats, z_loops: Floats) -> None:
    """Fill z_loops (2, 3) with 4 m^2/m_Z^2 of H1+ and H2+ and their f and g, real for masses above m_Z/2."""
    for a in range(2):
        ell = (2.0 * m_charged[a] / sm.M_Z) ** 2
        z_loops[a, 0] = ell
        z_loops[a, 1] = loops.triangle_f(1.0 / ell).real
        z_loops[a, 2] = loops.triangle_g(1.0 / ell).real


@jit
def even_widths(
    m: float,
    k_v: float,
    k_u: float,
    k_d: float,
    k_l: float,
    f_t: complex,
    f_b: complex,
    m_charged: Floats,
    g_cc: Floats,
    z_loops: Floats,
) -> tuple[float, float]:
    """Widths of h_i to gamma gamma and Z gamma in GeV.

    Args:
        m: mass in GeV.
        k_v, k_u, k_d, k_l: couplings relative to the SM.
        f_t, f_b: f of the loops of top and bottom.
        m_charged: (2,) masses in GeV.
        g_cc: (3,) couplings to H1H1, H1H2, H2H2 in GeV.
        z_loops: (2, 3) as `z_functions` fills it.
    """
    m2 = m * m
    open_z = m > sm.M_Z
    t_t, t_b, t_w = 4.0 * sm.M_TOP**2 / m2, 4.0 * sm.M_BOTTOM_POLE**2 / m2, 4.0 * sm.M_W**2 / m2
    f_w = loops.triangle_f(1.0 / t_w)
    gamgam = (k_u * _Q_TOP) * loops.amplitude_fermion(1.0 / t_t, f_t)
    gamgam += (k_d * _Q_BOTTOM) * loops.amplitude_fermion(1.0 / t_b, f_b)
    gamgam += k_v * loops.amplitude_vector(1.0 / t_w, f_w)
    tau = m2 / (4.0 * sm.M_CHARM_POLE**2)
    gamgam += (k_u * _Q_TOP) * loops.amplitude_fermion(tau, loops.triangle_f(tau))
    tau = m2 / (4.0 * sm.M_TAU**2)
    gamgam += k_l * loops.amplitude_fermion(tau, loops.triangle_f(tau))
    zgam = complex(0.0, 0.0)
    if open_z:
        i_1, i_2 = loops.z_gamma_of(t_t, _L_TOP, f_t - _F_TOP, loops.triangle_g(1.0 / t_t) - _G_TOP)
        zgam += (k_u * _Z_TOP) * (i_1 - i_2)
        i_1, i_2 = loops.z_gamma_of(t_b, _L_BOTTOM, f_b - _F_BOTTOM, loops.triangle_g(1.0 / t_b) - _G_BOTTOM)
        zgam += (k_d * _Z_BOTTOM) * (i_1 - i_2)
        i_1, i_2 = loops.z_gamma_of(t_w, _L_W, f_w - _F_W, loops.triangle_g(1.0 / t_w) - _G_W)
        from_i_1 = (1.0 + 2.0 / t_w) * _TAN2 - (5.0 + 2.0 / t_w)
        zgam += (k_v * _COS) * (4.0 * (3.0 - _TAN2) * i_2 + from_i_1 * i_1)
    for a in range(2):
        t = 4.0 * (m_charged[a] / m) ** 2
        f = loops.triangle_f(1.0 / t)
        weight = sm.VEV * g_cc[2 * a] / (2.0 * m_charged[a] ** 2)
        gamgam += weight * loops.amplitude_scalar(1.0 / t, f)
        if open_z:
            i_1, i_2 = loops.z_gamma_of(
                t, z_loops[a, 0], f - z_loops[a, 1], loops.triangle_g(1.0 / t) - z_loops[a, 2]
            )
            zgam -= (weight * CHARGED_SCALAR_Z) * i_1
    width = _GAMGAM * m * m2 * loops.abs2(gamgam)
    return width, _ZGAM * m * m2 * (1.0 - sm.M_Z**2 / m2) ** 3 * loops.abs2(zgam) if open_z else 0.0


@jit
def odd_widths(m: float, c_u: float, c_d: float, c_l: float, f_t: complex, f_b: complex) -> tuple[float, float]:
    """Widths of A_j to gamma gamma and Z gamma in GeV: only fermions are in the loops.

    Args:
        m: mass in GeV.
        c_u, c_d, c_l: couplings of the A_j to up and down quarks and to leptons relative to the SM.
        f_t, f_b: f of the loops of top and bottom.
    """
    m2 = m * m
    t_t, t_b = 4.0 * sm.M_TOP**2 / m2, 4.0 * sm.M_BOTTOM_POLE**2 / m2
    gamgam = (c_u * _Q_TOP) * loops.amplitude_fermion_odd(1.0 / t_t, f_t)
    gamgam += (c_d * _Q_BOTTOM) * loops.amplitude_fermion_odd(1.0 / t_b, f_b)
    tau = m2 / (4.0 * sm.M_CHARM_POLE**2)
    gamgam += (c_u * _Q_TOP) * loops.amplitude_fermion_odd(tau, loops.triangle_f(tau))
    tau = m2 / (4.0 * sm.M_TAU**2)
    gamgam += c_l * loops.amplitude_fermion_odd(tau, loops.triangle_f(tau))
    width = _GAMGAM * m * m2 * loops.abs2(gamgam)
    if m <= sm.M_Z:
        return width, 0.0
    # I_2 = -t l / (2 (t - l)) (f(1/t) - f(1/l)), in place of I_1 - I_2 of a CP-even scalar.
    zgam = (c_u * _Z_TOP * -0.5 * t_t * _L_TOP / (t_t - _L_TOP)) * (f_t - _F_TOP)
    zgam += (c_d * _Z_BOTTOM * -0.5 * t_b * _L_BOTTOM / (t_b - _L_BOTTOM)) * (f_b - _F_BOTTOM)
    return width, _ZGAM * m * m2 * (1.0 - sm.M_Z**2 / m2) ** 3 * loops.abs2(zgam)
