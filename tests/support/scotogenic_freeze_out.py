"""Freeze-out as the independent program of the reference vectors has it: one formula for x_f, one integral."""

from __future__ import annotations

import numpy as np

from terranova.models.physics import sm
from terranova.types import Floats

G_STAR = 90.0


def simple_freeze_out(mass: Floats, sigma: Floats) -> tuple[float, float]:
    """Omega h^2, and sigma v in cm^3/s at m/T = 25, of states (11,) with rates (11, 11) in GeV^-2.

    Griest, Seckel, doi:10.1103/PhysRevD.43.3191: x_f by eight steps of x = ln(0.038 g M_Pl m sigma v/sqrt(g_*
    x)), then 1.07e9/(sqrt(g_*) M_Pl J), J by 12 Gauss-Legendre nodes.
    """
    dof = np.repeat([1.0, 2.0], [5, 6])
    r = mass / mass.min()

    def effective(x: float) -> tuple[float, float]:
        n = dof * r**1.5 * np.exp(-x * (r - 1.0))
        return float(n @ sigma @ n) / n.sum() ** 2, float(n.sum())

    x = 25.0
    for _ in range(8):
        s, g = effective(x)
        x = np.log(max(0.038 * g * sm.PLANCK_MASS * mass.min() * s / np.sqrt(G_STAR * x), 1.0001))
    t, w = np.polynomial.legendre.leggauss(12)
    integral = sum(0.5 * b * effective(x / (0.5 * (a + 1.0)))[0] for a, b in zip(t, w, strict=True))
    omega = 1.07e9 / (np.sqrt(G_STAR) * sm.PLANCK_MASS * integral / x)
    return float(omega), effective(25.0)[0] * sm.HBAR_C_CM**3 / sm.HBAR
