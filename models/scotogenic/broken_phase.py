"""What annihilation with massive final states needs: couplings to W1, W2, Z, photon and h, masses, kinematics.

Gauge bosons are real fields, W1 and W2 with W+- = (W1 -+ i W2)/sqrt(2), so that all odd states are real scalars and
Majorana fermions. Unitary gauge: Goldstone bosons do not appear.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from terranova.models.physics import sm
from terranova.models.physics._jit import jit
from terranova.models.scotogenic.electroweak import M_H
from terranova.models.scotogenic.relic_couplings import G1, G2
from terranova.models.scotogenic.spectrum import V
from terranova.types import Array, Floats

G_Z: Final = math.hypot(G1, G2)
COS_W: Final = G2 / G_Z
SIN_W: Final = G1 / G_Z
"""On-shell weak angle: what makes the masses of W and Z follow from the couplings, as unitarity demands."""

MASS_V: Final = np.array([0.5 * G2 * V, 0.5 * G2 * V, 0.5 * G_Z * V, 0.0])
"""GeV; of W1, W2, Z, photon."""

M_TOP: Final = sm.M_TOP_2024
M_BOTTOM: Final = 2.8
"""Running mass at some hundred GeV: coupling of h to b quarks; PDG review of quark masses,
doi:10.1093/ptep/ptac097.
"""

H_WW: Final = 2.0 / V
"""h V V vertex over M_V^2."""

TRIPLE_HIGGS: Final = 3.0 * M_H * M_H / V


def _structure() -> Floats:
    """f_abc (4, 4, 4) with [T^a, T^b] = i f_abc T^c of (W1, W2, Z, photon), couplings included."""
    out = np.zeros((4, 4, 4))
    for c, value in ((2, G2 * COS_W), (3, G2 * SIN_W)):
        for a, b, d in ((0, 1, c), (1, c, 0), (c, 0, 1)):
            out[a, b, d], out[b, a, d] = value, -value
    return out


STRUCTURE: Final = _structure()


def _currents(lepton: bool) -> Floats:
    """Sums over massless fermions of colour (gL^2 + gR^2)(gL'^2 ...): (4, 4), diagonal but for Z and photon.

    Of quarks without the top-bottom doublet, or of leptons.
    """
    s2, e = SIN_W**2, G2 * SIN_W
    kinds = (((0.5, 0.0, 3), (-0.5, -1.0, 3)),) if lepton else (((0.5, 2.0 / 3.0, 6), (-0.5, -1.0 / 3.0, 9)),)
    out = np.zeros((4, 4))
    for t3, q, n in kinds[0]:
        left = np.array([G_Z * (t3 - q * s2), e * q])
        right = np.array([-G_Z * q * s2, e * q]) if q else np.zeros(2)
        out[2:, 2:] += n * (np.outer(left, left) + np.outer(right, right))
    doublets = 3 if lepton else 6
    # (g/2)(u^dagger d + d^dagger u): two final states of coupling g/2.
    out[0, 0] = out[1, 1] = doublets * 2.0 * (0.5 * G2) ** 2
    return out


QUARKS: Final = _currents(lepton=False)
LEPTONS: Final = _currents(lepton=True)
TOP_LEFT: Final = np.array([0.0, 0.0, G_Z * (0.5 - 2.0 / 3.0 * SIN_W**2), 2.0 / 3.0 * G2 * SIN_W])
TOP_RIGHT: Final = np.array([0.0, 0.0, -2.0 / 3.0 * G_Z * SIN_W**2, 2.0 / 3.0 * G2 * SIN_W])


@jit
def rotate(theta: Array) -> None:
    """(W1, W2, W3, B) to (W1, W2, Z, photon), in place: theta (4, k, k), real of scalars."""
    for i in range(theta.shape[1]):
        for j in range(theta.shape[2]):
            w, b = theta[2, i, j], theta[3, i, j]
            theta[2, i, j] = COS_W * w - SIN_W * b
            theta[3, i, j] = SIN_W * w + COS_W * b


@jit
def energy_of(s: float, a: float, b: float) -> float:
    """Energy in the centre of mass of the first of two masses."""
    return 0.5 * (s + a * a - b * b) / math.sqrt(s)


@jit
def momentum(s: float, a: float, b: float) -> float:
    """Momentum in the centre of mass of two masses; 0 below threshold."""
    above = (s - (a + b) ** 2) * (s - (a - b) ** 2)
    return math.sqrt(above / s) * 0.5 if above > 0.0 and s > (a + b) ** 2 else 0.0


@jit
def fermion_tensor(s: float, leptons: bool, across: Floats, along: Floats) -> None:
    """Fill what quarks (and leptons) make of the currents of two gauge bosons c, d: (4, 4) each.

    Sum over final states and spins of j^mu j^nu, integrated over phase space:
    across (-s g^mu nu + P^mu P^nu) + along P^mu P^nu.
    """
    for c in range(4):
        for d in range(4):
            value = QUARKS[c, d] + (LEPTONS[c, d] if leptons else 0.0)
            across[c, d] = 2.0 / 3.0 * value / (8.0 * math.pi)
            along[c, d] = 0.0
    r = M_TOP * M_TOP / s
    if 4.0 * r < 1.0:
        phase = 3.0 * math.sqrt(1.0 - 4.0 * r) / (8.0 * math.pi)
        for c in range(2, 4):
            for d in range(2, 4):
                same = TOP_LEFT[c] * TOP_LEFT[d] + TOP_RIGHT[c] * TOP_RIGHT[d]
                cross = TOP_LEFT[c] * TOP_RIGHT[d] + TOP_RIGHT[c] * TOP_LEFT[d]
                across[c, d] += phase * (2.0 * same * (1.0 - r) + 6.0 * r * cross) / 3.0
                along[c, d] += phase * 2.0 * r * (same - cross)
    if r < 1.0:
        for c in range(2):
            phase = 3.0 * 2.0 * (0.5 * G2) ** 2 * (1.0 - r) / (8.0 * math.pi)
            across[c, c] += phase * 2.0 / 3.0 * (1.0 - r) * (1.0 + 0.5 * r)
            along[c, c] += phase * r * (1.0 - r)


@jit
def higgs_to_quarks(s: float) -> float:
    """Of h* to t and b quarks: sum of |ubar v|^2 (m/V)^2, integrated over phase space."""
    total = 0.0
    for m in (M_TOP, M_BOTTOM):
        r = 4.0 * m * m / s
        if r < 1.0:
            beta = math.sqrt(1.0 - r)
            total += 3.0 * (m / V) ** 2 * 2.0 * s * beta**2 * beta / (8.0 * math.pi)
    return total
