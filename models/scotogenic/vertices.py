"""Couplings of charged leptons to the new states, and the loops of all lepton-flavour observables.

-L = phi_n psibar (sL^nk P_L + sR^nk P_R) l_k + eta^+ chibar_a (tL^ak P_L + tR^ak P_R) l_k + h.c.
Everything is of leading order in lepton masses; Higgs penguins are neglected, and nothing is evolved below the
masses of the new states.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from terranova.models.physics import sm
from terranova.models.physics._jit import jit
from terranova.models.physics.dipole import dipole_functions
from terranova.models.physics.selfenergy import b1_mean, log_mean
from terranova.models.physics.zero_momentum import MEASURE_1, MEASURE_2
from terranova.models.scotogenic.neutrinos import LOOP
from terranova.models.scotogenic.spectrum import V
from terranova.types import Array, Floats

G_Z: Final = 2.0 * sm.M_Z / V
"""Coupling of the Z boson, g/cos(theta_W)."""

S2: Final = sm.SIN2_EFF
LEFT, RIGHT = 0, 1
PSI_CHARGE: Final = -0.5 + S2
ETA_CHARGE: Final = -0.5 + S2
LEPTON_CHARGE: Final = np.array([-0.5 + S2, S2])
"""T3 - Q s_W^2 of psi^-, eta^- and of a charged lepton, left and right."""


@jit
def lepton_couplings(x: Floats, G: Array, u: Array, mixing: Floats, s: Array, t: Array) -> None:
    """Fill s (2, 3, 3) and t (2, 4, 3): couplings [chirality, new state, lepton].

    Args:
        x: the point; entries 22-24 are g_R.
        G: (3, 3) rows g_Psi, g_F1, g_F2; u (4, 4) mixing of the fermions; mixing (2, 2) of the scalars.
    """
    half = 1.0 / math.sqrt(2.0)
    for k in range(3):
        g_r = x[22 + k]
        for n in range(2):
            s[LEFT, n, k] = G[0, k] * mixing[0, n]
            s[RIGHT, n, k] = g_r * mixing[1, n] * half
        s[LEFT, 2, k] = 0.0
        s[RIGHT, 2, k] = complex(0.0, g_r * half)
        for a in range(4):
            t[LEFT, a, k] = -(G[1, k] * u[0, a] + G[2, k] * u[1, a])
            t[RIGHT, a, k] = g_r * u[2, a].conjugate()


@jit
def photon(s: Array, t: Array, m_chi: Floats, m_psi: float, m2: Floats, D: Array, A1: Array, zslope: Array) -> None:
    """Dipoles and photon penguins.

    Args:
        s, t: couplings; m_chi (4,), m_psi: masses; m2 (4,) squared masses of phi1, phi2, A, eta^+.
        D: (2, 3, 3) filled: D_L, D_R of [final, initial] lepton, in GeV^-1.
        A1: (2, 3, 3) filled, GeV^-2.
        zslope: (2, 3, 3) filled: derivative of the Z vertex with respect to q^2 over -g/cos, with charges before
            mixing, GeV^-2.
    """
    for c in range(2):
        for j in range(3):
            for i in range(3):
                D[c, j, i] = A1[c, j, i] = zslope[c, j, i] = 0.0
    m_l = sm.M_LEPTON
    for n in range(7):
        charged = n >= 3  # loops of chi_a and eta^+, after those of psi and phi_n
        if charged:
            fermion, scalar2 = m_chi[n - 3], m2[3]
        else:
            fermion, scalar2 = m_psi, m2[n]
        s_ll, f_ll, s_lr, f_lr, g_s, g_f = dipole_functions(fermion * fermion / scalar2)
        inverse = 1.0 / scalar2
        if charged:
            same, flip, penguin = -s_ll * inverse, -fermion * s_lr * inverse, g_s * inverse
            z_l = ETA_CHARGE * g_s * inverse
            z_r = z_l + 0.5 * g_f * inverse
        else:
            same, flip, penguin = f_ll * inverse, fermion * f_lr * inverse, g_f * inverse
            z_l = PSI_CHARGE * g_f * inverse
            z_r = z_l + 0.5 * g_s * inverse
        for j in range(3):
            for i in range(3):
                if charged:
                    l_j, r_j, l_i, r_i = t[0, n - 3, j], t[1, n - 3, j], t[0, n - 3, i], t[1, n - 3, i]
                else:
                    l_j, r_j, l_i, r_i = s[0, n, j], s[1, n, j], s[0, n, i], s[1, n, i]
                l_j, r_j = l_j.conjugate(), r_j.conjugate()
                ll, rr = l_j * l_i, r_j * r_i
                D[RIGHT, j, i] += (m_l[i] * ll + m_l[j] * rr) * same + flip * (l_j * r_i)
                D[LEFT, j, i] += (m_l[i] * rr + m_l[j] * ll) * same + flip * (r_j * l_i)
                A1[LEFT, j, i] += LOOP * penguin * ll
                A1[RIGHT, j, i] += LOOP * penguin * rr
                zslope[LEFT, j, i] += LOOP * z_l * ll
                zslope[RIGHT, j, i] += LOOP * z_r * rr


@jit
def box_integrals(P: Floats, c0: Floats, i2: Floats, i0: Floats) -> None:
    """Integrals with chi_a, chi_b and eta^+: fill c0, i2, i0 (4, 4) = C0(a, b, eta), D2 and D0 (a, b, eta, eta).

    P holds the propagators of chi1..4, psi, phi1, phi2, A, eta^+ at the nodes.
    """
    for a in range(4):
        for b in range(a, 4):
            triangle = vector = scalar = 0.0
            for k in range(len(MEASURE_1)):
                pair = P[a, k] * P[b, k] * P[8, k]
                w1 = MEASURE_1[k] * pair
                triangle += w1
                scalar += w1 * P[8, k]
                vector += MEASURE_2[k] * pair * P[8, k]
            c0[a, b] = c0[b, a] = -triangle
            i2[a, b] = i2[b, a] = -vector
            i0[a, b] = i0[b, a] = scalar


@jit
def psi_integrals(P: Floats, c0: Floats, mixed: Floats, box: Floats) -> None:
    """Integrals with psi: fill c0 (3,) = C0(psi, psi, n) for n = phi1, phi2, A; and for n = phi1, phi2 mixed (2,)
    = C0(n, A, psi) and box (2,) = D2(psi, psi, n, A).
    """
    t0 = t1 = t2 = x1 = x2 = b1 = b2 = 0.0
    for k in range(len(MEASURE_1)):
        p, p1, p2, pa = P[4, k], P[5, k], P[6, k], P[7, k]
        w = MEASURE_1[k] * p
        v = MEASURE_2[k] * p * p * pa
        t0 += w * p * p1
        t1 += w * p * p2
        t2 += w * p * pa
        x1 += w * pa * p1
        x2 += w * pa * p2
        b1 += v * p1
        b2 += v * p2
    c0[0], c0[1], c0[2] = -t0, -t1, -t2
    mixed[0], mixed[1] = -x1, -x2
    box[0], box[1] = -b1, -b2


@jit
def eta_integrals(P: Floats, out: Floats) -> None:
    """Fill out (4,) = C0(eta, eta, chi_a)."""
    for a in range(4):
        total = 0.0
        for k in range(len(MEASURE_1)):
            total += MEASURE_1[k] * P[a, k] * P[8, k] * P[8, k]
        out[a] = -total


@jit
def z_vertex(
    s: Array,
    t: Array,
    u: Array,
    mixing: Floats,
    m_chi: Floats,
    m_psi: float,
    m2: Floats,
    c0_chi: Floats,
    c0_psi: Floats,
    c0_mixed: Floats,
    c0_eta: Floats,
    Z: Array,
) -> None:
    """Fill Z (2, 3, 3): the vertex Z_mu lbar_j gamma^mu Z_X P_X l_i at q^2 = 0, by the new states alone.

    The divergence cancels between triangles and self-energies; it is taken out with the scale m_psi, so that
    what is left of the logarithms is small. Zero in the limit of unbroken SU(2).
    """
    reference = m_psi * m_psi
    eta2 = m2[3]
    for c in range(2):
        for j in range(3):
            for i in range(3):
                Z[c, j, i] = 0.0
    # --- psi and neutral scalars
    for n in range(3):
        k2 = -log_mean(1.0, 1.0) + m2[n] * c0_psi[n]
        vertex = PSI_CHARGE * (-0.5 * k2 + 0.25 + reference * c0_psi[n])
        leg = -b1_mean(1.0, m2[n] / reference)
        for c in range(2):
            total = vertex + LEPTON_CHARGE[c] * leg
            for j in range(3):
                for i in range(3):
                    Z[c, j, i] += total * (s[c, n, j].conjugate() * s[c, n, i])
    for n in range(2):  # Z phi_n A; A couples to right-handed leptons only
        k2 = -log_mean(m2[n] / reference, m2[2] / reference) + reference * c0_mixed[n]
        vertex = complex(0.0, 0.5 * mixing[1, n]) * (-0.5 * k2 - 0.25)
        for j in range(3):
            for i in range(3):
                # emitted phi_n, absorbed A, and the reverse
                first = s[RIGHT, 2, j].conjugate() * s[RIGHT, n, i]
                second = s[RIGHT, n, j].conjugate() * s[RIGHT, 2, i]
                Z[RIGHT, j, i] += vertex * (first - second)
    # --- neutral fermions and eta^+
    for a in range(4):
        k2 = -log_mean(eta2 / reference, eta2 / reference) + m_chi[a] ** 2 * c0_eta[a]
        emitted = ETA_CHARGE * (-0.5 * k2 - 0.25)
        leg = -b1_mean(m_chi[a] ** 2 / reference, eta2 / reference)
        for c in range(2):
            total = emitted + LEPTON_CHARGE[c] * leg
            for j in range(3):
                for i in range(3):
                    Z[c, j, i] += total * (t[c, a, j].conjugate() * t[c, a, i])
        for b in range(4):
            k2 = -log_mean(m_chi[a] ** 2 / reference, m_chi[b] ** 2 / reference) + eta2 * c0_chi[a, b]
            kept, flipped = -0.5 * k2 + 0.25, m_chi[a] * m_chi[b] * c0_chi[a, b]
            # chi_a -> chi_b, Majorana: the right-handed charge is minus the conjugate of the left-handed one.
            g = 0.5 * (u[2, b].conjugate() * u[2, a] - u[3, b].conjugate() * u[3, a])
            left = flipped * g - kept * g.conjugate()
            right = kept * g - flipped * g.conjugate()
            for j in range(3):
                for i in range(3):
                    Z[LEFT, j, i] += left * (t[LEFT, b, j].conjugate() * t[LEFT, a, i])
                    Z[RIGHT, j, i] += right * (t[RIGHT, b, j].conjugate() * t[RIGHT, a, i])
    for c in range(2):
        for j in range(3):
            for i in range(3):
                Z[c, j, i] *= G_Z * LOOP


@jit
def box(
    c: int,
    i: int,
    j: int,
    k: int,
    ll: int,
    s: Array,
    t: Array,
    m_chi: Floats,
    mixing: Floats,
    i2: Floats,
    i0: Floats,
    psi_box: Floats,
) -> complex:
    """e^2 times the vector operator of l_i -> l_j l_k antilepton_ll with both currents of chirality c.

    LR and scalar boxes are left out: they go with g_L^2 g_R^2 and are swamped by the dipole.
    """
    direct = swapped = majorana = complex(0.0, 0.0)
    for a in range(4):
        for b in range(4):
            chain = t[c, a, i] * t[c, b, ll] * i2[a, b]
            tj_a, tk_a = t[c, a, j].conjugate(), t[c, a, k].conjugate()
            tj_b, tk_b = t[c, b, j].conjugate(), t[c, b, k].conjugate()
            direct += chain * tj_a * tk_b
            swapped += chain * tk_a * tj_b
            majorana += t[c, a, ll] * t[c, a, i] * tj_b * tk_b * (m_chi[a] * m_chi[b] * i0[a, b])
    if c == RIGHT:
        # psi and scalars: for left-handed leptons the two orderings cancel; here only (phi_n, A) survives, and
        # s[RIGHT, 2, k] = i g_R^k/sqrt(2).
        quarter = s[c, 2, i].imag * s[c, 2, j].imag * s[c, 2, k].imag * s[c, 2, ll].imag
        term = 4.0 * quarter * (mixing[1, 0] ** 2 * psi_box[0] + mixing[1, 1] ** 2 * psi_box[1])
        direct += term
        swapped += term
    if j == k:
        return LOOP * (0.25 * direct + 0.5 * majorana)
    return LOOP * (0.25 * (direct + swapped) + majorana)
