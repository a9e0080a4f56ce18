"""B_s -> mu mu and B_s mixing: observables that an ALP of this model hardly moves, kept as guards."""

from __future__ import annotations

import math

from terranova.models.alp import inputs as sm
from terranova.models.physics._jit import jit
from terranova.models.physics.loops import abs2
from terranova.models.physics.low_energy import alpha_em

DMS_SM = abs(complex(sm.M12_SM_RE, sm.M12_SM_IM)) * 2.0 / sm.HBAR_PS
"""Delta m_s of the SM in ps^-1."""
LIGHT = 2.4
"""GeV; above it the ALP is no longer light against 2 m_b - m_Bs, and the formula has a pole."""
_XI_TOP = complex(sm.CKM_W[2, 1]).conjugate() * complex(sm.CKM_W[2, 2])
_SM_AMPLITUDE = -sm.G_F * alpha_em(sm.M_BS) / math.pi * sm.M_MU * sm.M_BS * sm.F_BS * sm.C_10 * _XI_TOP


@jit
def br_bs_mumu(m_a: float, f_a: float, width: float, c_bs: complex, c_mumu: float) -> float:
    """CP-averaged, time-integrated BR(B_s -> mu mu); arXiv:1204.1735 for the time, arXiv:2110.10698 for the ALP.

    Args:
        m_a, f_a, width: of the ALP, in GeV.
        c_bs: (c_L - c_R)_sb.
        c_mumu: axial coupling to muons.
    """
    propagator = sm.M_BS**2 - m_a**2 + 1j * (m_a * width)
    alp = -c_mumu * sm.F_BS * sm.M_MU * sm.M_BS**3 / (math.sqrt(2.0) * f_a**2) / propagator
    amplitude2 = 0.5 * abs2(_SM_AMPLITUDE + alp * c_bs.conjugate())
    amplitude2 += 0.5 * abs2(_SM_AMPLITUDE.conjugate() + alp * c_bs)
    phase_space = math.sqrt(1.0 - 4.0 * (sm.M_MU / sm.M_BS) ** 2) / (16.0 * math.pi * sm.M_BS)
    return amplitude2 * phase_space / (sm.WIDTH_BS * (1.0 - 0.5 * sm.DELTA_GAMMA_S))


@jit
def delta_m_s(m_a: float, f_a: float, c_left: complex, c_right: complex) -> float:
    """Delta m_s in ps^-1 with an ALP lighter than LIGHT, arXiv:2110.10698; above it, the SM value."""
    if m_a >= LIGHT:
        return DMS_SM
    p_s = 1.0 / (sm.M_BS**2 - m_a**2)
    p_t = 1.0 / ((2.0 * sm.M_B - sm.M_BS) ** 2 - m_a**2)
    left = c_left * sm.M_B - c_right * sm.M_S
    right = c_right * sm.M_B - c_left * sm.M_S
    n = 3.0
    k_2 = -(n * n * p_s - p_t) / (n * n - 1.0)
    k_3 = -n * (p_t - p_s) / (n * n - 1.0)
    ratio = (sm.M_BS / (sm.M_S + sm.M_B)) ** 2
    unit = (sm.F_BS * sm.M_BS) ** 2
    # Matrix elements of the operators 2 to 5 over 2 m_Bs.
    e_2 = -0.5 * (1.0 - 0.5 / n) * ratio * sm.BAG_2 * unit
    e_3 = -0.5 * (1.0 / n - 0.5) * ratio * sm.BAG_3 * unit
    e_4 = (0.5 * ratio + 0.25 / n) * sm.BAG_4 * unit
    e_5 = (0.5 * ratio / n + 0.25) * sm.BAG_5 * unit
    squares, product = 0.5 * (left * left + right * right), left * right
    alp = (squares * (k_2 * e_2 + k_3 * e_3) + product * (k_2 * e_4 + k_3 * e_5)) / f_a**2
    standard = complex(2.0 * sm.M_BS * sm.M12_SM_RE, 2.0 * sm.M_BS * sm.M12_SM_IM)
    return math.sqrt(abs2(alp + standard)) / (sm.M_BS * sm.HBAR_PS)
