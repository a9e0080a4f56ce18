"""Relic density by freeze-out with s-wave annihilation and coannihilation.

Griest, Seckel, Phys. Rev. D43 (1991) 3191, with the threshold rates of `annihilation`. Not included: p waves,
scalar-fermion coannihilation, Sommerfeld factors, masses of final states, departure from chemical equilibrium.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

import numpy as np

from terranova.models.physics import sm
from terranova.models.physics._jit import jit, jit_lean_kernel, source_fingerprint
from terranova.models.scotogenic import annihilation, neutrinos, relic_couplings, spectrum
from terranova.types import Array, Floats

G_STAR: Final = 90.0
"""Relativistic degrees of freedom at freeze-out of a TeV particle."""

X_QUOTED: Final = 25.0
"""m/T at which sigma v is quoted."""

CM3_S: Final = sm.HBAR_C_CM**3 / sm.HBAR
"""GeV^-2 in cm^3/s: (hbar c)^2 c."""

N_STATES: Final = 11
"""Five real scalars and six Majorana fermions."""


def panels(edges: Sequence[float], nodes: int) -> Floats:
    """Nodes and weights (2, k) of Gauss-Legendre rules between the edges."""
    t, w = np.polynomial.legendre.leggauss(nodes)
    parts = [
        (low + 0.5 * (high - low) * (t + 1.0), 0.5 * (high - low) * w) for low, high in itertools.pairwise(edges)
    ]
    return np.array([np.concatenate([x for x, _ in parts]), np.concatenate([w for _, w in parts])])


RULE: Final = panels((0.0, 1e-4, 1e-3, 1e-2, 0.1, 0.4, 1.0), 8)
"""In t = x_f/x: coannihilation switches off at x of the order m/Delta m, anywhere on a logarithmic scale."""


@jit
def effective(x: float, mass: Floats, dof: Floats, sigma: Floats, work: Floats) -> tuple[float, float]:
    """Effective sigma v at x = m/T: mass, dof, work (11,), sigma (11, 11)."""
    lightest = np.inf
    for i in range(11):
        lightest = min(lightest, mass[i])
    norm = 0.0
    for i in range(11):
        r = mass[i] / lightest
        work[i] = dof[i] * r * math.sqrt(r) * math.exp(-x * (r - 1.0))
        norm += work[i]
    total = 0.0
    for i in range(11):
        total += sigma[i, i] * work[i] * work[i]
        for j in range(i):
            total += 2.0 * sigma[i, j] * work[i] * work[j]
    return total / (norm * norm), norm


@jit
def freeze_out(
    mass: Floats, dof: Floats, sigma: Floats, work: Floats, rule: Floats, damping: float, iterations: int
) -> tuple[float, float]:
    """Return Omega h^2, and sigma v at `X_QUOTED`, of states with masses, degrees of freedom (11,), rates (11, 11).

    x_f solves x = ln(0.038 g M_Pl m sigma v/sqrt(g_* x)); damped iteration, for coannihilation makes the right side
    steep. Then Omega h^2 = 1.07e9 / (sqrt(g_*) M_Pl J), J = int_xf^inf sigma v dx/x^2, in GeV^-1.
    """
    lightest = np.inf
    for i in range(N_STATES):
        lightest = min(lightest, mass[i])
    x = 25.0
    for _ in range(iterations):
        s, g = effective(x, mass, dof, sigma, work)
        argument = 0.038 * g * sm.PLANCK_MASS * lightest * s / math.sqrt(G_STAR * x)
        x += damping * (math.log(max(argument, 1.0001)) - x)
    integral = 0.0
    for k in range(rule.shape[1]):
        integral += rule[1, k] * effective(x / rule[0, k], mass, dof, sigma, work)[0]
    omega = 1.07e9 / (math.sqrt(G_STAR) * sm.PLANCK_MASS * integral / x)
    return omega, effective(X_QUOTED, mass, dof, sigma, work)[0]


def _make(fingerprint: str) -> Callable[..., None]:
    """Build the loop over points; the fingerprint of the sources makes stale machine code impossible."""

    @jit_lean_kernel
    def relic_kernel(
        points: Floats, m2: Floats, mixing: Floats, u: Array, m_chi: Floats, G: Array,
        rule: Floats, damping: float, iterations: int, pairs: bool,
        rot: Floats, W: Array, theta: Array, theta_s: Floats, Y_h: Array, Y_l: Array, quartic: Floats,
        cubic: Floats, scratch: Floats, mass: Floats, m_s: Floats, m_f: Floats, dof: Floats, sigma: Floats,
        work: Floats, out: Floats,
    ) -> None:  # fmt: skip
        assert len(fingerprint) > 0  # read, so that it becomes part of the cache key
        for n in range(len(points)):
            x = points[n]
            b = spectrum.read_base(x)
            for k in range(4):
                m_s[k] = math.sqrt(m2[n, k])
                m_f[k] = m_chi[n, k]
            m_s[4] = m_s[3]
            m_f[4] = m_f[5] = b.m_psi
            relic_couplings.scalar_rotation(mixing[n], rot)
            relic_couplings.fermion_rotation(u[n], W)
            relic_couplings.rotate_generators(W, theta)
            relic_couplings.rotate_scalar_generators(rot, theta_s)
            relic_couplings.higgs_couplings(x, W, Y_h)
            relic_couplings.lepton_couplings(x, G[n], W, rot, Y_l)
            relic_couplings.scalar_couplings(b, rot, quartic, cubic, scratch)
            for i in range(5):
                for j in range(i + 1):
                    rate = annihilation.scalar_pair(i, j, m_s, m_f, theta_s, quartic, cubic, Y_l)
                    sigma[i, j] = sigma[j, i] = rate
            for i in range(6):
                for j in range(i + 1):
                    rate = annihilation.gauge_final(i, j, m_f, theta)
                    rate += annihilation.higgs_final(i, j, m_f, theta, Y_h)
                    rate += annihilation.mixed_final(i, j, m_f, theta, Y_h)
                    rate += annihilation.fermion_final(i, j, m_f, m_s, theta, Y_l)
                    if pairs:
                        rate += annihilation.lepton_pairs(i, j, m_f, m_s, Y_l)
                    sigma[5 + i, 5 + j] = sigma[5 + j, 5 + i] = rate
            omega, quoted = freeze_out(mass, dof, sigma, work, rule, damping, iterations)
            out[n, 0] = omega
            out[n, 1] = CM3_S * quoted

    return relic_kernel


@cache
def _kernel() -> Callable[..., None]:
    return _make(source_fingerprint(__name__))


def relic_density(
    x: Floats, variant: int, rule: Floats = RULE, damping: float = 0.5, iterations: int = 40, pairs: bool = True
) -> Floats:
    """Omega h^2 and sigma v in cm^3/s at m/T = 25 (n, 2) of points x (n, d).

    Args:
        variant: index of `VARIANTS`.
        rule: nodes and weights (2, k) of the integral over x_f/x in [0, 1].
        damping, iterations: of the search for x_f.
        pairs: include `annihilation.lepton_pairs`.
    """
    x = np.ascontiguousarray(x, dtype=np.float64)
    out = np.empty((len(x), 2))
    s = spectrum.spectrum(x)
    G = neutrinos.couplings(x, variant, s).G
    rotations = np.empty((5, 5)), np.empty((6, 6), complex)
    gauge = np.empty((4, 6, 6), complex), np.empty((4, 5, 5))
    yukawa = np.empty((4, 6, 6), complex), np.empty((5, 6, 9), complex)
    scalar = np.empty((5, 5, 4, 4)), np.empty((5, 5, 4)), np.empty((5, 5))
    mass, dof = np.empty(N_STATES), np.repeat([1.0, 2.0], [5, 6])
    sigma, work = np.zeros((N_STATES, N_STATES)), np.empty(N_STATES)
    _kernel()(
        x, s.m2, s.mixing, s.u, s.m_chi, G, rule, damping, iterations, pairs,
        *rotations, *gauge, *yukawa, *scalar, mass, mass[:5], mass[5:], dof, sigma, work, out,
    )  # fmt: skip
    return out
