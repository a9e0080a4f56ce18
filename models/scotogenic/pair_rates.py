"""Invariant rates W of all pairs of odd states, as parabolas in s: exact where it matters, else at threshold.

Which pairs matter is judged by the rates at threshold of `annihilation`, into massless particles of the unbroken
phase: they are exact but for terms of M_Z^2/m^2, and cost little. The few pairs that decide freeze-out are computed
again with massive particles at three energies; so are scalar and fermion together.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from terranova.models.physics._jit import jit
from terranova.models.physics.loops import abs2
from terranova.models.scotogenic import (
    annihilation,
    broken_phase,
    helicity,
    lepton_channels,
    massive_fermions,
    massive_scalars,
)
from terranova.models.scotogenic.freeze_out import N_STATES, smallest
from terranova.types import Array, Floats

X_JUDGED: Final = 25.0
"""m/T at which contributions are compared."""

LEAST_SHARE: Final = 1e-3
"""Part of the rate from which on a pair is computed again."""

LEAST_WEIGHT: Final = 5e-3
"""Part of all pairs of particles from which on it is, whatever its rate at threshold: that may vanish."""

NODES: Final = ((7.0 - math.sqrt(14.0)) / 44.0, (7.0 + math.sqrt(14.0)) / 44.0)
"""Energies above threshold over m of the second and third node: those of Gauss-Radau for e^(1/2) exp(-e/T) at T
= m/22, where the thermal average of a polynomial of fourth order is then exact.
"""

ANGLE: Final = 1.0 / math.sqrt(3.0)
"""Gauss-Legendre: cubic polynomials in the cosine exactly."""

NEGLIGIBLE: Final = 1e-3
"""Coupling to leptons below which annihilation by it is left out: 10^-9 of that by gauge bosons."""


class Couplings(NamedTuple):
    """Masses and couplings of one point; m_s (5,), m_f (6,).

    theta (4, 6, 6), theta_s (4, 5, 5): to W1, W2, Z, photon; y_h (6, 6), cubic (5, 5), quartic (5, 5): to h and
    two h; y_l (5, 6, 9): to leptons.
    """

    m_s: Floats
    m_f: Floats
    theta: Array
    theta_s: Floats
    y_h: Array
    cubic: Floats
    quartic: Floats
    y_l: Array


class Scratch(NamedTuple):
    """Working space: vector (2, 3, 4), matrix (4, 3, 2, 2, 2), chains (36, 12), spin (4, 2), across, along (4,
    4).
    """

    vector: Floats
    matrix: Floats
    chains: Floats
    spin: Floats
    across: Floats
    along: Floats


@jit
def at_threshold(
    m_s: Floats, m_f: Floats, theta: Array, theta_s: Floats, y_h: Array, cubic: Floats, quartic: Floats, y_l: Array,
    pairs: bool, sigma: Floats,
) -> None:  # fmt: skip
    """Fill sigma v at threshold (11, 11) of two scalars and of two fermions, with couplings of the unbroken phase.

    Args:
        theta, theta_s, y_h (4, 6, 6), cubic (5, 5, 4), quartic (5, 5, 4, 4), y_l: of `relic_couplings`.
        pairs: include `annihilation.lepton_pairs`.
    """
    for i in range(5):
        for j in range(i + 1):
            rate = annihilation.scalar_pair(i, j, m_s, m_f, theta_s, quartic, cubic, y_l)
            sigma[i, j] = sigma[j, i] = rate
    for i in range(6):
        for j in range(i + 1):
            rate = annihilation.gauge_final(i, j, m_f, theta)
            rate += annihilation.higgs_final(i, j, m_f, theta, y_h)
            rate += annihilation.mixed_final(i, j, m_f, theta, y_h)
            rate += annihilation.fermion_final(i, j, m_f, m_s, theta, y_l)
            if pairs:
                rate += annihilation.lepton_pairs(i, j, m_f, m_s, y_l)
            sigma[5 + i, 5 + j] = sigma[5 + j, 5 + i] = rate


@jit
def largest_lepton_coupling(y_l: Array) -> float:
    """Largest |Y| (5, 6, 9)."""
    largest = 0.0
    for i in range(5):
        for a in range(6):
            for k in range(9):
                largest = max(largest, abs2(y_l[i, a, k]))
    return math.sqrt(largest)


@jit
def invariant_rate(i: int, j: int, s: float, leptonic: bool, c: Couplings, w: Scratch) -> float:
    """W of states i <= j of all eleven at s, averaged over spins and angle."""
    first, second = (c.m_s[i] if i < 5 else c.m_f[i - 5]), (c.m_s[j] if j < 5 else c.m_f[j - 5])
    p = broken_phase.momentum(s, first, second)
    scalar = broken_phase.higgs_to_quarks(s)
    total, spins = 0.0, 1.0
    if (i < 5) == (j < 5):
        broken_phase.fermion_tensor(s, not leptonic, w.across, w.along)
    if i < 5 and j < 5:
        total = massive_scalars.quarks(i, j, s, c.m_s, c.theta_s, c.cubic, w.across, w.along, scalar)
    elif i >= 5:
        a, b, spins = i - 5, j - 5, 4.0
        root = math.sqrt(s)
        energy = broken_phase.energy_of(s, first, second)
        helicity.spinors(energy, root - energy, p, w.spin)
        total = massive_fermions.quarks(a, b, s, c.theta, c.y_h, w.spin, w.across, w.along, scalar)
    else:
        spins = 2.0
    angles = 2 if p > 1e-4 * first else 1  # at threshold it is isotropic
    for n in range(angles):
        cosine = ANGLE if n == 0 else -ANGLE
        part = 0.0
        if j < 5:
            part += massive_scalars.two_bosons(i, j, s, cosine, c.m_s, c.theta_s, c.cubic, w.vector, w.matrix)
            part += massive_scalars.with_higgs(
                i, j, s, cosine, c.m_s, c.theta_s, c.cubic, c.quartic[i, j], w.vector, w.matrix
            )
            if leptonic:
                part += lepton_channels.from_scalars(i, j, s, cosine, c.m_s, c.m_f, c.theta_s, c.y_l, w.matrix)
        elif i >= 5:
            a, b = i - 5, j - 5
            part += massive_fermions.two_bosons(
                a, b, s, cosine, c.m_f, c.theta, c.y_h, w.spin, w.vector, w.matrix, w.chains
            )
            part += massive_fermions.boson_and_higgs(
                a, b, s, cosine, c.m_f, c.theta, c.y_h, w.spin, w.vector, w.matrix
            )
            part += massive_fermions.two_higgs(a, b, s, cosine, c.m_f, c.y_h, w.spin, w.matrix)
            if leptonic:
                part += lepton_channels.from_fermions(
                    a, b, s, cosine, c.m_f, c.m_s, c.theta, c.y_l, w.spin, w.matrix
                )
        elif leptonic:
            part += lepton_channels.coannihilation(
                i, j - 5, s, cosine, c.m_s, c.m_f, c.theta_s, c.theta, c.cubic, c.y_h, c.y_l, w.vector, w.matrix
            )
        total += part / angles
    return total / spins


@jit
def twin(i: int, j: int) -> int:
    """11 i' + j' of a pair that charge conservation makes equal to i <= j: components 3, 4 of eta+ and 9, 10 of
    psi.
    """
    if j == 4 and i < 3:
        return 11 * i + 3
    if i == 4 and j == 4:
        return 11 * 3 + 3
    if j == 10 and i != 9:
        if i == 10:
            return 11 * 9 + 9
        if i == 3:
            return 11 * 4 + 9
        if i == 4:
            return 11 * 3 + 9
        return 11 * i + 9
    if i == 4 and 5 <= j < 9:
        return 11 * 3 + j
    return 11 * i + j


@jit
def parabolas(
    mass: Floats, dof: Floats, sigma: Floats, share: Floats, c: Couplings, w: Scratch, curve: Floats
) -> float:
    """Fill curve (3, 11, 11) of `freeze_out.effective` from sigma (11, 11), and from W of the pairs that matter.

    Args:
        share (11,): scratch.

    Returns:
        the part of the rate at `X_JUDGED` that is taken at threshold only.
    """
    lightest = smallest(mass)
    norm = 0.0
    for i in range(N_STATES):
        r = mass[i] / lightest
        share[i] = dof[i] * r * math.sqrt(r) * math.exp(-X_JUDGED * (r - 1.0))
        norm += share[i]
    total = 0.0
    for i in range(N_STATES):
        share[i] /= norm
    for i in range(N_STATES):
        for j in range(N_STATES):
            total += 0.0 if (i < 5) != (j < 5) else sigma[i, j] * share[i] * share[j]
    leptonic = largest_lepton_coupling(c.y_l) > NEGLIGIBLE
    rough = 0.0
    for i in range(N_STATES):
        for j in range(i, N_STATES):
            for n in range(3):
                curve[n, i, j] = 0.0
            mixed = i < 5 <= j
            weight = share[i] * share[j] * (1.0 if i == j else 2.0)
            size = _coannihilation_size(i, j, mass, c) if mixed and leptonic else sigma[i, j]
            exact = weight * size > LEAST_SHARE * total or (not mixed and weight > LEAST_WEIGHT)
            if exact:
                other = twin(i, j)
                if other < 11 * i + j:
                    for n in range(3):
                        curve[n, i, j] = curve[n, other // 11, other % 11]
                else:
                    _parabola(i, j, mass, lightest, leptonic, c, w, curve)
            elif not mixed:
                rough += weight * size
                curve[1, i, j] = size
            for n in range(3):
                curve[n, j, i] = curve[n, i, j]
    return rough / max(total, 1e-60)


@jit
def _coannihilation_size(i: int, j: int, mass: Floats, c: Couplings) -> float:
    """Roughly sigma v of phi chi -> lepton V, h: a coupling to leptons, of either or of what it turns into, and
    g2.
    """
    largest = 0.0
    for k in range(9):
        for n in range(6):
            largest = max(largest, abs2(c.y_l[i, n, k]))
        for n in range(5):
            largest = max(largest, abs2(c.y_l[n, j - 5, k]))
    size: float = largest * 0.4 / (16.0 * math.pi * mass[i] * mass[j])
    return size


@jit
def _parabola(
    i: int, j: int, mass: Floats, lightest: float, leptonic: bool, c: Couplings, w: Scratch, curve: Floats
) -> None:
    """Fill curve[:, i, j] of a pair: W = alpha + beta s + gamma s^2."""
    threshold = mass[i] + mass[j]
    s0, s1, s2 = threshold**2, (threshold + NODES[0] * lightest) ** 2, (threshold + NODES[1] * lightest) ** 2
    w0 = invariant_rate(i, j, s0, leptonic, c, w)
    w1 = invariant_rate(i, j, s1, leptonic, c, w)
    w2 = invariant_rate(i, j, s2, leptonic, c, w)
    slope = (w1 - w0) / (s1 - s0)
    gamma = ((w2 - w1) / (s2 - s1) - slope) / (s2 - s0)
    beta = slope - gamma * (s0 + s1)
    alpha = w0 - s0 * (beta + gamma * s0)
    product, squares = mass[i] * mass[j], mass[i] * mass[i] + mass[j] * mass[j]
    curve[0, i, j] = (alpha + squares * (beta + gamma * squares)) / (4.0 * product)
    curve[1, i, j] = 0.5 * beta + squares * gamma
    curve[2, i, j] = gamma
