"""Sommerfeld factors of electroweak doublets, for s waves, by isospin.

Exchange of gauge bosons between two members of doublets is a potential -alpha_I/r at short distance: for a doublet
and an antidoublet alpha_0 = (3 g2^2 + g1^2)/16 pi in the isospin singlet and alpha_1 = (-g2^2 + g1^2)/16 pi in the
triplet, from the Casimir operators; all of it is given the range of the W. S of the Hulthen potential that
stands for the Yukawa one: S. Cassel, arXiv:0903.5307; J. L. Feng, M. Kaplinghat, H.-B. Yu, arXiv:1005.4678,
in which v is the velocity of each particle. The members are taken as degenerate, the photon as massive and
all waves as s waves: a factor to judge by, whose departure from 1 is half its own error.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from terranova.models.physics._jit import jit
from terranova.models.scotogenic.broken_phase import MASS_V
from terranova.models.scotogenic.relic_couplings import G1, G2
from terranova.types import Floats

ALPHA: Final = ((3.0 * G2**2 + G1**2) / (16.0 * math.pi), (G1**2 - G2**2) / (16.0 * math.pi))
"""Strengths for isospin 0 and 1."""

GAUGE: Final = (
    (3.0 * G2**4 + G1**4) / (3.0 * G2**4 + G1**4 + 6.0 * (G1 * G2) ** 2),
    (6.0 * G2**4 + 43.0 * G1**4) / (81.0 * G2**4 + 43.0 * G1**4 + 12.0 * (G1 * G2) ** 2),
)
"""Part with isospin 0 of annihilation by gauge couplings: scalar doublet (W^a W^a, B B) and fermion doublet
(these in the spin singlet, and by B in the s channel).
"""


def hulthen(alpha: float, mass: Floats, velocity: Floats) -> Floats:
    """S of two particles of a mass in GeV; velocity of each in their centre of mass, alpha < 0 is repulsive."""
    epsilon = velocity / alpha
    k = math.pi**2 / 6.0 * MASS_V[0] / (alpha * mass)
    argument = 2.0 * math.pi * epsilon / k
    inside = 1.0 / k - (epsilon / k) ** 2
    root = 2.0 * math.pi * np.sqrt(np.abs(inside))
    # Divided by e^argument, which may be large.
    small = np.exp(-argument)
    wave = np.where(inside > 0.0, np.cos(root) * small, 0.5 * (np.exp(root - argument) + np.exp(-root - argument)))
    return np.asarray(math.pi / epsilon * 0.5 * (1.0 - small**2) / (0.5 * (1.0 + small**2) - wave))


MASS_STEP: Final = 0.1
X_STEP: Final = 0.2
FIRST_MASS: Final = math.log(50.0)
FIRST_X: Final = math.log(8.0)


def _table() -> Floats:
    """Thermal averages (2, masses, m/T), over v^2 e^(-m v^2/T): Maxwell and Boltzmann's for each velocity."""
    mass = np.exp(FIRST_MASS + MASS_STEP * np.arange(58))[:, None, None]
    x = np.exp(FIRST_X + X_STEP * np.arange(68))[None, :, None]
    # Laguerre nodes for the weight z^(1/2) e^-z from those of Hermite: z = t^2
    t, w = np.polynomial.hermite.hermgauss(40)
    t, w = t[20:], w[20:] * t[20:] ** 2
    velocity = np.sqrt(t**2 / x)
    return np.array([(hulthen(a, mass, velocity) * w).sum(axis=-1) / w.sum() for a in ALPHA])


TABLE: Final = np.ascontiguousarray(_table())


@jit
def enhancement(mass: float, x: float, singlet: float) -> float:
    """Return the factor of a pair of doublets at m/T = x, of which the part `singlet` has isospin 0."""
    a = min(max((math.log(mass) - FIRST_MASS) / MASS_STEP, 0.0), TABLE.shape[1] - 1.000001)
    b = min(max((math.log(x) - FIRST_X) / X_STEP, 0.0), TABLE.shape[2] - 1.000001)
    i, j = int(a), int(b)
    f, g = a - i, b - j
    total = 0.0
    for isospin in range(2):
        t = TABLE[isospin]
        value = (1.0 - f) * ((1.0 - g) * t[i, j] + g * t[i, j + 1])
        value += f * ((1.0 - g) * t[i + 1, j] + g * t[i + 1, j + 1])
        total += value * (singlet if isospin == 0 else 1.0 - singlet)
    return total
