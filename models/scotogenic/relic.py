"""Relic density by freeze-out with s-wave annihilation and coannihilation.

Griest, Seckel, Phys. Rev. D43 (1991) 3191, with the threshold rates of `annihilation`. Not included: p waves,
scalar-fermion coannihilation, Sommerfeld factors, masses of final states, departure from chemical equilibrium.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from terranova.models.physics import sm
from terranova.models.physics._jit import jit, jit_kernel, source_fingerprint
from terranova.models.physics.zero_momentum import NODES, fill_propagators
from terranova.models.scotogenic import annihilation, neutrinos, relic_couplings, spectrum
from terranova.models.scotogenic.kernel import solve_couplings
from terranova.types import Floats

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
) -> float:
    """Return Omega h^2 of states with masses, degrees of freedom (11,) and sigma v (11, 11).

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
    rate: float = 1.07e9 / (math.sqrt(G_STAR) * sm.PLANCK_MASS * integral / x)
    return rate


def _make(fingerprint: str) -> Callable[[Floats, int, Floats, float, int, bool, Floats], None]:
    """Build the loop over points; the fingerprint of the sources makes stale machine code impossible."""

    @jit_kernel
    def relic_kernel(
        points: Floats, variant: int, rule: Floats, damping: float, iterations: int, pairs: bool, out: Floats
    ) -> None:
        assert len(fingerprint) > 0  # read, so that it becomes part of the cache key
        m2, mixing, m_chi, all2 = np.empty(4), np.empty((2, 2)), np.empty(4), np.empty(9)
        u, m4 = np.empty((4, 4), np.complex128), np.empty((4, 4), np.complex128)
        ml, m3, vectors = (
            np.empty((3, 3), np.complex128),
            np.empty((3, 3), np.complex128),
            np.empty((3, 3), np.complex128),
        )
        root, R, U = (
            np.empty((3, 3), np.complex128),
            np.empty((3, 3), np.complex128),
            np.empty((3, 3), np.complex128),
        )
        z, G, values = np.empty(3, np.complex128), np.empty((3, 3), np.complex128), np.empty(3)
        P = np.empty((9, len(NODES)))
        rot, W = np.empty((5, 5)), np.empty((6, 6), np.complex128)
        theta, theta_s = np.empty((4, 6, 6), np.complex128), np.empty((4, 5, 5))
        Y_h, Y_l = np.empty((4, 6, 6), np.complex128), np.empty((5, 6, 9), np.complex128)
        quartic, cubic, work55 = np.empty((5, 5, 4, 4)), np.empty((5, 5, 4)), np.empty((5, 5))
        mass, dof = np.empty(N_STATES), np.empty(N_STATES)
        sigma, work = np.zeros((N_STATES, N_STATES)), np.empty(N_STATES)
        m_s, m_f = mass[:5], mass[5:]
        dof[:5], dof[5:] = 1.0, 2.0
        for n in range(len(points)):
            x = points[n]
            b = spectrum.read_base(x)
            spectrum.scalar_masses(b, m2, mixing)
            spectrum.fermion_masses(x, b, m4, u, m_chi)
            for k in range(4):
                all2[k], all2[5 + k] = m_chi[k] ** 2, m2[k]
                m_s[k] = math.sqrt(m2[k])
                m_f[k] = m_chi[k]
            m_s[4] = m_s[3]
            m_f[4] = m_f[5] = b.m_psi
            all2[4] = b.m_psi**2
            fill_propagators(all2, P)
            neutrinos.loop_matrix(u, m_chi, b.m_psi, m2, mixing, P, ml)
            solve_couplings(variant, x, ml, m3, vectors, values, root, R, U, z, G)
            relic_couplings.scalar_rotation(mixing, rot)
            relic_couplings.fermion_rotation(u, W)
            relic_couplings.rotate_generators(W, theta)
            relic_couplings.rotate_scalar_generators(rot, theta_s)
            relic_couplings.higgs_couplings(x, W, Y_h)
            relic_couplings.lepton_couplings(x, G, W, rot, Y_l)
            relic_couplings.scalar_couplings(b, rot, quartic, cubic, work55)
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
            out[n, 0] = freeze_out(mass, dof, sigma, work, rule, damping, iterations)
            out[n, 1] = CM3_S * effective(X_QUOTED, mass, dof, sigma, work)[0]

    return relic_kernel


@cache
def kernel() -> Callable[[Floats, int, Floats, float, int, bool, Floats], None]:
    """The compiled kernel(x (n, d), variant, rule, damping, iterations, pairs, out (n, 2))."""
    here = Path(__file__).parent
    return _make(source_fingerprint([here, here.parent / "physics"]))


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
    out = np.empty((len(x), 2))
    kernel()(np.ascontiguousarray(x, dtype=np.float64), variant, rule, damping, iterations, pairs, out)
    return out
