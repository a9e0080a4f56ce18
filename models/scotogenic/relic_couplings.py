"""Couplings of the odd states to gauge bosons, Higgs doublet and leptons in the unbroken phase, mass eigenstates.

Five real scalars (phi1, phi2, A, and the two of eta^+), six Majorana fermions (chi1..4 and the two of psi). Four
gauge bosons (W1, W2, W3, B), four real components of the Higgs doublet (h, G0, and the two of G^+). Covariant
derivatives are D = d - i V T on Weyl fermions, and D = d + V theta on real scalars, theta the real form of -i T.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from terranova.models.physics import sm
from terranova.models.physics._jit import jit
from terranova.models.scotogenic.spectrum import Base, V
from terranova.types import Array, Floats

G2: Final = 2.0 * sm.M_W_2024 / V
G1: Final = math.sqrt((2.0 * sm.M_Z / V) ** 2 - G2 * G2)
"""Gauge couplings of SU(2) and hypercharge, from the masses of W and Z."""


def _generators(hypercharge: float) -> Array:
    """g T^a (4, 2, 2) on a doublet with Q = T3 + hypercharge."""
    out = np.zeros((4, 2, 2), complex)
    out[0] = 0.5 * G2 * np.array([[0, 1], [1, 0]])
    out[1] = 0.5 * G2 * np.array([[0, -1j], [1j, 0]])
    out[2] = 0.5 * G2 * np.array([[1, 0], [0, -1]])
    out[3] = G1 * hypercharge * np.eye(2)
    return out


def _scalar_generators() -> Floats:
    """theta^a (4, 4, 4) on (Re phi^0, Im phi^0, Re phi^+, Im phi^+) of a doublet (phi^+, phi^0)."""
    out = np.zeros((4, 4, 4))
    place = (2, 0)  # where the real part of component 0 (charged) and 1 (neutral) stands
    for a, t in enumerate(_generators(0.5)):
        turn = -1j * t
        for i in range(2):
            for j in range(2):
                re, im, r, c = turn[i, j].real, turn[i, j].imag, place[i], place[j]
                out[a, r, c] += re
                out[a, r, c + 1] -= im
                out[a, r + 1, c] += im
                out[a, r + 1, c + 1] += re
    return out


def _fermion_generators() -> Array:
    """g T^a (4, 6, 6) on (F1, F2, Psi1^0, Psi2^0, Psi1^-, Psi2^+)."""
    out = np.zeros((4, 6, 6), complex)
    for hypercharge, members in ((-0.5, (2, 4)), (0.5, (5, 3))):
        t = _generators(hypercharge)
        for i, row in enumerate(members):
            for j, column in enumerate(members):
                out[:, row, column] += t[:, i, j]
    return out


def _lepton_generators() -> Array:
    """g T^a (4, 3, 3) on (nu, e, e^c), the same for each generation."""
    out = np.zeros((4, 3, 3), complex)
    out[:, :2, :2] = _generators(-0.5)
    out[3, 2, 2] = G1
    return out


HIGGS: Final = _scalar_generators()
FERMION: Final = _fermion_generators()
LEPTON: Final = _lepton_generators()
SM_TRACE: Final = np.array([6.0 * G2**2] * 3 + [10.0 * G1**2])
"""Sum over all Weyl fermions of the SM of tr T^a T^a."""

LEPTON_TRACE: Final = np.array([1.5 * G2**2] * 3 + [4.5 * G1**2])
"""The part of it that belongs to leptons."""

J: Final = np.array([[0.0, 1.0, 0.0, 0.0], [-1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, -1.0, 0.0]])
"""Im H^dagger eta = H_a J_ab eta_b / 2, and Re H^dagger eta = H_a eta_a / 2."""

HALF: Final = 1.0 / math.sqrt(2.0)


@jit
def scalar_rotation(mixing: Floats, rot: Floats) -> None:
    """Fill rot (5, 5): (S, eta_R, eta_I, eta_1, eta_2) = rot (phi1, phi2, A, eta_1, eta_2)."""
    for i in range(5):
        for j in range(5):
            rot[i, j] = 1.0 if i == j and i >= 2 else 0.0
    for i in range(2):
        for j in range(2):
            rot[i, j] = mixing[i, j]


@jit
def fermion_rotation(u: Array, W: Array) -> None:
    """Fill W (6, 6): (F1, F2, Psi1^0, Psi2^0, Psi1^-, Psi2^+) = W (chi1..4, psi_1, psi_2)."""
    for i in range(6):
        for a in range(6):
            W[i, a] = u[i, a] if i < 4 and a < 4 else 0.0
    # M (Psi1^- psi2^+) with psi2^+ = -Psi2^+.
    W[4, 4], W[5, 4] = HALF, -HALF
    W[4, 5], W[5, 5] = complex(0.0, HALF), complex(0.0, HALF)


@jit
def rotate_generators(W: Array, theta: Array) -> None:
    """Fill theta (4, 6, 6) = W^dagger T W."""
    for a in range(4):
        for b in range(6):
            for c in range(6):
                total = complex(0.0, 0.0)
                for i in range(2, 6):
                    for j in range(2, 6):
                        t = FERMION[a, i, j]
                        if t != 0.0:
                            total += W[i, b].conjugate() * t * W[j, c]
                theta[a, b, c] = total


@jit
def rotate_scalar_generators(rot: Floats, theta: Floats) -> None:
    """Fill theta (4, 5, 5) of the odd scalars."""
    for a in range(4):
        for i in range(5):
            for j in range(5):
                total = 0.0
                for k in range(4):
                    for n in range(4):
                        total += rot[k + 1, i] * HIGGS[a, k, n] * rot[n + 1, j]
                theta[a, i, j] = total


@jit
def higgs_couplings(x: Floats, W: Array, Y: Array) -> None:
    """Fill Y (4, 6, 6): -L = Y^c_AB H_c chi_A chi_B / 2 + h.c."""
    for a in range(6):
        for b in range(a, 6):
            h = g0 = g1 = g2 = complex(0.0, 0.0)
            for i in range(2):
                y1 = complex(x[14 + 2 * i], x[15 + 2 * i]) * HALF
                y2 = complex(x[18 + 2 * i], x[19 + 2 * i]) * HALF
                n1 = y1 * (W[i, a] * W[2, b] + W[i, b] * W[2, a])
                n2 = y2 * (W[i, a] * W[3, b] + W[i, b] * W[3, a])
                c1 = y1 * (W[i, a] * W[4, b] + W[i, b] * W[4, a])
                c2 = y2 * (W[i, a] * W[5, b] + W[i, b] * W[5, a])
                h += n1 + n2
                g0 += complex(0.0, 1.0) * (n1 - n2)
                g1 += c2 - c1
                g2 -= complex(0.0, 1.0) * (c1 + c2)
            Y[0, a, b] = Y[0, b, a] = h
            Y[1, a, b] = Y[1, b, a] = g0
            Y[2, a, b] = Y[2, b, a] = g1
            Y[3, a, b] = Y[3, b, a] = g2


@jit
def lepton_couplings(x: Floats, G: Array, W: Array, rot: Floats, Y: Array) -> None:
    """Fill Y (5, 6, 9): -L = Y_iAp phi_i chi_A l_p + h.c., l = (nu_1..3, e_1..3, e^c_1..3)."""
    i_half = complex(0.0, HALF)
    for a in range(6):
        for k in range(3):
            f = G[1, k] * W[0, a] + G[2, k] * W[1, a]
            g_r = x[22 + k]
            for n in range(2):
                s, eta = rot[0, n], rot[1, n] * HALF
                Y[n, a, k] = G[0, k] * W[3, a] * s + f * eta
                Y[n, a, 3 + k] = -G[0, k] * W[5, a] * s
                Y[n, a, 6 + k] = g_r * W[4, a] * eta
            Y[2, a, k] = i_half * f
            Y[2, a, 3 + k] = 0.0
            Y[2, a, 6 + k] = -i_half * g_r * W[4, a]
            for n in range(3, 5):
                unit = complex(HALF, 0.0) if n == 3 else i_half
                Y[n, a, k] = 0.0
                Y[n, a, 3 + k] = -unit * f
                Y[n, a, 6 + k] = unit.conjugate() * g_r * W[2, a]


@jit
def scalar_quartics(b: Base, i: int, j: int, c: int, d: int) -> float:
    """Fourth derivative of V by two odd scalars of (S, eta) and two components of H."""
    if i == 0 or j == 0:
        return b.lam_s if i == j and c == d else 0.0
    p, q = i - 1, j - 1
    total = b.lam_eta if p == q and c == d else 0.0
    even = 1.0 if p == c and q == d else 0.0
    even += 1.0 if p == d and q == c else 0.0
    odd = J[c, p] * J[d, q] + J[d, p] * J[c, q]
    rate: float = total + 0.5 * (b.lam_eta_p + b.lam_eta_pp) * even + 0.5 * (b.lam_eta_p - b.lam_eta_pp) * odd
    return rate


@jit
def scalar_couplings(b: Base, rot: Floats, quartic: Floats, cubic: Floats, work: Floats) -> None:
    """Fill quartic (5, 5, 4, 4) and cubic (5, 5, 4): derivatives of V by two odd scalars and components of H."""
    for c in range(4):
        for d in range(c, 4):
            for i in range(5):
                for j in range(5):
                    work[i, j] = scalar_quartics(b, i, j, c, d)
            _rotate(rot, work, quartic, c, d)
            for i in range(5):
                for j in range(5):
                    quartic[i, j, d, c] = quartic[i, j, c, d]
    for c in range(4):
        for i in range(5):
            for j in range(5):
                # v-induced part, and alpha S H_c eta_c
                alpha = rot[0, i] * rot[c + 1, j] + rot[c + 1, i] * rot[0, j]
                cubic[i, j, c] = V * quartic[i, j, 0, c] + b.alpha * alpha


@jit
def _rotate(rot: Floats, work: Floats, quartic: Floats, c: int, d: int) -> None:
    """quartic[:, :, c, d] = rot^T work rot; rot mixes the first two states only."""
    for i in range(5):
        for j in range(i, 5):
            total = 0.0
            first_i, last_i = (0, 2) if i < 2 else (i, i + 1)
            first_j, last_j = (0, 2) if j < 2 else (j, j + 1)
            for k in range(first_i, last_i):
                for n in range(first_j, last_j):
                    total += rot[k, i] * work[k, n] * rot[n, j]
            quartic[i, j, c, d] = quartic[j, i, c, d] = total
