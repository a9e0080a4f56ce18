"""Boundedness, unitarity, oblique parameters and the 125 GeV Higgs boson."""

from __future__ import annotations

import math
from typing import Final

from terranova.models.physics import sm
from terranova.models.physics._jit import jit
from terranova.models.physics.eigen import eigenvalues_2x2, eigenvalues_3x3
from terranova.models.physics.higgs_decays import kallen
from terranova.models.physics.loops import (
    abs2,
    amplitude_fermion,
    amplitude_scalar,
    amplitude_vector,
    over,
    triangle_f,
)
from terranova.models.physics.oblique import big_f, log_ratio
from terranova.models.physics.selfenergy import log_mean, mass_log_mean, xx_inverse_mean, xx_log_mean
from terranova.models.scotogenic.spectrum import Base, V
from terranova.types import Array, Floats

M_H: Final = sm.M_HIGGS_2024
HIGGS_WIDTH: Final = 4.1e-3
"""Total width in the SM at 125.2 GeV, in GeV; arXiv:1610.07922."""

S2: Final = sm.SIN2_EFF
FERMION_S: Final = 16.0 * math.pi
FERMION_T: Final = 4.0 * math.pi / (S2 * (1.0 - S2) * sm.M_Z**2)
K: Final = -4.0 / (16.0 * math.pi**2)


@jit
def boundedness(b: Base) -> float:
    """Smallest of the seven copositivity conditions (Kannike, arXiv:1205.3781); bounded from below if >= 0.

    In |H|^2, |eta|^2, S^2, with the phase and the direction of H^dagger eta at their worst; roots of negative
    numbers are continued to zero. Necessary and sufficient here.
    """
    a11, a22, a33 = b.lam_h, b.lam_4eta, 0.5 * b.lam_4s
    a12 = 0.5 * (b.lam_eta + min(0.0, b.lam_eta_p - abs(b.lam_eta_pp)))
    a13, a23 = 0.25 * b.lam_s, 0.25 * b.lam_s_eta
    p11, p22, p33 = max(a11, 0.0), max(a22, 0.0), max(a33, 0.0)
    x12 = a12 + math.sqrt(p11 * p22)
    x13 = a13 + math.sqrt(p11 * p33)
    x23 = a23 + math.sqrt(p22 * p33)
    last = math.sqrt(p11 * p22 * p33) + a12 * math.sqrt(p33) + a13 * math.sqrt(p22) + a23 * math.sqrt(p11)
    last += math.sqrt(2.0 * max(x12, 0.0) * max(x13, 0.0) * max(x23, 0.0))
    return min(min(min(a11, a22), min(a33, x12)), min(min(x13, x23), last))


@jit
def unitarity(b: Base) -> float:
    """Largest |eigenvalue| of tree-level scalar scattering at high energy; at most 8 pi.

    Two doublets: Kanemura et al., hep-ph/9303263; the singlet adds its column to the neutral block and two
    mixed channels. The tests build the 45 x 45 matrix from V.
    """
    l1, l2, l3, l4, l5 = 2.0 * b.lam_h, 2.0 * b.lam_4eta, b.lam_eta, b.lam_eta_p, b.lam_eta_pp
    worst = max(abs(l3 + l4), abs(l3 - l4))
    worst = max(worst, max(abs(l3 + l5), abs(l3 - l5)))
    worst = max(worst, max(abs(l3 + 2.0 * l4 + 3.0 * l5), abs(l3 + 2.0 * l4 - 3.0 * l5)))
    for mixing in (l4, l5):
        low, high = eigenvalues_2x2(l1, mixing, l2)
        worst = max(worst, max(abs(low), abs(high)))
    worst = max(worst, max(abs(b.lam_s), abs(b.lam_s_eta)))
    low, middle, high = eigenvalues_3x3(3.0 * l1, 3.0 * l2, 6.0 * b.lam_4s, 2.0 * l3 + l4, b.lam_s, b.lam_s_eta)
    return max(worst, max(abs(low), max(abs(middle), abs(high))))


@jit
def scalar_oblique(m2: Floats, mixing: Floats) -> tuple[float, float, float]:
    """S, T, U of the inert doublet mixed with S (Barbieri, Hall, Rychkov, hep-ph/0603188 for no mixing).

    S and U to leading order in M_Z^2/m^2. m2 (4,) are the squared masses of phi1, phi2, A, eta^+.
    """
    a, c = m2[2], m2[3]
    t = _f(c, a)
    s = -xx_log_mean(1.0, 1.0)
    u = xx_log_mean(1.0, a / c)
    for n in range(2):
        weight = mixing[1, n] ** 2
        t += weight * (_f(c, m2[n]) - _f(m2[n], a))
        neutral = xx_log_mean(m2[n] / c, a / c)
        s += weight * neutral
        u += weight * (xx_log_mean(1.0, m2[n] / c) - neutral)
    two_pi = 2.0 * math.pi
    return s / two_pi, t / (16.0 * math.pi**2 * sm.ALPHA_MZ * V * V), u / two_pi


@jit
def _f(x: float, y: float) -> float:
    return big_f(x, y, log_ratio(x, y))


@jit
def fermion_oblique(u: Array, m_chi: Floats, m_psi: float) -> tuple[float, float, float]:
    """S, T, U of the new fermions from their vacuum polarisations and slopes at q^2 = 0.

    Logarithms are taken relative to m_psi, and masses too: T is a difference of large numbers.
    """
    scale = m_psi * m_psi
    p33 = s33 = 0.0  # Pi_33(0) and its slope
    for a in range(4):
        for b in range(a, 4):
            x, y = m_chi[a] * m_chi[a] / scale, m_chi[b] * m_chi[b] / scale
            g = 0.5 * (u[2, b].conjugate() * u[2, a] - u[3, b].conjugate() * u[3, a])
            same = 2.0 * (g.real * g.real + g.imag * g.imag)
            flip = -2.0 * (g.real * g.real - g.imag * g.imag)
            weight = 0.5 if a == b else 1.0
            value, slope = _left_left(x, y)
            value_lr, slope_lr = _left_right(x, y)
            p33 += weight * (same * value + flip * value_lr)
            s33 += weight * (same * slope + flip * slope_lr)
    value, slope = _left_left(1.0, 1.0)
    value_lr, slope_lr = _left_right(1.0, 1.0)
    p33 += 0.5 * (value + value_lr)
    s33 += 0.5 * (slope + slope_lr)
    s3q = slope + slope_lr
    p11 = s11 = 0.0
    for a in range(4):
        x = m_chi[a] * m_chi[a] / scale
        same = abs2(u[2, a]) + abs2(u[3, a])
        product = u[2, a] * u[3, a]
        value, slope = _left_left(x, 1.0)
        value_lr, slope_lr = _left_right(x, 1.0)
        p11 += 0.5 * (same * value + 2.0 * product.real * value_lr)
        s11 += 0.5 * (same * slope + 2.0 * product.real * slope_lr)
    return FERMION_S * (s33 - s3q), FERMION_T * scale * (p11 - p33), FERMION_S * (s11 - s33)


@jit
def _left_left(x: float, y: float) -> tuple[float, float]:
    """Pi_LL(0) and dPi_LL/dq^2, without constants that cancel in S, T, U."""
    return 0.5 * K * mass_log_mean(x, y), -K * xx_log_mean(x, y) - K / 12.0


@jit
def _left_right(x: float, y: float) -> tuple[float, float]:
    """Pi_LR(0) and its slope."""
    root = math.sqrt(x * y)
    return -0.5 * K * root * log_mean(x, y), 0.5 * K * root * xx_inverse_mean(x, y)


def _standard_gamma_gamma() -> complex:
    """LO amplitude of the SM: W, top, bottom with its running mass, tau."""

    def fermion(m: float) -> complex:
        tau = 0.25 * (M_H / m) ** 2
        return amplitude_fermion(tau, triangle_f(tau))

    tau_w = 0.25 * (M_H / sm.M_W_2024) ** 2
    quarks = 4.0 / 3.0 * fermion(sm.M_TOP_2024) + 1.0 / 3.0 * fermion(sm.M_BOTTOM_AT_MH)
    return quarks + fermion(sm.M_LEPTON[2]) + amplitude_vector(tau_w, triangle_f(tau_w))


GAMMA_SM: Final = _standard_gamma_gamma()


@jit
def gamma_gamma(lam_eta: float, charged2: float) -> float:
    """Width of h -> gamma gamma over its SM value, eta^+ added (Djouadi, hep-ph/0503173). psi has no h coupling."""
    quarter = 0.25 * M_H * M_H
    tau = quarter / charged2
    if tau > 1e-3:
        scalar = amplitude_scalar(tau, triangle_f(tau))
    else:  # (arcsin^2 - tau)/tau^2 loses digits
        scalar = complex(1.0 / 3.0 + tau * (8.0 / 45.0 + tau * (4.0 / 35.0)), 0.0)
    ratio: float = abs2(1.0 + 0.5 * lam_eta * V * V / charged2 * scalar / GAMMA_SM)
    return ratio


@jit
def invisible(b: Base, x: Floats, u: Array, m_chi: Floats, m2: Floats, mixing: Floats) -> float:
    """Branching ratio of h into pairs of odd neutral states, all counted as invisible."""
    width = 0.0
    for n in range(2):
        for k in range(n, 2):
            g = higgs_to_scalars(b, mixing, n, k)
            phase = _momentum(m2[n], m2[k])
            width += g * g * phase / (16.0 * math.pi * M_H) * (0.5 if n == k else 1.0)
    g = (b.lam_eta + b.lam_eta_p - b.lam_eta_pp) * V
    width += 0.5 * g * g * _momentum(m2[2], m2[2]) / (16.0 * math.pi * M_H)
    for a in range(4):
        for c in range(a, 4):
            ma, mc = m_chi[a], m_chi[c]
            phase = _momentum(ma * ma, mc * mc)
            if phase > 0.0:
                y = higgs_to_fermions(x, u, a, c)
                # |M|^2 of a Majorana pair with -L = (1/2) c h chi chi + h.c.
                dot = 0.5 * (M_H * M_H - ma * ma - mc * mc)
                square = 4.0 * abs2(y) * dot - 4.0 * ma * mc * (y * y).real
                width += square * phase / (16.0 * math.pi * M_H) * (0.5 if a == c else 1.0)
    ratio: float = width / (width + HIGGS_WIDTH)
    return ratio


@jit
def _momentum(a: float, b: float) -> float:
    """sqrt of the Kallen function (1, a/m_h^2, b/m_h^2), 0 below threshold."""
    x, y = a / (M_H * M_H), b / (M_H * M_H)
    if math.sqrt(x) + math.sqrt(y) >= 1.0:
        return 0.0
    return math.sqrt(kallen(x, y))


@jit
def higgs_to_scalars(b: Base, mixing: Floats, n: int, k: int) -> float:
    """Coupling g of L = -(1/2) g h phi_n phi_k, in GeV."""
    lam_l = b.lam_eta + b.lam_eta_p + b.lam_eta_pp
    both: float = b.alpha * (mixing[0, n] * mixing[1, k] + mixing[1, n] * mixing[0, k])
    both += mixing[0, n] * b.lam_s * V * mixing[0, k] + mixing[1, n] * lam_l * V * mixing[1, k]
    return both


@jit
def higgs_to_fermions(x: Floats, u: Array, a: int, c: int) -> complex:
    """Coupling c = U^T (dM/dv) U of -L = (1/2) c h chi_a chi_c + h.c."""
    total = complex(0.0, 0.0)
    for i in range(2):
        y1, y2 = complex(x[14 + 2 * i], x[15 + 2 * i]), complex(x[18 + 2 * i], x[19 + 2 * i])
        total += y1 * (u[i, a] * u[2, c] + u[2, a] * u[i, c]) + y2 * (u[i, a] * u[3, c] + u[3, a] * u[i, c])
    return over(total, math.sqrt(2.0))
