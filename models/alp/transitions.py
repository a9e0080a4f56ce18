"""B -> K a, B -> K* a and B_s -> phi a: form factors and widths over f_a^-2 |c_sb|^2."""

from __future__ import annotations

import math

import numpy as np

from terranova.models.physics._jit import jit
from terranova.models.physics.higgs_decays import kallen
from terranova.types import Floats

M_POLE_SCALAR = 5.63
"""GeV; pole of f_0. Numbers of the B -> K form factors are the defaults of flavio 2.7.1 (arXiv:1810.08132), which
cites FLAG 2021, arXiv:2111.09849. Lattice errors are about 3 % on f_0 at q^2 = 4 GeV^2."""
_A_SCALAR = (0.292, 0.281)
_A_PLUS = (0.466, -0.885, -0.213)
M_POLE_A0 = 5.367
"""GeV; pole of A_0, m_Bs. Coefficients: arXiv:1503.05534 with lattice data (flavio 2.7.1); about 8 % on A_0."""
_A_KST = (0.369196, -1.36584, 0.128191)
_A_PHI = (0.421328, -0.976454, 3.2714)
FF_M_B, FF_M_K, FF_M_KST = 5.27966, 0.497611, 0.89555
"""Masses in the variable z of the B -> K and B -> K* form factors: B0, K0 and K*0, PDG 2022."""


@jit
def conformal(q2: float, m_b: float, m_f: float) -> float:
    """z(q^2) with t_0 = t_+ (1 - sqrt(1 - t_-/t_+)); arXiv:0807.2722."""
    t_plus, t_minus = (m_b + m_f) ** 2, (m_b - m_f) ** 2
    low, high = math.sqrt(t_plus - q2), math.sqrt(t_plus * math.sqrt(1.0 - t_minus / t_plus))
    return (low - high) / (low + high)


def plus_at_zero() -> float:
    """f_+(0) of B -> K, BCL with three coefficients, arXiv:0807.2722."""
    z = conformal(0.0, FF_M_B, FF_M_K)
    return sum(a * (z**k - (-1.0) ** (k - 3) * k / 3.0 * z**3) for k, a in enumerate(_A_PLUS))


def form_factors(like_alpaca: bool = False) -> Floats:
    """Coefficients (3, 3) of f_0 of B -> K, and A_0 of B -> K* and B_s -> phi.

    The last one of f_0 follows from f_0(0) = f_+(0). flavio 2.7.1, and with it ALPaca, has the opposite sign there,
    and misses f_+(0) by 1.7 %; it also leaves out the last one of A_0.
    """
    z = conformal(0.0, FF_M_B, FF_M_K)
    last = (plus_at_zero() - _A_SCALAR[0] - _A_SCALAR[1] * z) / z**2
    if like_alpaca:
        return np.array([[*_A_SCALAR, -last], [*_A_KST[:2], 0.0], [*_A_PHI[:2], 0.0]])
    return np.array([[*_A_SCALAR, last], _A_KST, _A_PHI])


@jit
def scalar_form_factor(a: Floats, q2: float) -> float:
    """f_0(q^2) of B -> K, BCL; a (3,)."""
    z = conformal(q2, FF_M_B, FF_M_K)
    value: float = (a[0] + z * (a[1] + z * a[2])) / (1.0 - q2 / M_POLE_SCALAR**2)
    return value


@jit
def axial_form_factor(a: Floats, q2: float, m_b: float, m_v: float) -> float:
    """A_0(q^2) of B -> V, the simplified series of arXiv:1503.05534; a (3,), masses those of the fit."""
    z = conformal(q2, m_b, m_v) - conformal(0.0, m_b, m_v)
    value: float = (a[0] + z * (a[1] + z * a[2])) / (1.0 - q2 / M_POLE_A0**2)
    return value


@jit
def to_pseudoscalar(m_a: float, m_b: float, m_p: float, form_factor: float) -> float:
    """Gamma(B -> P a) f_a^2/|c_sb^V|^2 in GeV^3; arXiv:2110.10698."""
    if m_a >= m_b - m_p:
        return 0.0
    x, y = (m_p / m_b) ** 2, (m_a / m_b) ** 2
    return m_b**3 / (64.0 * math.pi) * (form_factor * (1.0 - x)) ** 2 * math.sqrt(max(kallen(x, y), 0.0))


@jit
def to_vector(m_a: float, m_b: float, m_v: float, form_factor: float) -> float:
    """Gamma(B -> V a) f_a^2/|c_sb^A|^2 in GeV^3; arXiv:2110.10698."""
    if m_a >= m_b - m_v:
        return 0.0
    phase_space = math.sqrt(max(kallen((m_v / m_b) ** 2, (m_a / m_b) ** 2), 0.0))
    return m_b**3 / (64.0 * math.pi) * form_factor**2 * phase_space**3
