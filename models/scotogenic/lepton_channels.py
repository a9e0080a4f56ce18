"""Annihilation through the couplings phi chi l at any energy: into two leptons, and phi chi -> lepton V, lepton h.

Leptons are massless Weyl fields l = (nu_1..3, e_1..3, e^c_1..3), written as Majorana fermions. Conventions and
normalisation of `massive_fermions`. Helicities of all leptons flipped, couplings conjugated: the same rate; so only
half of them are computed.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from terranova.models.physics._jit import jit
from terranova.models.physics.loops import abs2
from terranova.models.scotogenic.broken_phase import MASS_V, energy_of, momentum, rotate
from terranova.models.scotogenic.electroweak import M_H
from terranova.models.scotogenic.helicity import element, polarise, slash
from terranova.models.scotogenic.relic_couplings import LEPTON
from terranova.types import Array, Floats


def _rotated() -> Array:
    out = LEPTON.copy()
    rotate(out)
    return out


BROKEN_LEPTON: Final = np.ascontiguousarray(_rotated())
"""LEPTON in the basis (W1, W2, Z, photon)."""


@jit
def from_fermions(
    A: int, B: int, s: float, cosine: float, m: Floats, m_s: Floats, theta: Array, Y: Array, spin: Floats,
    matrix: Floats,
) -> float:  # fmt: skip
    """chi_A chi_B -> l l and l lbar: odd scalars exchanged, and gauge bosons in the s channel.

    Args:
        m (6,), m_s (5,): masses; theta (4, 6, 6), Y (5, 6, 9): couplings to gauge bosons and to leptons.
    """
    root = math.sqrt(s)
    p = momentum(s, m[A], m[B])
    energy = energy_of(s, m[A], m[B])
    c, d = math.sqrt(0.5 * (1.0 + cosine)), math.sqrt(0.5 * (1.0 - cosine))
    # p goes along n, q along -n; u of p+ is (c, d), v_L of q+ is (-c, -d), v_R of q- is (-d, c),
    # u of q+ is (-d, c), u_L of q- is (-c, -d), v_L of p+ is (-d, c).
    slash(0.0, c * c - d * d, 1.0, -2.0 * c * d, matrix[2, 0])
    t = m[A] * m[A] - energy * root + p * root * cosine
    u = m[A] * m[A] - energy * root - p * root * cosine
    total = 0.0
    for lp in range(9):
        for lq in range(9):
            same_t = same_u = cross_t = cross_u = complex(0.0, 0.0)
            for i in range(5):
                over_t, over_u = 1.0 / (t - m_s[i] * m_s[i]), 1.0 / (u - m_s[i] * m_s[i])
                ap, aq, bp, bq = Y[i, A, lp], Y[i, A, lq], Y[i, B, lp], Y[i, B, lq]
                same_t += ap * bq * over_t
                same_u += aq * bp * over_u
                cross_t += ap * bq.conjugate() * over_t
                cross_u += aq.conjugate() * bp * over_u
            left = right = complex(0.0, 0.0)
            if lp % 3 == lq % 3:
                for v in range(4):
                    charge = BROKEN_LEPTON[v, lp // 3, lq // 3].conjugate() / (s - MASS_V[v] * MASS_V[v])
                    left += charge * theta[v, B, A]
                    right += charge * theta[v, B, A].conjugate()
            for r in range(2):
                for n in range(2):
                    ul, ur, vl, vr = spin[0, n], spin[1, n], spin[2, r], spin[3, r]
                    p_plus, q_plus = (c if n == 0 else d), (-d if n == 0 else c)
                    p_last, q_last = (-d if r == 0 else c), (-c if r == 0 else -d)
                    amplitude = same_u * (q_plus * ul * vr * p_last) - same_t * (p_plus * ul * vr * q_last)
                    total += s * abs2(amplitude)
                    q_minus, q_right = (-c if n == 0 else -d), (-d if r == 0 else c)
                    amplitude = cross_u * (q_minus * ur * vr * p_last) - cross_t * (p_plus * ul * vl * q_right)
                    amplitude += left * (vl * ul * matrix[2, 0, 1, r, n]) - right * (
                        vr * ur * matrix[2, 0, 0, r, n]
                    )
                    total += s * abs2(amplitude)
    return total / (8.0 * math.pi)


@jit
def from_scalars(
    i: int, j: int, s: float, cosine: float, m: Floats, m_f: Floats, theta: Floats, Y: Array, matrix: Floats
) -> float:
    """phi_i phi_j -> l l and l lbar: odd fermions exchanged, and gauge bosons in the s channel."""
    root = math.sqrt(s)
    p = momentum(s, m[i], m[j])
    energy = energy_of(s, m[i], m[j])
    c, d = math.sqrt(0.5 * (1.0 + cosine)), math.sqrt(0.5 * (1.0 - cosine))
    t = m[i] * m[i] - energy * root + p * root * cosine
    u = m[i] * m[i] - energy * root - p * root * cosine
    # ubar_p pslash v_q for p = p1 in the t and p2 in the u channel: k1 drops out; time and z of both are opposite.
    slash(energy, 0.0, 0.0, p, matrix[2, 0])
    slash(root - energy, 0.0, 0.0, -p, matrix[3, 0])
    chain_t = _between(matrix[2, 0, 0], c, d)
    chain_u = _between(matrix[3, 0, 0], c, d)
    total = 0.0
    for lp in range(9):
        for lq in range(9):
            same = cross = complex(0.0, 0.0)
            for a in range(6):
                over_t, over_u = 1.0 / (t - m_f[a] * m_f[a]), 1.0 / (u - m_f[a] * m_f[a])
                ip, iq, jp, jq = Y[i, a, lp], Y[i, a, lq], Y[j, a, lp], Y[j, a, lq]
                same += m_f[a] * (ip * jq * over_t + jp * iq * over_u)
                cross -= ip * jq.conjugate() * (over_t * chain_t) + jp * iq.conjugate() * (over_u * chain_u)
            if lp % 3 == lq % 3:
                for v in range(4):
                    charge = BROKEN_LEPTON[v, lp // 3, lq // 3].conjugate() * theta[v, i, j]
                    cross += complex(0.0, 1.0) * charge * ((chain_t - chain_u) / (s - MASS_V[v] * MASS_V[v]))
            total += s * (abs2(same) + abs2(cross))
    return total / (8.0 * math.pi)


@jit
def _between(matrix: Floats, c: float, d: float) -> float:
    """(c, d) matrix (-d, c)^T."""
    product: float = c * (-d * matrix[0, 0] + c * matrix[0, 1]) + d * (-d * matrix[1, 0] + c * matrix[1, 1])
    return product


@jit
def coannihilation(
    i: int, A: int, s: float, cosine: float, m_s: Floats, m_f: Floats, theta_s: Floats, theta: Array, cubic: Floats,
    Y_h: Array, Y: Array, vector: Floats, matrix: Floats,
) -> float:  # fmt: skip
    """phi_i (along +z) chi_A -> lepton V and lepton h: lepton, odd scalar and odd fermion exchanged.

    Args:
        theta_s (4, 5, 5), cubic (5, 5), theta (4, 6, 6), Y_h (6, 6): couplings of scalars and fermions to V and h.
    """
    root, total = math.sqrt(s), 0.0
    p = momentum(s, m_s[i], m_f[A])
    e1 = energy_of(s, m_s[i], m_f[A])
    e2 = root - e1
    sine = math.sqrt(1.0 - cosine * cosine)
    c, d = math.sqrt(0.5 * (1.0 + cosine)), math.sqrt(0.5 * (1.0 - cosine))
    for v in range(5):
        mass = MASS_V[v] if v < 4 else M_H
        if root <= mass:
            continue
        k = momentum(s, mass, 0.0)
        ev = root - k
        t = m_s[i] * m_s[i] + mass * mass - 2.0 * (e1 * ev - p * k * cosine)
        u = m_f[A] * m_f[A] + mass * mass - 2.0 * (e2 * ev + p * k * cosine)
        slash(e2 - ev, -k * sine, 0.0, -p - k * cosine, matrix[2, 0])
        n_pol = polarise(ev, k, mass, sine, cosine, vector[0], matrix[0]) if v < 4 else 1
        rate = 0.0
        for lp in range(9):
            by_s = by_t = u1 = u2 = complex(0.0, 0.0)
            for q in range(3):
                if v < 4:
                    charge = BROKEN_LEPTON[v, lp // 3, q].conjugate()
                    by_s -= charge * Y[i, A, 3 * q + lp % 3] / root
            for n in range(5):
                coupling = complex(0.0, -2.0 * theta_s[v, i, n]) if v < 4 else complex(-cubic[i, n], 0.0)
                by_t += coupling * Y[n, A, lp] / (t - m_s[n] * m_s[n])
            for b in range(6):
                over_u = 1.0 / (u - m_f[b] * m_f[b])
                if v < 4:
                    u1 += Y[i, b, lp] * theta[v, b, A] * over_u
                    u2 -= Y[i, b, lp] * theta[v, b, A].conjugate() * (m_f[b] * over_u)
                else:
                    u1 -= Y[i, b, lp] * Y_h[b, A].conjugate() * over_u
                    u2 -= Y[i, b, lp] * Y_h[b, A] * (m_f[b] * over_u)
            if abs2(by_s) + abs2(by_t) + abs2(u1) + abs2(u2) == 0.0:
                continue
            for pol in range(n_pol):
                e, q = matrix[0, pol], matrix[2, 0]
                along = e1 * vector[0, pol, 0] - p * vector[0, pol, 3]
                for n in range(2):
                    sign = 1.0 - 2.0 * n
                    ul = math.sqrt(max(e2 + sign * p, 0.0))
                    ur = math.sqrt(max(e2 - sign * p, 0.0))
                    direct = -d if n == 0 else c
                    if v < 4:
                        one = -d * e[0, 0, n] + c * e[0, 1, n]
                        two = -d * element(q[0], e[1], 0, n) + c * element(q[0], e[1], 1, n)
                        amplitude = by_s * (one * ul) + u1 * (two * ul) + u2 * (one * ur)
                        amplitude += by_t * (along * direct * ul)
                    else:
                        two = -d * q[0, 0, n] + c * q[0, 1, n]
                        amplitude = u1 * (two * ur) + (u2 + by_t) * (direct * ul)
                    rate += 2.0 * k * abs2(amplitude)
        total += 2.0 * rate * k / (4.0 * math.pi * root)
    return total
