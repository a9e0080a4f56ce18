"""The compiled kernel: all observables of many points in one pass."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from terranova.models.physics import bsgamma, charged_loops, sm
from terranova.models.physics._jit import jit, jit_kernel, source_fingerprint
from terranova.models.physics.bsgamma_matching import N_TAYLOR
from terranova.models.thdm3 import (
    charged,
    cubic,
    electroweak,
    higgs,
    inclusive,
    mixing,
    photons,
    potential,
    scalars,
    theory,
)
from terranova.models.thdm3.channels import N_CHARGED, N_EVEN, N_ODD
from terranova.models.thdm3.higgs import Kappas, SignalRatios
from terranova.models.thdm3.observables import COLUMN, OBSERVABLES
from terranova.types import Floats

N_OBSERVABLES = len(OBSERVABLES)

LAMBDA = COLUMN["lambda1"]
KAPPA = COLUMN["kappa_W"]
BFB = COLUMN["bfb_x11"]
UNITARITY = COLUMN["uni_01"]
MASS_TERMS = COLUMN["m11sq"]
OBLIQUE = COLUMN["S"]
YUKAWA = COLUMN["y_t"]
CHARGED_YUKAWA = COLUMN["X1"]
H1_CHARGED = COLUMN["g_h1_H1H1"]
H1_RATIOS = COLUMN["R_gamgam"]
H1_BRANCHING = COLUMN["BR_h1_bb"]
H1_SIGNALS, H1_INCLUSIVE = COLUMN["R_ggF"], COLUMN["mu_gamgam"]
BSGAMMA, B_MIXING = COLUMN["BR_bsgamma"], COLUMN["dms_over_sm"]
BS_MUMU, R_B = COLUMN["bsmumu_over_sm"], COLUMN["R_b"]
KAPPA_LAMBDA = COLUMN["kappa_lambda"]
H2, A1, H1P = COLUMN["width_h2"], COLUMN["width_A1"], COLUMN["width_H1p"]

SM_CUBIC = 3.0 * sm.M_HIGGS**2 / sm.VEV


@jit
def read_masses(
    point: Floats,
    m_even: Floats,
    m_odd: Floats,
    m_charged: Floats,
    m2_even: Floats,
    m2_odd: Floats,
    m2_charged: Floats,
) -> None:
    """Masses and their squares from the parameters point (16,); entry 0 of m2_odd and m2_charged stays 0."""
    m_even[0] = sm.M_HIGGS
    m2_even[0] = sm.M_HIGGS**2
    for i in range(2):
        m_even[i + 1], m_odd[i], m_charged[i] = point[7 + i], point[9 + i], point[11 + i]
        m2_even[i + 1], m2_odd[i + 1], m2_charged[i + 1] = m_even[i + 1] ** 2, m_odd[i] ** 2, m_charged[i] ** 2


@jit
def gauge_couplings(
    B: Floats, R: Floats, P: Floats, U: Floats, k_v: Floats, C_wh: Floats, C_wa: Floats, C_za: Floats
) -> None:
    """Couplings of h_i to VV, and of two scalars to one vector, as overlaps of their doublet components."""
    for i in range(3):
        k_v[i] = mixing.overlap(R, i, B, 0)
        for j in range(2):
            C_za[i, j] = mixing.overlap(R, i, P, j + 1)
            C_wh[j, i] = mixing.overlap(U, j + 1, R, i)
    for a in range(2):
        for j in range(2):
            C_wa[a, j] = mixing.overlap(U, a + 1, P, j + 1)


@jit
def write_quartics(lam: potential.Quartics, row: Floats) -> None:
    """Columns lambda1 to lambda12."""
    row[LAMBDA], row[LAMBDA + 1], row[LAMBDA + 2], row[LAMBDA + 3] = lam.l1, lam.l2, lam.l3, lam.l4
    row[LAMBDA + 4], row[LAMBDA + 5], row[LAMBDA + 6], row[LAMBDA + 7] = lam.l5, lam.l6, lam.l7, lam.l8
    row[LAMBDA + 8], row[LAMBDA + 9], row[LAMBDA + 10], row[LAMBDA + 11] = lam.l9, lam.l10, lam.l11, lam.l12


@jit
def write_yukawas(k: Kappas, vhat: Floats, x_d: Floats, y_u: Floats, z_l: Floats, row: Floats) -> None:
    """Columns of the kappas of h1 and of the Yukawa couplings."""
    row[KAPPA], row[KAPPA + 1] = k.v, k.v
    row[KAPPA + 2], row[KAPPA + 3], row[KAPPA + 4] = k.u, k.d, k.e
    row[KAPPA + 5] = abs(k.d)
    to_yukawa = math.sqrt(2.0) / sm.VEV
    row[YUKAWA] = to_yukawa * sm.M_TOP / vhat[2]
    row[YUKAWA + 1] = to_yukawa * sm.M_BOTTOM_POLE / vhat[1]
    row[YUKAWA + 2] = to_yukawa * sm.M_TAU / vhat[0]
    for a in range(2):
        row[CHARGED_YUKAWA + 3 * a] = x_d[a]
        row[CHARGED_YUKAWA + 3 * a + 1] = y_u[a]
        row[CHARGED_YUKAWA + 3 * a + 2] = z_l[a]


@jit
def write_signals(r: SignalRatios, row: Floats) -> None:
    """Columns of the widths, branching ratios and signal strengths of h1."""
    row[H1_RATIOS], row[H1_RATIOS + 1], row[H1_RATIOS + 2] = r.gamgam, r.zgam, r.gg
    row[H1_RATIOS + 3], row[H1_RATIOS + 4] = r.width, sm.HIGGS_WIDTH * r.width
    inverse = 1.0 / r.width
    # Branching ratios over their SM values.
    gamgam, zgam, vv = r.gamgam * inverse, r.zgam * inverse, r.ww * inverse
    bb, tautau, cc, gg = r.bb * inverse, r.tautau * inverse, r.cc * inverse, r.gg * inverse
    b = H1_BRANCHING
    row[b], row[b + 1], row[b + 2] = higgs.BR_BB * bb, higgs.BR_TAUTAU * tautau, higgs.BR_MUMU * tautau
    row[b + 3], row[b + 4], row[b + 5] = higgs.BR_CC * cc, higgs.BR_SS * bb, higgs.BR_GG * gg
    row[b + 6], row[b + 7] = higgs.BR_GAMGAM * gamgam, higgs.BR_ZGAM * zgam
    row[b + 8], row[b + 9] = higgs.BR_WW * vv, higgs.BR_ZZ * vv
    # Production over the SM: gluon fusion, vector boson fusion and VH, ttH.
    ggf, vbf, tth = r.ggf, r.ww, r.cc
    s = H1_SIGNALS
    row[s] = ggf
    row[s + 1], row[s + 2], row[s + 3], row[s + 4] = ggf * gamgam, ggf * vv, ggf * vv, ggf * tautau
    row[s + 5], row[s + 6], row[s + 7] = vbf * bb, vbf * gamgam, vbf * vv
    row[s + 8], row[s + 9] = vbf * vv, vbf * tautau
    row[s + 10], row[s + 11], row[s + 12] = vbf * gamgam, vbf * vv, vbf * vv
    row[s + 13], row[s + 14] = vbf * tautau, vbf * bb
    row[s + 15], row[s + 16], row[s + 17] = tth * gamgam, tth * vv, tth * vv
    row[s + 18], row[s + 19] = tth * tautau, tth * bb
    row[s + 20] = ggf * zgam


def _make(fingerprint: str) -> Callable[[Floats, float, Floats], None]:
    """Build the loop over points; the fingerprint of the sources makes stale machine code impossible."""

    @jit_kernel
    def thdm3_kernel(x: Floats, bfb_factor: float, out: Floats) -> None:
        assert len(fingerprint) > 0  # read, so that it becomes part of the cache key
        B, R, P, U = np.empty((3, 3)), np.empty((3, 3)), np.empty((3, 3)), np.empty((3, 3))
        v = np.empty(3)
        m_even, m_odd, m_charged = np.empty(3), np.empty(2), np.empty(2)
        m2_even, m2_odd, m2_charged = np.empty(3), np.zeros(3), np.zeros(3)
        k_v = np.empty(3)
        C_wh, C_wa, C_za = np.empty((2, 3)), np.empty((2, 2)), np.empty((3, 2))
        x_d, y_u, z_l = np.empty(2), np.empty(2), np.empty(2)
        signed = np.empty(theory.N_UNITARITY)
        hhh, haa, hcc, acc = np.zeros((3, 3, 3)), np.empty((3, 3)), np.empty((3, 3)), np.empty(2)
        w = np.empty(N_TAYLOR)
        z_loops = np.empty((2, 3))
        vhat = B[0]
        for n in range(len(x)):
            row = out[n]
            # --- vacuum, rotations, masses
            mixing.vacuum_directions(x[n, 5], x[n, 6], B)
            mixing.vevs(B, v)
            mixing.cp_even_rotation(x[n, 0], x[n, 1], x[n, 2], R)
            mixing.goldstone_rotation(B, x[n, 3], P)
            mixing.goldstone_rotation(B, x[n, 4], U)
            read_masses(x[n], m_even, m_odd, m_charged, m2_even, m2_odd, m2_charged)
            soft = potential.SoftTerms(x[n, 13], x[n, 14], x[n, 15])
            # --- potential
            lam = potential.quartics_from_masses(v, R, m2_even, P, m2_odd, U, m2_charged, soft)
            write_quartics(lam, row)
            theory.boundedness(lam, bfb_factor, row[BFB : BFB + theory.N_BFB])
            theory.unitarity(lam, signed)
            for i in range(theory.N_UNITARITY):
                row[UNITARITY + 2 * i], row[UNITARITY + 2 * i + 1] = abs(signed[i]), signed[i]
            row[MASS_TERMS], row[MASS_TERMS + 1], row[MASS_TERMS + 2] = potential.minimum_conditions(v, lam, soft)
            cubic.cubic_couplings(v, lam, B, R, P, U, hhh, haa, hcc, acc)
            # --- gauge and Yukawa couplings
            gauge_couplings(B, R, P, U, k_v, C_wh, C_wa, C_za)
            for a in range(2):
                x_d[a], y_u[a], z_l[a] = U[a + 1, 1] / vhat[1], -U[a + 1, 2] / vhat[2], U[a + 1, 0] / vhat[0]
            kappa1 = higgs.even_kappas(R[0], vhat)
            write_yukawas(kappa1, vhat, x_d, y_u, z_l, row)
            # --- electroweak precision
            s, t, u = electroweak.oblique_parameters(m2_even, m2_odd[1:], m2_charged[1:], k_v, C_wh, C_wa, C_za)
            row[OBLIQUE], row[OBLIQUE + 1], row[OBLIQUE + 2] = s, t, u
            row[OBLIQUE + 3] = electroweak.chi2_s_t(s, t)
            # --- the 125 GeV state
            charged_gamgam, charged_zgam = higgs.charged_scalar_loops(m_charged, hcc[0])
            row[H1_CHARGED], row[H1_CHARGED + 1] = hcc[0, 0], hcc[0, 2]
            row[KAPPA_LAMBDA] = hhh[0, 0, 0] / SM_CUBIC
            ratios = higgs.signal_ratios(kappa1, charged_gamgam, charged_zgam)
            write_signals(ratios, row)
            inclusive.write_inclusive(ratios, H1_INCLUSIVE, row)
            # --- flavour
            row[BSGAMMA] = bsgamma.branching_ratio(m_charged, x_d, y_u, w)
            row[B_MIXING] = charged_loops.b_mixing(m_charged, y_u)
            row[BS_MUMU], row[R_B] = charged_loops.bs_mumu(m_charged, y_u), charged_loops.r_b(m_charged, y_u)
            # --- new scalars
            photons.z_functions(m_charged, z_loops)
            for i in range(1, 3):
                k, start = higgs.even_kappas(R[i], vhat), H2 + N_EVEN * (i - 1)
                scalars.even_scalar(
                    i,
                    m_even,
                    m_odd,
                    m_charged,
                    k,
                    hhh,
                    haa,
                    hcc,
                    C_za,
                    C_wh,
                    z_loops,
                    row[start : start + N_EVEN],
                )
            for j in range(2):
                c_u, c_d, c_l = -P[j + 1, 2] / vhat[2], P[j + 1, 1] / vhat[1], P[j + 1, 0] / vhat[0]
                start = A1 + N_ODD * j
                scalars.odd_scalar(
                    j,
                    m_even,
                    m_odd,
                    m_charged,
                    c_u,
                    c_d,
                    c_l,
                    haa,
                    acc,
                    C_za,
                    C_wa,
                    row[start : start + N_ODD],
                )
            for a in range(2):
                start = H1P + N_CHARGED * a
                charged.charged_scalar(
                    a,
                    m_even,
                    m_odd,
                    m_charged,
                    x_d[a],
                    y_u[a],
                    z_l[a],
                    hcc,
                    acc,
                    C_wh,
                    C_wa,
                    row[start : start + N_CHARGED],
                )

    return thdm3_kernel


@cache
def kernel() -> Callable[[Floats, float, Floats], None]:
    """The compiled kernel(x (n, 16), bfb_factor, out (n, N_OBSERVABLES))."""
    return _make(source_fingerprint(__name__))


def observables(x: Floats, bfb_factor: float) -> Floats:
    """All observables (n, N_OBSERVABLES) of points x (n, 16) in the declared orders.

    Every point is computed on its own: its numbers do not depend on the others in the batch.
    """
    out = np.empty((len(x), N_OBSERVABLES))
    kernel()(np.ascontiguousarray(x, dtype=np.float64), bfb_factor, out)
    return out
