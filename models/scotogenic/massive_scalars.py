"""Annihilation of two odd scalars at any energy into massive bosons and quarks: exact at tree level, unitary gauge.

Conventions and normalisation of `massive_fermions`. D = d + V theta on real scalars: V phi_i phi_j is
theta_ij (p_i + p_j) for i in and j out, V V phi phi is -i {theta, theta}.
"""

from __future__ import annotations

import math

from terranova.models.physics._jit import jit
from terranova.models.scotogenic.broken_phase import H_WW, MASS_V, STRUCTURE, TRIPLE_HIGGS, energy_of, momentum
from terranova.models.scotogenic.electroweak import M_H
from terranova.models.scotogenic.helicity import dot, gauge_vertex, longitudinal_part, polarise
from terranova.types import Floats


@jit
def two_bosons(
    i: int, j: int, s: float, cosine: float, m: Floats, theta: Floats, cubic: Floats, vector: Floats, matrix: Floats
) -> float:
    """phi_i phi_j -> V V.

    Args:
        theta (4, 5, 5), cubic (5, 5): couplings to W1, W2, Z, photon and to h; m (5,) masses.
        vector (2, 3, 4), matrix (4, 3, 2, 2, 2): scratch.
    """
    root, total = math.sqrt(s), 0.0
    p = momentum(s, m[i], m[j])
    energy = energy_of(s, m[i], m[j])
    sine = math.sqrt(1.0 - cosine * cosine)
    for a in range(4):
        for b in range(a, 4):
            ma, mb = MASS_V[a], MASS_V[b]
            if root <= ma + mb:
                continue
            k = momentum(s, ma, mb)
            ea, eb = energy_of(s, ma, mb), energy_of(s, mb, ma)
            t = m[i] * m[i] + ma * ma - 2.0 * (energy * ea - p * k * cosine)
            u = m[i] * m[i] + mb * mb - 2.0 * (energy * eb + p * k * cosine)
            contact = by_t = by_u = current = 0.0
            for n in range(5):
                first, last = theta[a, i, n] * theta[b, n, j], theta[b, i, n] * theta[a, n, j]
                contact -= first + last
                by_t -= 4.0 * first / (t - m[n] * m[n])
                by_u -= 4.0 * last / (u - m[n] * m[n])
            for c in range(4):
                current -= theta[c, i, j] * STRUCTURE[a, b, c] / (s - MASS_V[c] * MASS_V[c])
            if a == b:
                contact += cubic[i, j] * H_WW * ma * ma / (s - M_H * M_H)
            if contact * contact + by_t * by_t * s * s + by_u * by_u * s * s + current * current * s * s < 1e-30:
                continue
            na = polarise(ea, k, ma, sine, cosine, vector[0], matrix[0])
            nb = polarise(eb, k, mb, -sine, -cosine, vector[1], matrix[1])
            along = longitudinal_part(ma, mb) * root
            rate = 0.0
            for pa in range(na):
                for pb in range(nb):
                    va, vb = vector[0, pa], vector[1, pb]
                    amplitude = contact * dot(va, vb)
                    # p1 = (energy, p z), p2 = (root - energy, -p z)
                    amplitude += by_t * (energy * va[0] - p * va[3]) * ((root - energy) * vb[0] + p * vb[3])
                    amplitude += by_u * (energy * vb[0] - p * vb[3]) * ((root - energy) * va[0] + p * va[3])
                    tt, _, _, tz = gauge_vertex(va, vb, ea, eb, k, sine, cosine, along)
                    amplitude += current * ((2.0 * energy - root) * tt - 2.0 * p * tz)
                    rate += amplitude * amplitude
            total += rate * k / (4.0 * math.pi * root) * (0.5 if a == b else 1.0)
    return total


@jit
def with_higgs(
    i: int, j: int, s: float, cosine: float, m: Floats, theta: Floats, cubic: Floats, quartic: float,
    vector: Floats, matrix: Floats,
) -> float:  # fmt: skip
    """phi_i phi_j -> V h and h h; quartic is the fourth derivative of V by phi_i, phi_j and twice h."""
    root, total = math.sqrt(s), 0.0
    p = momentum(s, m[i], m[j])
    energy = energy_of(s, m[i], m[j])
    sine = math.sqrt(1.0 - cosine * cosine)
    for a in range(4):
        ma = MASS_V[a]
        if root <= ma + M_H:
            continue
        k = momentum(s, ma, M_H)
        ea, eh = energy_of(s, ma, M_H), energy_of(s, M_H, ma)
        t = m[i] * m[i] + ma * ma - 2.0 * (energy * ea - p * k * cosine)
        u = m[i] * m[i] + M_H * M_H - 2.0 * (energy * eh + p * k * cosine)
        by_t = by_u = 0.0
        for n in range(5):
            by_t += 2.0 * theta[a, i, n] * cubic[n, j] / (t - m[n] * m[n])
            by_u -= 2.0 * cubic[i, n] * theta[a, n, j] / (u - m[n] * m[n])
        current = theta[a, i, j] * H_WW * ma * ma / (s - ma * ma)
        if by_t == 0.0 and by_u == 0.0 and current == 0.0:
            continue
        na = polarise(ea, k, ma, sine, cosine, vector[0], matrix[0])
        rate = 0.0
        for pa in range(na):
            v = vector[0, pa]
            along = v[0] * (1.0 - s / (ma * ma)) if ma > 0.0 else v[0]
            amplitude = by_t * (energy * v[0] - p * v[3]) + by_u * ((root - energy) * v[0] + p * v[3])
            amplitude += current * ((2.0 * energy - root) * along - 2.0 * p * v[3])
            rate += amplitude * amplitude
        total += rate * k / (4.0 * math.pi * root)
    if root > 2.0 * M_H:
        k = momentum(s, M_H, M_H)
        amplitude = quartic + cubic[i, j] * TRIPLE_HIGGS / (s - M_H * M_H)
        for n in range(5):
            middle = m[i] * m[i] + M_H * M_H - energy * root - m[n] * m[n]
            split = 2.0 * p * k * cosine
            amplitude += cubic[i, n] * cubic[n, j] * (1.0 / (middle + split) + 1.0 / (middle - split))
        total += 0.5 * amplitude * amplitude * k / (4.0 * math.pi * root)
    return total


@jit
def quarks(
    i: int, j: int, s: float, m: Floats, theta: Floats, cubic: Floats, across: Floats, along: Floats, scalar: float
) -> float:
    """phi_i phi_j -> two quarks, or leptons too, averaged over the angle; see `massive_fermions.quarks`."""
    p = momentum(s, m[i], m[j])
    gap = (m[i] * m[i] - m[j] * m[j]) / math.sqrt(s)
    total: float = cubic[i, j] * cubic[i, j] * scalar / (s - M_H * M_H) ** 2
    for c in range(4):
        for d in range(4):
            both = theta[c, i, j] * theta[d, i, j]
            if both == 0.0:
                continue
            both *= s / ((s - MASS_V[c] * MASS_V[c]) * (s - MASS_V[d] * MASS_V[d]))
            total += across[c, d] * both * 4.0 * p * p
            if along[c, d] != 0.0:
                massive_c = 1.0 - s / (MASS_V[c] * MASS_V[c]) if MASS_V[c] > 0.0 else 1.0
                massive_d = 1.0 - s / (MASS_V[d] * MASS_V[d]) if MASS_V[d] > 0.0 else 1.0
                total += along[c, d] * both * gap * gap * massive_c * massive_d
    return total
