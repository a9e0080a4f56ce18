"""Relic density of the lightest odd state: all odd states freeze out together.

Rates of pairs: `pair_rates`; thermal averages and Boltzmann equation: `freeze_out`; Sommerfeld factors:
`sommerfeld`; how far the result can be trusted: `relic_error`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

import numpy as np

from terranova.models.physics import sm
from terranova.models.physics._jit import jit, jit_lean_kernel, source_fingerprint
from terranova.models.scotogenic import (
    broken_phase,
    freeze_out,
    neutrinos,
    pair_rates,
    relic_couplings,
    relic_error,
    spectrum,
)
from terranova.models.scotogenic.freeze_out import N_STATES, RULE
from terranova.models.scotogenic.sommerfeld import GAUGE
from terranova.types import Array, Floats

X_QUOTED: Final = 25.0
"""m/T at which sigma v is quoted."""

CM3_S: Final = sm.HBAR_C_CM**3 / sm.HBAR
"""GeV^-2 in cm^3/s: (hbar c)^2 c."""


def _make(fingerprint: str) -> Callable[..., None]:
    """Build the loop over points; the fingerprint of the sources makes stale machine code impossible."""

    @jit_lean_kernel
    def relic_kernel(
        points: Floats, m2: Floats, mixing: Floats, u: Array, m_chi: Floats, G: Array,
        rule: Floats, sommerfeld: bool, pairs: bool, exact: bool,
        rot: Floats, W: Array, theta: Array, theta_s: Floats, y_h: Array, y_l: Array, quartic: Floats,
        cubic: Floats, scratch: Floats, y_h0: Array, cubic0: Floats, quartic0: Floats, mass: Floats, m_s: Floats,
        m_f: Floats, dof: Floats, curve: Floats, doublet: Floats, share: Floats, work: Floats, threshold: Floats,
        vector: Floats, matrix: Floats, chains: Floats, spin: Floats, across: Floats, along: Floats,
        sigma: Floats, out: Floats,
    ) -> None:  # fmt: skip
        assert len(fingerprint) > 0  # read, so that it becomes part of the cache key
        w = pair_rates.Scratch(vector, matrix, chains, spin, across, along)
        for n in range(len(points)):
            x = points[n]
            b = spectrum.read_base(x)
            for k in range(4):
                m_s[k] = np.sqrt(m2[n, k])
                m_f[k] = m_chi[n, k]
            m_s[4] = m_s[3]
            m_f[4] = m_f[5] = b.m_psi
            relic_couplings.scalar_rotation(mixing[n], rot)
            relic_couplings.fermion_rotation(u[n], W)
            relic_couplings.rotate_generators(W, theta)
            relic_couplings.rotate_scalar_generators(rot, theta_s)
            relic_couplings.higgs_couplings(x, W, y_h)
            relic_couplings.lepton_couplings(x, G[n], W, rot, y_l)
            relic_couplings.scalar_couplings(b, rot, quartic, cubic, scratch)
            pair_rates.at_threshold(m_s, m_f, theta, theta_s, y_h, cubic, quartic, y_l, pairs, sigma[n])
            if not exact:
                continue
            broken_phase.rotate(theta)
            broken_phase.rotate(theta_s)
            for i in range(6):
                for j in range(6):
                    y_h0[i, j] = y_h[0, i, j]
            for i in range(5):
                for j in range(5):
                    cubic0[i, j], quartic0[i, j] = cubic[i, j, 0], quartic[i, j, 0, 0]
            c = pair_rates.Couplings(m_s, m_f, theta, theta_s, y_h0, cubic0, quartic0, y_l)
            rough = pair_rates.parabolas(mass, dof, sigma[n], threshold, c, w, curve)
            doublets(rot, W, doublet)
            singlet = 1.0
            for k in range(N_STATES):
                if mass[k] == freeze_out.smallest(mass):
                    singlet = min(singlet, 1.0 - doublet[k])
            for k in range(2):
                share[k] = GAUGE[k]
            if not sommerfeld:
                for k in range(N_STATES):
                    doublet[k] = 0.0
            omega, frozen = freeze_out.freeze_out(mass, dof, curve, doublet, share, work, rule)
            lightest = freeze_out.smallest(mass)
            out[n, 0] = omega
            out[n, 1] = CM3_S * freeze_out.effective(X_QUOTED, lightest, mass, dof, curve, doublet, share, work)[0]
            out[n, 2] = relic_error.estimate(
                omega, b, x, mass, dof, curve, doublet, share, work, frozen, rough, singlet, c, rule, threshold
            )

    return relic_kernel


@jit
def doublets(rot: Floats, W: Array, out: Floats) -> None:
    """Fill out (11,): how much of each state belongs to doublets."""
    for i in range(5):
        out[i] = 1.0 - rot[0, i] * rot[0, i]
    for a in range(6):
        out[5 + a] = 1.0 - abs(W[0, a]) ** 2 - abs(W[1, a]) ** 2


@cache
def _kernel() -> Callable[..., None]:
    return _make(source_fingerprint(__name__))


def _run(x: Floats, variant: int, sommerfeld: bool, pairs: bool, exact: bool) -> tuple[Floats, Floats]:
    x = np.ascontiguousarray(x, dtype=np.float64)
    out, sigma = np.empty((len(x), 3)), np.zeros((len(x), N_STATES, N_STATES))
    s = spectrum.spectrum(x)
    G = neutrinos.couplings(x, variant, s).G
    rotations = np.empty((5, 5)), np.empty((6, 6), complex)
    gauge = np.empty((4, 6, 6), complex), np.empty((4, 5, 5))
    yukawa = np.empty((4, 6, 6), complex), np.empty((5, 6, 9), complex)
    scalar = np.empty((5, 5, 4, 4)), np.empty((5, 5, 4)), np.empty((5, 5))
    broken = np.empty((6, 6), complex), np.empty((5, 5)), np.empty((5, 5))
    mass, dof = np.empty(N_STATES), np.repeat([1.0, 2.0], [5, 6])
    curve = np.empty((3, N_STATES, N_STATES))
    states = np.empty(N_STATES), np.empty(2), np.empty((2, N_STATES)), np.empty(N_STATES)
    spinors = np.empty((2, 3, 4)), np.empty((4, 3, 2, 2, 2)), np.empty((36, 12)), np.empty((4, 2))
    tensors = np.empty((4, 4)), np.empty((4, 4))
    _kernel()(
        x, s.m2, s.mixing, s.u, s.m_chi, G, RULE, sommerfeld, pairs, exact,
        *rotations, *gauge, *yukawa, *scalar, *broken, mass, mass[:5], mass[5:], dof, curve, *states,
        *spinors, *tensors, sigma, out,
    )  # fmt: skip
    return out, sigma


def relic_density(x: Floats, variant: int, sommerfeld: bool = True) -> Floats:
    """Omega h^2, sigma v in cm^3/s at m/T = 25, and the relative error of Omega h^2 (n, 3) of points x (n, d).

    Args:
        variant: index of `VARIANTS`.
        sommerfeld: include Sommerfeld factors; programs to compare with do not.
    """
    return _run(x, variant, sommerfeld, True, True)[0]


def threshold_rates(x: Floats, variant: int, pairs: bool = True) -> Floats:
    """Sigma v at threshold (n, 11, 11) in GeV^-2 of all pairs of scalars and of fermions, by `annihilation`."""
    return _run(x, variant, False, pairs, False)[1]
