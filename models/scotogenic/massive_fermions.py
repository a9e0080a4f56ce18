"""Annihilation of two odd fermions at any energy into massive bosons and quarks: exact at tree level.

chi_A goes along +z. Where both bosons are polarised along y, chains of the t and u channel get the square of the i
that `helicity` leaves out. Feynman rules of Majorana fermions: A. Denner et al., doi:10.1016/0550-3213(92)90169-C.
Gamma = gamma^mu (T P_L - T^* P_R) couples to V, Y P_L + Y^* P_R to h.

Every function returns the sum over spins of |M|^2 times the two-body phase space at one scattering angle, in GeV^0:
W = 4 E_A E_B sigma v is its average over the angle and the initial spins.
"""

from __future__ import annotations

import math

from terranova.models.physics._jit import jit
from terranova.models.physics.loops import abs2
from terranova.models.scotogenic.broken_phase import H_WW, MASS_V, STRUCTURE, TRIPLE_HIGGS, energy_of, momentum
from terranova.models.scotogenic.electroweak import M_H
from terranova.models.scotogenic.helicity import (
    dot,
    element,
    element3,
    gauge_vertex,
    longitudinal_part,
    polarise,
    slash,
)
from terranova.types import Array, Floats


@jit
def two_bosons(
    A: int, B: int, s: float, cosine: float, m: Floats, theta: Array, Y: Array, spin: Floats,
    vector: Floats, matrix: Floats, chains: Floats,
) -> float:  # fmt: skip
    """chi_A chi_B -> V V: exchange of all six, and a gauge boson or h in the s channel.

    Args:
        theta (4, 6, 6), Y (6, 6): couplings to W1, W2, Z, photon and to h; m (6,) masses.
        spin (4, 2): filled by `spinors`.
        vector (2, 3, 4), matrix (4, 3, 2, 2, 2), chains (36, 12): scratch.
    """
    root, total = math.sqrt(s), 0.0
    p = momentum(s, m[A], m[B])
    energy = energy_of(s, m[A], m[B])
    sine = math.sqrt(1.0 - cosine * cosine)
    done = -1.0
    na = nb = 0
    t = u = k = 0.0
    for a in range(4):
        for b in range(a, 4):
            used = 0.0
            for n in range(6):
                used += abs2(theta[b, B, n] * theta[a, n, A]) + abs2(theta[a, B, n] * theta[b, n, A])
            for c in range(4):
                used += abs2(theta[c, B, A] * STRUCTURE[a, b, c])
            if a == b:
                used += abs2(Y[B, A])
            ma, mb = MASS_V[a], MASS_V[b]
            if used < 1e-30 or root <= ma + mb:
                continue
            if 7.0 * ma + mb != done:
                done = 7.0 * ma + mb
                k = momentum(s, ma, mb)
                ea, eb = energy_of(s, ma, mb), energy_of(s, mb, ma)
                na = polarise(ea, k, ma, sine, cosine, vector[0], matrix[0])
                nb = polarise(eb, k, mb, -sine, -cosine, vector[1], matrix[1])
                slash(energy - ea, -k * sine, 0.0, p - k * cosine, matrix[2, 0])
                slash(energy - eb, k * sine, 0.0, p + k * cosine, matrix[3, 0])
                t = m[A] * m[A] + ma * ma - 2.0 * (energy * ea - p * k * cosine)
                u = m[A] * m[A] + mb * mb - 2.0 * (energy * eb + p * k * cosine)
                _boson_chains(na, nb, ma, mb, ea, eb, k, sine, cosine, root, spin, vector, matrix, chains)
            t3 = t2 = u3 = u2 = complex(0.0, 0.0)
            for n in range(6):
                over_t, over_u = 1.0 / (t - m[n] * m[n]), 1.0 / (u - m[n] * m[n])
                t3 += theta[b, B, n] * theta[a, n, A] * over_t
                t2 += theta[b, B, n].conjugate() * theta[a, n, A] * (m[n] * over_t)
                u3 += theta[a, B, n] * theta[b, n, A] * over_u
                u2 += theta[a, B, n].conjugate() * theta[b, n, A] * (m[n] * over_u)
            current = complex(0.0, 0.0)
            for c in range(4):
                current += theta[c, B, A] * (STRUCTURE[a, b, c] / (s - MASS_V[c] * MASS_V[c]))
            scalar = Y[B, A] * (H_WW * ma * ma / (s - M_H * M_H)) if a == b else complex(0.0, 0.0)
            rate = 0.0
            for j in range(4 * na * nb):
                x = chains[j]
                re = -t3.real * x[0] + t2.real * x[2] - u3.real * x[4] + u2.real * x[6]
                im = -t3.imag * x[1] + t2.imag * x[3] - u3.imag * x[5] + u2.imag * x[7]
                re += current.imag * x[8] + scalar.real * x[10]
                im += -current.real * x[9] + scalar.imag * x[11]
                rate += re * re + im * im
            total += rate * k / (4.0 * math.pi * root) * (0.5 if a == b else 1.0)
    return total


@jit
def _boson_chains(
    na: int, nb: int, ma: float, mb: float, ea: float, eb: float, k: float, sine: float, cosine: float,
    root: float, spin: Floats, vector: Floats, matrix: Floats, chains: Floats,
) -> None:  # fmt: skip
    """Fill chains (4 na nb, 12) for V V: sums and differences of the two chiralities in t, u, s channel and by
    h.
    """
    heavier = longitudinal_part(ma, mb)
    j = 0
    for pa in range(na):
        for pb in range(nb):
            a, b = matrix[0, pa], matrix[1, pb]
            both = -1.0 if pa == 1 and pb == 1 else 1.0
            product = dot(vector[0, pa], vector[1, pb])
            tt, tx, ty, tz = gauge_vertex(vector[0, pa], vector[1, pb], ea, eb, k, sine, cosine, heavier * root)
            slash(tt, tx, ty, tz, matrix[2, 1])
            for r in range(2):
                for n in range(2):
                    ul, ur, vl, vr = spin[0, n], spin[1, n], spin[2, r], spin[3, r]
                    x = chains[j]
                    for side in range(2):
                        first, last = (a, b) if side == 0 else (b, a)
                        q = matrix[2 + side, 0]
                        k1 = vr * ur * element3(last[0], q[1], first[0], r, n)
                        k3 = vl * ul * element3(last[1], q[0], first[1], r, n)
                        k2 = vr * ul * element(last[0], first[1], r, n)
                        k4 = vl * ur * element(last[1], first[0], r, n)
                        x[4 * side] = both * (k1 + k3)
                        x[4 * side + 1] = both * (k3 - k1)
                        x[4 * side + 2] = both * (k2 + k4)
                        x[4 * side + 3] = both * (k2 - k4)
                    left, right = vl * ul * matrix[2, 1, 1, r, n], vr * ur * matrix[2, 1, 0, r, n]
                    x[8], x[9] = left + right, left - right
                    one = product if r == n else 0.0
                    x[10], x[11] = one * (vr * ul + vl * ur), one * (vr * ul - vl * ur)
                    j += 1


@jit
def boson_and_higgs(
    A: int, B: int, s: float, cosine: float, m: Floats, theta: Array, Y: Array, spin: Floats,
    vector: Floats, matrix: Floats,
) -> float:  # fmt: skip
    """chi_A chi_B -> V h; arguments of `two_bosons`."""
    root, total = math.sqrt(s), 0.0
    p = momentum(s, m[A], m[B])
    energy = energy_of(s, m[A], m[B])
    sine = math.sqrt(1.0 - cosine * cosine)
    for a in range(4):
        ma = MASS_V[a]
        used = abs2(theta[a, B, A])
        for n in range(6):
            used += abs2(Y[B, n] * theta[a, n, A]) + abs2(theta[a, B, n] * Y[n, A])
        if used < 1e-30 or root <= ma + M_H:
            continue
        k = momentum(s, ma, M_H)
        ea, eh = energy_of(s, ma, M_H), energy_of(s, M_H, ma)
        na = polarise(ea, k, ma, sine, cosine, vector[0], matrix[0])
        slash(energy - ea, -k * sine, 0.0, p - k * cosine, matrix[2, 0])
        slash(energy - eh, k * sine, 0.0, p + k * cosine, matrix[3, 0])
        t = m[A] * m[A] + ma * ma - 2.0 * (energy * ea - p * k * cosine)
        u = m[A] * m[A] + M_H * M_H - 2.0 * (energy * eh + p * k * cosine)
        d1 = d2 = e1 = e2 = complex(0.0, 0.0)
        for n in range(6):
            over_t, over_u = 1.0 / (t - m[n] * m[n]), 1.0 / (u - m[n] * m[n])
            d1 += Y[B, n] * theta[a, n, A] * over_t
            d2 += Y[B, n] * theta[a, n, A].conjugate() * (m[n] * over_t)
            e1 += theta[a, B, n] * Y[n, A].conjugate() * over_u
            e2 += theta[a, B, n] * Y[n, A] * (m[n] * over_u)
        g = H_WW * ma * ma / (s - ma * ma)
        rate = 0.0
        for pa in range(na):
            v, e = vector[0, pa], matrix[0, pa]
            along = v[0] * (1.0 - s / (ma * ma)) if ma > 0.0 else v[0]
            slash(along, v[1], v[2], v[3], matrix[2, 1])
            for r in range(2):
                for n in range(2):
                    ul, ur, vl, vr = spin[0, n], spin[1, n], spin[2, r], spin[3, r]
                    q, q2, w = matrix[2, 0], matrix[3, 0], matrix[2, 1]
                    q1 = vr * ul * element(q[0], e[1], r, n)
                    q3 = vl * ur * element(q[1], e[0], r, n)
                    flip_r, flip_l = vr * ur * e[0, r, n], vl * ul * e[1, r, n]
                    p1 = vr * ul * element(e[0], q2[1], r, n)
                    p3 = vl * ur * element(e[1], q2[0], r, n)
                    left, right = vl * ul * w[1, r, n], vr * ur * w[0, r, n]
                    re = d1.real * (q1 - q3) - d2.real * (flip_r - flip_l)
                    im = d1.imag * (q1 + q3) - d2.imag * (flip_r + flip_l)
                    re += e1.real * (p3 - p1) + e2.real * (flip_l - flip_r)
                    im += e1.imag * (p3 + p1) + e2.imag * (flip_l + flip_r)
                    re += g * theta[a, B, A].real * (left - right)
                    im += g * theta[a, B, A].imag * (left + right)
                    rate += re * re + im * im
        total += rate * k / (4.0 * math.pi * root)
    return total


@jit
def two_higgs(A: int, B: int, s: float, cosine: float, m: Floats, Y: Array, spin: Floats, matrix: Floats) -> float:
    """chi_A chi_B -> h h; arguments of `two_bosons`."""
    root = math.sqrt(s)
    if root <= 2.0 * M_H:
        return 0.0
    p, k = momentum(s, m[A], m[B]), momentum(s, M_H, M_H)
    energy = energy_of(s, m[A], m[B])
    sine = math.sqrt(1.0 - cosine * cosine)
    slash(energy - 0.5 * root, -k * sine, 0.0, p - k * cosine, matrix[2, 0])
    slash(energy - 0.5 * root, k * sine, 0.0, p + k * cosine, matrix[3, 0])
    t = m[A] * m[A] + M_H * M_H - energy * root + 2.0 * p * k * cosine
    u = m[A] * m[A] + M_H * M_H - energy * root - 2.0 * p * k * cosine
    t1 = u1 = flip = complex(0.0, 0.0)
    for n in range(6):
        over_t, over_u = 1.0 / (t - m[n] * m[n]), 1.0 / (u - m[n] * m[n])
        t1 += Y[B, n] * Y[n, A].conjugate() * over_t
        u1 += Y[B, n] * Y[n, A].conjugate() * over_u
        flip += Y[B, n] * Y[n, A] * (m[n] * (over_t + over_u))
    flip += Y[B, A] * (TRIPLE_HIGGS / (s - M_H * M_H))
    rate = 0.0
    for r in range(2):
        for n in range(2):
            ul, ur, vl, vr = spin[0, n], spin[1, n], spin[2, r], spin[3, r]
            one = 1.0 if r == n else 0.0
            re = flip.real * one * (vr * ul + vl * ur)
            im = flip.imag * one * (vr * ul - vl * ur)
            for side in range(2):
                c = t1 if side == 0 else u1
                q = matrix[2 + side, 0]
                right, left = vr * ur * q[0, r, n], vl * ul * q[1, r, n]
                re += c.real * (right + left)
                im += c.imag * (right - left)
            rate += re * re + im * im
    return 0.5 * rate * k / (4.0 * math.pi * root)


@jit
def quarks(
    A: int, B: int, s: float, theta: Array, Y: Array, spin: Floats, across: Floats, along: Floats, scalar: float
) -> float:
    """chi_A chi_B -> two quarks, or leptons too, by gauge bosons and h in the s channel, averaged over the angle.

    Args:
        across, along (4, 4): of `broken_phase.fermion_tensor`; scalar: `broken_phase.higgs_to_quarks`.
    """
    total = 0.0
    width = abs2(Y[B, A])
    for c in range(4):
        width += abs2(theta[c, B, A])
    if width < 1e-30:
        return 0.0
    for r in range(2):
        for n in range(2):
            ll, rr = spin[2, r] * spin[0, n], spin[3, r] * spin[1, n]
            lr, rl = spin[2, r] * spin[1, n], spin[3, r] * spin[0, n]
            if r == n:
                flip = Y[B, A] * rl + Y[B, A].conjugate() * lr
                total += abs2(flip) * scalar / (s - M_H * M_H) ** 2
            for c in range(4):
                over_c = 1.0 / (s - MASS_V[c] * MASS_V[c])
                jc = theta[c, B, A]
                # |j_x|^2 + |j_y|^2 for different spins, |j_z|^2 and j_0 for equal ones.
                space_c = jc * ll + jc.conjugate() * rr
                time_c = jc * ll - jc.conjugate() * rr
                for d in range(4):
                    if across[c, d] == 0.0:
                        continue
                    over_d = 1.0 / (s - MASS_V[d] * MASS_V[d])
                    jd = theta[d, B, A]
                    space = (space_c * (jd * ll + jd.conjugate() * rr).conjugate()).real
                    total += across[c, d] * s * over_c * over_d * space * (1.0 if r == n else 2.0)
                    if r == n and along[c, d] != 0.0:
                        time = (time_c * (jd * ll - jd.conjugate() * rr).conjugate()).real
                        massive_c = 1.0 - s / (MASS_V[c] * MASS_V[c]) if MASS_V[c] > 0.0 else 1.0
                        massive_d = 1.0 - s / (MASS_V[d] * MASS_V[d]) if MASS_V[d] > 0.0 else 1.0
                        total += along[c, d] * s * over_c * over_d * time * massive_c * massive_d
    return total
