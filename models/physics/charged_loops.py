"""Loops of a top quark and charged scalars: mixing of B_s mesons, B_s -> mu mu, and R_b.

Charged scalars H_a with couplings sqrt(2)/v V_ij Y_a m_u(i) of up quarks, as in the Lagrangian of the model
(type II: Y = 1/tan beta). Couplings X_a of down quarks enter these amplitudes with m_b only, and are left out: they
matter where |X| m_b is comparable with |Y| m_t, and so do then scalar operators in B_s -> mu mu.
"""

from __future__ import annotations

import math

from terranova.models.physics import sm
from terranova.models.physics._jit import jit
from terranova.types import Floats

M_TOP_MSBAR = 163.0
"""m_t(m_t) in GeV, in which QCD corrections of these loops are small; arXiv:1311.0903."""

X_T = (M_TOP_MSBAR / sm.M_W) ** 2

_SAME = 1e-3
"""Relative difference of two squared masses below which closed forms lose digits: the mean of two places so far to
either side stands in, which is right to 1e-6."""


def _inami_lim_s(x: float) -> float:
    """S_0 of Delta F = 2 boxes (T. Inami, C. S. Lim, doi:10.1143/PTP.65.297), as in hep-ph/9512380 eq. (XII.4)."""
    return x / 4.0 * (1.0 + 9.0 / (1.0 - x) - 6.0 / (1.0 - x) ** 2 - 6.0 * x * x * math.log(x) / (1.0 - x) ** 3)


def _inami_lim_y(x: float) -> float:
    """Y_0 of penguins and boxes with leptons; hep-ph/9512380 eq. (XIV.12)."""
    return x / 8.0 * ((x - 4.0) / (x - 1.0) + 3.0 * x * math.log(x) / (x - 1.0) ** 2)


_NEAR_TOP = 0.01
"""As `_SAME`, for the box of two scalars beside the top mass, which is worse."""

S_0 = _inami_lim_s(X_T)
ETA_Y = 1.0113
"""QCD correction of Y_0; G. Buchalla and A. Buras, hep-ph/9901288."""
Y_SM = ETA_Y * _inami_lim_y(X_T)

R_B_SM = 0.21581
"""Gamma(Z -> b bbar) / Gamma(Z -> hadrons) in the SM; PDG electroweak review, doi:10.1103/PhysRevD.110.030001."""
_G_L, _G_R = -0.5 + sm.SIN2_EFF / 3.0, sm.SIN2_EFF / 3.0
R_B_SLOPE = R_B_SM * (1.0 - R_B_SM) * 2.0 * _G_L / (_G_L**2 + _G_R**2)
"""d R_b / d g_L, from Gamma_b ~ g_L^2 + g_R^2; -0.78, as in H. Haber and H. Logan, hep-ph/9909335."""


@jit
def _box_with_w(x: float, z: float) -> float:
    y = x / z
    first = (2.0 * z - 8.0) * math.log(y) / ((1.0 - y) ** 2 * (1.0 - z))
    second = 6.0 * z * math.log(x) / ((1.0 - x) ** 2 * (1.0 - z))
    return x * y / 4.0 * (first + second - (8.0 - 2.0 * x) / ((1.0 - x) * (1.0 - y)))


@jit
def box_with_w(x: float, z: float) -> float:
    """Box of a W (or its Goldstone boson) and a scalar, for Y = 1, on the scale of S_0.

    V. Barger, J. Hewett and R. Phillips, doi:10.1103/PhysRevD.41.3421. In units of M_W, with
    K(a) = int_0^inf s ds / [(s+x)^2 (s+1)(s+a)] and F(a) the same with s^2, it is x^2 (2 K(z) + F(z)/2), as
    S_0 = x^2 (int ds / [(s+x)^2 (s+1)^2] + 2 K(1) + F(1)/4) with a Goldstone boson for the scalar.

    Args:
        x: m_t^2 / M_W^2.
        z: m_H^2 / M_W^2.
    """
    for singular in (1.0, x):
        if abs(z / singular - 1.0) < _SAME:
            below, above = singular * (1.0 - _SAME), singular * (1.0 + _SAME)
            return 0.5 * (_box_with_w(x, below) + _box_with_w(x, above))
    return _box_with_w(x, z)


@jit
def _divergent(t: float, a: float) -> float:
    """int s^2 ds / [(s+t)^2 (s+a)], less a divergence that does not depend on a."""
    return -((a / (t - a)) ** 2) * math.log(a / t) + t / (a - t)


@jit
def _convergent(t: float, a: float, b: float) -> float:
    """int s^2 ds / [(s+t)^2 (s+a) (s+b)]; neither a nor b near t."""
    if abs(a / b - 1.0) > _SAME:
        return (_divergent(t, a) - _divergent(t, b)) / (b - a)
    mean = 0.5 * (a + b)
    apart = t - mean
    return (t + mean) / apart**2 + 2.0 * t * mean * math.log(mean / t) / apart**3


@jit
def box_of_two(x: float, z_1: float, z_2: float) -> float:
    """Box of two scalars, for Y = 1, on the scale of S_0: x^2/4 int s^2 ds / [(s+x)^2 (s+z_1) (s+z_2)].

    With z_1 = z_2 it is that of doi:10.1103/PhysRevD.41.3421.
    """
    size = _NEAR_TOP * x
    if abs(z_1 - x) > size and abs(z_2 - x) > size:
        return x * x / 4.0 * _convergent(x, z_1, z_2)
    # Between places on either side of the top mass, where the integral is nearly straight in each logarithm.
    below_1, above_1 = (x - size, x + size) if abs(z_1 - x) <= size else (z_1, z_1)
    below_2, above_2 = (x - size, x + size) if abs(z_2 - x) <= size else (z_2, z_2)
    return x * x / 8.0 * (_convergent(x, below_1, below_2) + _convergent(x, above_1, above_2))


@jit
def z_penguin(y: float) -> float:
    """What a scalar with Y = 1 adds to the coupling of the Z to left-handed quarks: y/(y-1) - y ln y/(y-1)^2.

    In units of m_t^2/(16 pi^2 v^2), the leading term of the SM itself, to which it tends for large y = m_t^2/m_H^2;
    H. Haber and H. Logan, hep-ph/9909335.
    """
    if abs(y - 1.0) < _SAME:
        return 0.5 + (y - 1.0) / 6.0
    return y / (y - 1.0) - y * math.log(y) / (y - 1.0) ** 2


@jit
def b_mixing(m: Floats, y_u: Floats) -> float:
    """Delta m_s (and Delta m_d) over the SM, with charged scalars of masses m (n,) in GeV and couplings y_u (n,).

    QCD corrections are those of the SM; of two doublets, they differ by a few per cent, hep-ph/9703320.
    """
    total = S_0
    for a in range(len(m)):
        z_a = (m[a] / sm.M_W) ** 2
        total += y_u[a] ** 2 * box_with_w(X_T, z_a)
        for b in range(len(m)):
            total += (y_u[a] * y_u[b]) ** 2 * box_of_two(X_T, z_a, (m[b] / sm.M_W) ** 2)
    return abs(total / S_0)


@jit
def bs_mumu(m: Floats, y_u: Floats) -> float:
    """BR(B_s -> mu mu) over the SM, by the Z penguin of the charged scalars alone.

    C_10 = -Y/sin^2(theta_W), Y = Y_SM + sum_a Y_a^2 x_t/8 z_penguin(y_a): the flavour-changing coupling of the Z is
    that of `r_b` with V_ts for V_tb; X.-Q. Li, J. Lu and A. Pich, arXiv:1404.5865.
    """
    total = Y_SM
    for a in range(len(m)):
        total += y_u[a] ** 2 * X_T / 8.0 * z_penguin((M_TOP_MSBAR / m[a]) ** 2)
    return (total / Y_SM) ** 2


@jit
def r_b(m: Floats, y_u: Floats) -> float:
    """Gamma(Z -> b bbar) / Gamma(Z -> hadrons); hep-ph/9909335."""
    change = 0.0
    for a in range(len(m)):
        change += y_u[a] ** 2 * z_penguin((M_TOP_MSBAR / m[a]) ** 2)
    return R_B_SM + R_B_SLOPE * change * (M_TOP_MSBAR / (4.0 * math.pi * sm.VEV)) ** 2
