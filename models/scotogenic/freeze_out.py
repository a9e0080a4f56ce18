"""Thermal averages and the Boltzmann equation of all odd states together.

P. Gondolo, G. Gelmini, doi:10.1016/0550-3213(91)90438-4; coannihilation: J. Edsjo, P. Gondolo, hep-ph/9704361. The
invariant rate of a pair, W = 4 E_i E_j sigma v, is a parabola in s, W = alpha + beta s + gamma s^2, for which the
average over both thermal distributions is known in closed form, from <1/E> = kappa/m, <E> = m kappa + 3 T,
<p^2/E> = 3 T and s = m_i^2 + m_j^2 + 2 p_i.p_j, with kappa = K_1(m/T)/K_2(m/T):

    <sigma v> = a kappa_i kappa_j + b + gamma (<E_i> <E_j> + 3 T^2),
    a = (alpha + beta q + gamma q^2)/(4 m_i m_j), b = beta/2 + gamma q, q = m_i^2 + m_j^2.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from terranova.models.physics import sm
from terranova.models.physics._jit import jit
from terranova.models.physics.early_universe import ENTROPY_TODAY, T_CMB, plasma
from terranova.models.scotogenic.sommerfeld import enhancement
from terranova.types import Floats

N_STATES: Final = 11
"""Five real scalars and six Majorana fermions."""

HUBBLE_100: Final = 100.0 / 3.0856775814913673e19 * sm.HBAR
"""100 km/s/Mpc in GeV; parsec of the IAU."""

TO_OMEGA: Final = (
    2.0 * math.pi**2 / 45.0 * ENTROPY_TODAY * T_CMB**3 * 8.0 * math.pi / (3.0 * HUBBLE_100**2 * sm.PLANCK_MASS**2)
)
"""GeV^-1. Omega h^2 = TO_OMEGA m Y: entropy today over the critical density."""

HOTTEST: Final = 10.0
"""m/T at which a point is assumed to be in equilibrium at the latest."""

STEP: Final = 0.01
"""In ln(m/T), of the Boltzmann equation: an error of 4 10^-4."""

DEPARTURE: Final = 0.02
"""Relative departure from equilibrium at which integration starts; before, it follows equilibrium."""


def panels(edges: Sequence[float], nodes: int) -> Floats:
    """Nodes and weights (2, k) of Gauss-Legendre rules between the edges."""
    t, w = np.polynomial.legendre.leggauss(nodes)
    parts = [
        (low + 0.5 * (high - low) * (t + 1.0), 0.5 * (high - low) * w) for low, high in itertools.pairwise(edges)
    ]
    return np.array([np.concatenate([x for x, _ in parts]), np.concatenate([w for _, w in parts])])


RULE: Final = panels((0.0, 1e-4, 1e-3, 1e-2, 0.1, 0.4, 1.0), 6)
"""In t = x_1/x: coannihilation switches off at x of the order m/Delta m, anywhere on a logarithmic scale."""


@jit
def bessel(z: float) -> tuple[float, float]:
    """Return K_2(z) e^z sqrt(2 z/pi) and K_1(z)/K_2(z) for z >= 10: asymptotic series, to 10^-5 and better."""
    w = 1.0 / z
    k1 = 1.0 + w * (0.375 - w * (0.1171875 - w * (0.1025390625 - w * 0.144195556640625)))
    k2 = 1.0 + w * (1.875 + w * (0.8203125 - w * (0.3076171875 - w * 0.31723022460937)))
    return k2, k1 / k2


@jit
def smallest(mass: Floats) -> float:
    """Of the masses (11,)."""
    lightest: float = mass[0]
    for i in range(N_STATES):
        lightest = min(lightest, mass[i])
    return lightest


@jit
def effective(
    x: float,
    lightest: float,
    mass: Floats,
    dof: Floats,
    curve: Floats,
    doublet: Floats,
    share: Floats,
    work: Floats,
) -> tuple[float, float]:
    """Effective <sigma v> at x = m/T, and the equilibrium density over T^3 e^-x.

    Args:
        mass, dof (11,): of the states.
        curve (3, 11, 11): a, b and gamma of each pair.
        doublet (11,): how much of a state is doublet; share (2,): what part of the rates of scalar and of fermion
            doublets has weak isospin 0; for Sommerfeld factors.
        work (2, 11): scratch.
    """
    norm, temperature = 0.0, lightest / x
    for i in range(N_STATES):
        r = mass[i] / lightest
        excess = x * (r - 1.0)
        if excess > 40.0:
            work[0, i] = 0.0
            continue
        k2, kappa = bessel(x * r)
        work[0, i] = dof[i] * r * math.sqrt(r) * k2 * math.exp(-excess)
        work[1, i] = kappa
        norm += work[0, i]
    scalar = enhancement(lightest, x, share[0]) - 1.0
    fermion = enhancement(lightest, x, share[1]) - 1.0
    total = 0.0
    for i in range(N_STATES):
        if work[0, i] == 0.0:
            continue
        for j in range(i + 1):
            if work[0, j] == 0.0:
                continue
            rate = curve[0, i, j] * work[1, i] * work[1, j] + curve[1, i, j]
            if curve[2, i, j] != 0.0:
                energies = (mass[i] * work[1, i] + 3.0 * temperature) * (mass[j] * work[1, j] + 3.0 * temperature)
                rate += curve[2, i, j] * (energies + 3.0 * temperature * temperature)
            if i < 5:
                rate *= 1.0 + doublet[i] * doublet[j] * scalar
            elif j >= 5:
                rate *= 1.0 + doublet[i] * doublet[j] * fermion
            total += rate * work[0, i] * work[0, j] * (1.0 if i == j else 2.0)
    # n_i = g m^2 T K_2(m/T)/(2 pi^2)
    density = norm * math.sqrt(0.5 * math.pi * x) * x / (2.0 * math.pi**2)
    return total / (norm * norm), density


@jit
def expansion(
    x: float,
    lightest: float,
    mass: Floats,
    dof: Floats,
    curve: Floats,
    doublet: Floats,
    share: Floats,
    work: Floats,
) -> tuple[float, float]:
    """Return Lambda and Y_eq of dY/dln x = -Lambda (Y^2 - Y_eq^2), Y the number of odd particles over entropy."""
    rate, density = effective(x, lightest, mass, dof, curve, doublet, share, work)
    h, root = plasma(lightest / x)
    per_entropy = density * math.exp(-x) * 45.0 / (2.0 * math.pi**2 * h)
    return math.sqrt(math.pi / 45.0) * sm.PLANCK_MASS * lightest * root * max(rate, 1e-60) / x, per_entropy


@jit
def freeze_out(
    mass: Floats, dof: Floats, curve: Floats, doublet: Floats, share: Floats, work: Floats, rule: Floats
) -> tuple[float, float]:
    """Return Omega h^2 and m/T at freeze-out, where Y = 2.5 Y_eq; arguments of `effective`, and the rule of the
    tail.

    The equation is followed in ln x by the trapezoidal rule, whose implicit step is a quadratic equation, from
    where Y leaves equilibrium until Y_eq is negligible. From there 1/Y grows by an integral.
    """
    lightest = smallest(mass)
    u = math.log(HOTTEST)
    last, equilibrium = expansion(math.exp(u), lightest, mass, dof, curve, doublet, share, work)
    # Y^2 - Y_eq^2 = -(dY_eq/dln x)/Lambda while Y follows Y_eq
    while math.exp(u) / (2.0 * last * equilibrium) < DEPARTURE and u < 5.0:
        u += 4.0 * STEP
        last, equilibrium = expansion(math.exp(u), lightest, mass, dof, curve, doublet, share, work)
    y = math.sqrt(equilibrium * (equilibrium + (math.exp(u) - 1.5) / last))
    frozen = 0.0
    while equilibrium > 1e-3 * y and u < 6.0:
        if frozen == 0.0 and y > 2.5 * equilibrium:
            frozen = math.exp(u)
        known = y - 0.5 * STEP * last * (y * y - equilibrium * equilibrium)
        u += STEP
        last, equilibrium = expansion(math.exp(u), lightest, mass, dof, curve, doublet, share, work)
        half = 0.5 * STEP * last
        known += half * equilibrium * equilibrium
        y = 2.0 * known / (1.0 + math.sqrt(1.0 + 4.0 * half * known))
    x1 = math.exp(u)
    tail = 0.0
    for k in range(rule.shape[1]):
        t = rule[0, k]
        tail += rule[1, k] / t * expansion(x1 / t, lightest, mass, dof, curve, doublet, share, work)[0]
    omega = TO_OMEGA * lightest / (1.0 / y + tail)
    return omega, frozen if frozen > 0.0 else x1
