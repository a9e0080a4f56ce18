"""Annihilation of two odd particles at threshold: sigma v in GeV^-2, averaged over spins.

Exact tree-level s-wave into massless final states of the unbroken phase, for all pairs of scalars and all pairs of
fermions. At rest a Majorana pair has four bilinears only: with rest spinors xi and eta, vbar gamma5 u and
vbar gamma^0 gamma5 u make the spin singlet eta^dagger xi, vbar gamma^i u and vbar sigma^0i u the triplet
eta^dagger sigma^i xi. Final states back to back along n have energy E = (m_A + m_B)/2 each; exchanged momenta
have t = u = -m_A m_B and energy q0 = (m_A - m_B)/2. With S and T the amplitudes over 2 sqrt(m_A m_B),
sigma v = sum(|S|^2 + |T|^2)/16 pi. Derived here; checked against the known rates of pure multiplets.
"""

from __future__ import annotations

import math

from terranova.models.physics._jit import jit
from terranova.models.physics.loops import abs2, over
from terranova.models.scotogenic.relic_couplings import HIGGS, LEPTON, LEPTON_TRACE, SM_TRACE
from terranova.types import Array, Floats


@jit
def scalar_pair(
    i: int, j: int, m_s: Floats, m_f: Floats, theta: Floats, quartic: Floats, cubic: Floats, Y: Array
) -> float:
    """phi_i phi_j -> VV, HH, and leptons by exchange of a fermion with a chirality flip.

    Args:
        m_s (5,), m_f (6,): masses.
        theta (4, 5, 5), quartic (5, 5, 4, 4), cubic (5, 5, 4), Y (5, 6, 9): couplings.
    """
    product = m_s[i] * m_s[j]
    gauge = 0.0
    for a in range(4):
        for b in range(a, 4):
            seagull = 0.0
            for k in range(5):
                seagull += theta[a, i, k] * theta[b, k, j] + theta[b, i, k] * theta[a, k, j]
            gauge += seagull * seagull * (1.0 if a == b else 2.0)
    higgs = 0.0
    for a in range(4):
        for b in range(a, 4):
            amplitude = -quartic[i, j, a, b]
            for k in range(5):
                exchange = cubic[i, k, a] * cubic[j, k, b] + cubic[i, k, b] * cubic[j, k, a]
                amplitude += exchange / (m_s[k] * m_s[k] + product)
            higgs += amplitude * amplitude * (1.0 if a == b else 2.0)
    leptons = 0.0
    for p in range(9):
        for q in range(p, 9):
            amplitude_l = complex(0.0, 0.0)
            for a in range(6):
                flip = m_f[a] / (product + m_f[a] * m_f[a])
                amplitude_l += flip * (Y[i, a, p] * Y[j, a, q] + Y[j, a, p] * Y[i, a, q])
            leptons += abs2(amplitude_l) * (1.0 if p == q else 2.0)
    total = gauge + 0.5 * higgs + (m_s[i] + m_s[j]) ** 2 * leptons
    rate: float = total / (32.0 * math.pi * product)
    return rate


@jit
def gauge_final(A: int, B: int, m: Floats, theta: Array) -> float:
    """chi_A chi_B -> V V: fermion exchange and, for the triplet, a gauge boson in the s channel."""
    energy, q0 = 0.5 * (m[A] + m[B]), 0.5 * (m[A] - m[B])
    product = m[A] * m[B]
    total = 0.0
    for a in range(4):
        for b in range(a, 4):
            re_sum = im_sum = n_sum = im_difference = n_difference = re_difference = 0.0
            for c in range(6):
                inverse = 1.0 / (product + m[c] * m[c])
                first = theta[b, B, c] * theta[a, c, A]
                second = theta[a, B, c] * theta[b, c, A]
                flip_first = theta[b, B, c].conjugate() * theta[a, c, A]
                flip_second = theta[a, B, c].conjugate() * theta[b, c, A]
                re_sum += (first.real + second.real) * inverse
                im_sum += (first.imag + second.imag) * inverse
                im_difference += (first.imag - second.imag) * inverse
                n_sum -= m[c] * (flip_first.imag + flip_second.imag) * inverse
                n_difference -= m[c] * (flip_first.imag - flip_second.imag) * inverse
                re_difference += (first.real - second.real) * (energy * inverse - 0.5 / energy)
            singlet = (q0 * im_sum + n_sum) ** 2 + (energy * re_sum) ** 2
            triplet = (q0 * im_difference + n_difference) ** 2 + re_difference**2
            total += (singlet + triplet) * (1.0 if a == b else 2.0)
    rate: float = total / (16.0 * math.pi)
    return rate


@jit
def higgs_final(A: int, B: int, m: Floats, theta: Array, Y: Array) -> float:
    """chi_A chi_B -> H H: fermion exchange and, for the triplet, a gauge boson in the s channel."""
    energy, q0 = 0.5 * (m[A] + m[B]), 0.5 * (m[A] - m[B])
    product = m[A] * m[B]
    total = 0.0
    for c in range(4):
        for d in range(c, 4):
            singlet = re_difference = 0.0
            for k in range(6):
                inverse = 1.0 / (product + m[k] * m[k])
                first = Y[d, B, k].conjugate() * Y[c, k, A]
                second = Y[c, B, k].conjugate() * Y[d, k, A]
                flip = Y[d, B, k] * Y[c, k, A] + Y[c, B, k] * Y[d, k, A]
                singlet += (q0 * (first.imag + second.imag) - m[k] * flip.imag) * inverse
                re_difference += (first.real - second.real) * inverse
            triplet = -energy * re_difference
            for a in range(4):
                triplet -= HIGGS[a, c, d] * theta[a, B, A].imag * (0.5 / energy)
            # |n . sigma|^2 of the triplet, averaged over n, has the weight of the singlet.
            total += (singlet * singlet + triplet * triplet) * (1.0 if c == d else 2.0)
    rate: float = total / (32.0 * math.pi)
    return rate


@jit
def mixed_final(A: int, B: int, m: Floats, theta: Array, Y: Array) -> float:
    """chi_A chi_B -> V H by fermion exchange; only the triplet, and no s channel for a transverse V."""
    energy, q0 = 0.5 * (m[A] + m[B]), 0.5 * (m[A] - m[B])
    product = m[A] * m[B]
    total = 0.0
    for a in range(4):
        for c in range(4):
            along = across = 0.0
            for k in range(6):
                inverse = 1.0 / (product + m[k] * m[k])
                y_first, t_first = Y[c, B, k], theta[a, k, A]
                t_last, y_last = theta[a, B, k], Y[c, k, A]
                first = y_first * t_first
                first_flip = y_first.conjugate() * t_first
                last = t_last * y_last.conjugate()
                last_flip = t_last * y_last
                along += (q0 * (last.imag - first.imag) + m[k] * (first_flip.imag + last_flip.imag)) * inverse
                across += (last.real - first.real) * inverse
            total += along * along + (energy * across) ** 2
    rate: float = total / (8.0 * math.pi)
    return rate


@jit
def fermion_final(A: int, B: int, m: Floats, m_s: Floats, theta: Array, Y: Array) -> float:
    """chi_A chi_B -> SM fermions: a gauge boson in the s channel, and for leptons an odd scalar exchanged.

    The relative sign of the two follows from the order of the fermion fields (Dreiner, Haber, Martin,
    arXiv:0812.1594, section 4).
    """
    energy = 0.5 * (m[A] + m[B])
    product = m[A] * m[B]
    inverse_e2 = 1.0 / (energy * energy)
    rest = 0.0
    for a in range(4):
        rest += (SM_TRACE[a] - LEPTON_TRACE[a]) * theta[a, B, A].imag ** 2
    rest *= inverse_e2 * inverse_e2
    opposite = 0.0
    for p in range(9):
        for q in range(9):
            exchange = complex(0.0, 0.0)
            for i in range(5):
                inverse = 1.0 / (product + m_s[i] * m_s[i])
                first = Y[i, A, p].conjugate() * Y[i, B, q]
                exchange += (first - Y[i, B, p].conjugate() * Y[i, A, q]) * inverse
            if p % 3 == q % 3:
                for a in range(4):
                    current = LEPTON[a, p // 3, q // 3] * theta[a, B, A].imag * inverse_e2
                    exchange -= complex(0.0, 1.0) * current
            opposite += abs2(exchange)
    rate: float = energy * energy / (32.0 * math.pi) * (rest + opposite)
    return rate


@jit
def lepton_pairs(A: int, B: int, m: Floats, m_s: Floats, Y: Array) -> float:
    """chi_A chi_B -> two leptons of one helicity, by exchange of odd scalars: lepton and antilepton with a flip of
    chirality (g_F g_R), or two neutrinos.
    """
    energy = 0.5 * (m[A] + m[B])
    product = m[A] * m[B]
    total = 0.0
    for p in range(9):
        for q in range(9):
            pair = complex(0.0, 0.0)
            for i in range(5):
                pair += over(Y[i, A, p] * Y[i, B, q], product + m_s[i] * m_s[i])
            total += abs2(pair)
    rate: float = energy * energy / (16.0 * math.pi) * total
    return rate
