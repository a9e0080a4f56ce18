"""Tree-level masses and mixings of the Z2-odd states.

-L_F = M_Psi Psi1.Psi2 + M_Fi F_i F_i/2 + y_1i (Psi1.H) F_i + y_2i (H^dagger Psi2) F_i + h.c. and the potential
of docs/physics/scotogenic.md. Fermions in the basis (F1, F2, Psi1^0, Psi2^0), scalars (S, eta_R), eta_I, eta^+.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from terranova.models.physics import sm
from terranova.models.physics._jit import jit, jit_lean_kernel, source_fingerprint
from terranova.models.physics.takagi import diagonalise
from terranova.types import Array, Floats

V: Final = round(sm.VEV, 5)
"""246.21965 GeV: as many digits as the reference vectors state. Tuned points magnify a change of the next one."""
FLOOR: Final = 100.0
"""GeV^2. Squared masses of tachyons are raised to this, so that loops stay finite; the point is excluded."""


class Base(NamedTuple):
    """The first 14 of the 25 parameters common to all variants."""

    lam_h: float
    lam_4s: float
    lam_4eta: float
    lam_s: float
    lam_s_eta: float
    lam_eta: float
    lam_eta_p: float
    lam_eta_pp: float
    m_s2: float
    m_eta2: float
    alpha: float
    m_f1: float
    m_f2: float
    m_psi: float


@jit
def read_base(x: Floats) -> Base:
    """Name the first parameters of x (d,)."""
    return Base(x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10], x[11], x[12], x[13])


@jit
def scalar_masses(b: Base, m2: Floats, mixing: Floats) -> float:
    """Masses and mixing of the odd scalars.

    Args:
        b: parameters.
        m2: (4,) filled with squared masses of phi1, phi2, A, eta^+, floored at `FLOOR`.
        mixing: (2, 2) filled: S = mixing[0, n] phi_n, eta_R = mixing[1, n] phi_n, phi1 the lighter.

    Returns:
        the smallest squared mass before the floor, in GeV^2: negative for a tachyon.
    """
    v2 = V * V
    aa = b.m_s2 + 0.5 * b.lam_s * v2
    dd = b.m_eta2 + 0.5 * (b.lam_eta + b.lam_eta_p + b.lam_eta_pp) * v2
    off = b.alpha * V
    # Jacobi rotation by the smaller angle: accurate for any mixing.
    half_gap = 0.5 * (dd - aa)
    root = math.sqrt(half_gap * half_gap + off * off)
    t = off / (half_gap + math.copysign(root, half_gap)) if off != 0.0 else 0.0
    c = 1.0 / math.sqrt(1.0 + t * t)
    s = t * c
    low, high = aa - t * off, dd + t * off
    if low <= high:
        mixing[0, 0], mixing[1, 0], mixing[0, 1], mixing[1, 1] = c, -s, s, c
    else:
        low, high = high, low
        mixing[0, 0], mixing[1, 0], mixing[0, 1], mixing[1, 1] = s, c, c, -s
    odd = b.m_eta2 + 0.5 * (b.lam_eta + b.lam_eta_p - b.lam_eta_pp) * v2
    charged = b.m_eta2 + 0.5 * b.lam_eta * v2
    m2[0], m2[1], m2[2], m2[3] = max(low, FLOOR), max(high, FLOOR), max(odd, FLOOR), max(charged, FLOOR)
    return min(low, min(odd, charged))


@jit
def fermion_matrix(x: Floats, b: Base, m: Array) -> None:
    """Fill m (4, 4), the mass matrix of the neutral fermions, GeV."""
    for i in range(4):
        for j in range(4):
            m[i, j] = 0.0
    to_mass = V / math.sqrt(2.0)
    m[0, 0] = b.m_f1
    m[1, 1] = b.m_f2
    m[2, 3] = m[3, 2] = b.m_psi
    for i in range(2):
        m[i, 2] = m[2, i] = complex(x[14 + 2 * i], x[15 + 2 * i]) * to_mass
        m[i, 3] = m[3, i] = complex(x[18 + 2 * i], x[19 + 2 * i]) * to_mass


@jit
def collect_masses(m_chi: Floats, m_psi: float, m2: Floats, out: Floats) -> None:
    """Fill out (9,): squared masses of chi1..4, psi, phi1, phi2, A, eta^+, in the order of the propagators."""
    for k in range(4):
        out[k] = m_chi[k] ** 2
        out[5 + k] = m2[k]
    out[4] = m_psi**2


def _make(fingerprint: str) -> Callable[[Floats, Floats, Floats, Floats, Array], None]:
    """Build the loop over points; the fingerprint of the sources makes stale machine code impossible."""

    @jit_lean_kernel
    def mass_kernel(points: Floats, m2: Floats, mixing: Floats, lowest: Floats, fermions: Array) -> None:
        assert len(fingerprint) > 0  # read, so that it becomes part of the cache key
        for n in range(len(points)):
            x = points[n]
            b = read_base(x)
            lowest[n] = scalar_masses(b, m2[n], mixing[n])
            fermion_matrix(x, b, fermions[n])

    return mass_kernel


@cache
def _kernel() -> Callable[[Floats, Floats, Floats, Floats, Array], None]:
    return _make(source_fingerprint(__name__))


class Spectrum(NamedTuple):
    """Masses and mixings of n points, GeV.

    m2 (n, 4): squared masses of phi1, phi2, A, eta^+; mixing (n, 2, 2) of (S, eta_R); lowest (n,): smallest squared
    mass before the floor; u (n, 4, 4) and m_chi (n, 4): psi = U chi and the masses of the neutral fermions.
    """

    m2: Floats
    mixing: Floats
    lowest: Floats
    u: Array
    m_chi: Floats


def spectrum(x: Floats) -> Spectrum:
    """Masses and mixings of the points x (n, d)."""
    n = len(x)
    m2, mixing, lowest = np.empty((n, 4)), np.empty((n, 2, 2)), np.empty(n)
    fermions = np.empty((n, 4, 4), complex)
    _kernel()(x, m2, mixing, lowest, fermions)
    return Spectrum(m2, mixing, lowest, *diagonalise(fermions))
