"""The compiled kernel: all observables but the relic density, of many points in one pass."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from terranova.models.physics._jit import jit, jit_kernel, source_fingerprint
from terranova.models.physics.takagi import takagi
from terranova.models.physics.zero_momentum import NODES, fill_propagators
from terranova.models.scotogenic import direct, electroweak, flavour, neutrinos, spectrum, vertices
from terranova.models.scotogenic.observables import COLUMN, N_KERNEL
from terranova.models.scotogenic.parameters import N_BASE, VARIANTS
from terranova.types import Array, Floats

CI37, CI37C, FULL43 = range(len(VARIANTS))
M_NU1: Final = 1e-3
"""Lightest neutrino mass in eV where it is not a parameter (ci37c)."""

LFV = COLUMN["BR_mu_egamma"]
MOMENTS = COLUMN["da_e"]
THEORY = COLUMN["bfb"]
DARK = COLUMN["m_dm"]
MASSES = COLUMN["max_quartic"]
COUPLINGS = N_KERNEL - 18
DECAYS: Final = ((1, 0, 0, 0), (2, 0, 0, 0), (2, 1, 1, 1), (2, 0, 1, 1), (2, 1, 0, 0), (2, 1, 1, 0), (2, 0, 0, 1))
"""l_i -> l_j l_k antilepton_l of BR_mu_3e ... BR_tau_mubar_ee."""


@jit
def solve_couplings(
    variant: int, x: Floats, ml: Array, m3: Array, vectors: Array, values: Floats, root: Array, R: Array, U: Array,
    z: Array, G: Array,
) -> None:  # fmt: skip
    """Fill G (3, 3) from the parameters: as given (full43) or from the neutrino data (Casas-Ibarra)."""
    if variant == FULL43:
        for i in range(3):
            for k in range(3):
                G[i, k] = complex(x[N_BASE + 6 * i + 2 * k], x[N_BASE + 1 + 6 * i + 2 * k])
        return
    if variant == CI37:
        for k in range(3):
            z[k] = complex(x[25 + k], 0.0)
        m_1, o, alpha21, alpha31 = x[28], 29, x[35], x[36]
    else:
        for k in range(3):
            z[k] = complex(x[25 + 2 * k], x[26 + 2 * k])
        m_1, o, alpha21, alpha31 = M_NU1, 31, 0.0, 0.0
    neutrinos.inverse_root(ml, m3, vectors, values, root)
    neutrinos.rotation(z, R)
    neutrinos.pmns(x[o + 2], x[o + 3], x[o + 4], math.radians(x[o + 5]), alpha21, alpha31, U)
    values[0] = m_1 * neutrinos.EV
    values[1] = math.sqrt(m_1 * m_1 + x[o]) * neutrinos.EV
    values[2] = math.sqrt(m_1 * m_1 + x[o + 1]) * neutrinos.EV
    neutrinos.casas_ibarra(root, R, values, U, G)


@jit
def write_masses(
    b: spectrum.Base, x: Floats, G: Array, lowest: float, m2: Floats, m_chi: Floats, row: Floats
) -> None:
    """Largest couplings, masses and the tachyon flag."""
    quartic = max(max(abs(b.lam_h), abs(b.lam_4s)), max(abs(b.lam_4eta), abs(b.lam_s)))
    quartic = max(quartic, max(abs(b.lam_s_eta), abs(b.lam_eta)))
    row[MASSES] = max(quartic, max(abs(b.lam_eta_p), abs(b.lam_eta_pp)))
    yukawa = 0.0
    for k in range(4):
        yukawa = max(yukawa, math.hypot(x[14 + 2 * k], x[15 + 2 * k]))
    for k in range(3):
        yukawa = max(yukawa, abs(x[22 + k]))
        for i in range(3):
            yukawa = max(yukawa, abs(G[i, k]))
    row[MASSES + 1] = yukawa
    for k in range(4):
        row[MASSES + 2 + k] = math.sqrt(m2[k])
        row[MASSES + 6 + k] = m_chi[k]
    row[MASSES + 10] = b.m_psi
    row[MASSES + 11] = 1.0 if lowest <= 0.0 else 0.0
    row[MASSES + 12] = lowest


@jit
def write_theory(
    b: spectrum.Base, x: Floats, u: Array, m_chi: Floats, m2: Floats, mixing: Floats, row: Floats
) -> None:
    """Boundedness, unitarity, oblique parameters, Higgs boson."""
    row[THEORY], row[THEORY + 1] = electroweak.boundedness(b), electroweak.unitarity(b)
    s, t, uu = electroweak.scalar_oblique(m2, mixing)
    s_f, t_f, u_f = electroweak.fermion_oblique(u, m_chi, b.m_psi)
    s, t, uu = s + s_f, t + t_f, uu + u_f
    row[THEORY + 2], row[THEORY + 3], row[THEORY + 4] = s, t, uu
    row[THEORY + 5] = electroweak.chi2_oblique(s, t, uu)
    row[THEORY + 6] = math.sqrt(2.0 * b.lam_h) * spectrum.V
    row[THEORY + 7] = electroweak.gamma_gamma(b.lam_eta, m2[3])
    row[THEORY + 8] = electroweak.invisible(b, x, u, m_chi, m2, mixing)


@jit
def write_dark_matter(
    b: spectrum.Base, x: Floats, u: Array, m_chi: Floats, m2: Floats, mixing: Floats, row: Floats
) -> float:
    """The candidate and its direct detection; returns the flag Omega_reliable."""
    c = direct.candidate(u, m_chi, b.m_psi, m2, mixing)
    sigma = direct.nucleon_cross_section(b, x, u, mixing, c.kind, c.mass)
    limit = direct.lz_limit(c.mass)
    row[DARK], row[DARK + 1] = c.mass, c.kind
    row[DARK + 2], row[DARK + 3] = 1.0 if c.excess <= 0.0 else 0.0, c.excess
    row[DARK + 4], row[DARK + 5], row[DARK + 6] = sigma, limit, sigma / limit
    row[DARK + 7], row[DARK + 8], row[DARK + 9] = c.split, c.z2, c.gap
    return 1.0 if 400.0 < c.mass < 5000.0 and (c.kind < 2 or c.doublet > 0.05) else 0.0


def _make(fingerprint: str) -> Callable[[Floats, int, Floats], None]:
    """Build the loop over points; the fingerprint of the sources makes stale machine code impossible."""

    @jit_kernel
    def scotogenic_kernel(points: Floats, variant: int, out: Floats) -> None:
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
        m_nu = np.empty((3, 3), np.complex128)
        s, t = np.empty((2, 3, 3), np.complex128), np.empty((2, 4, 3), np.complex128)
        D, A1 = np.empty((2, 3, 3), np.complex128), np.empty((2, 3, 3), np.complex128)
        Z, slope = np.empty((2, 3, 3), np.complex128), np.empty((2, 3, 3), np.complex128)
        P = np.empty((9, len(NODES)))
        c0, i2, i0 = np.empty((4, 4)), np.empty((4, 4)), np.empty((4, 4))
        c0_psi, c0_mixed, psi_box, c0_eta = np.empty(3), np.empty(2), np.empty(2), np.empty(4)
        for n in range(len(points)):
            x, row = points[n], out[n]
            b = spectrum.read_base(x)
            # --- masses and loop integrals
            lowest = spectrum.scalar_masses(b, m2, mixing)
            spectrum.fermion_masses(x, b, m4, u, m_chi)
            for k in range(4):
                all2[k], all2[5 + k] = m_chi[k] ** 2, m2[k]
            all2[4] = b.m_psi**2
            fill_propagators(all2, P)
            # --- neutrinos
            neutrinos.loop_matrix(u, m_chi, b.m_psi, m2, mixing, P, ml)
            solve_couplings(variant, x, ml, m3, vectors, values, root, R, U, z, G)
            neutrinos.mass_matrix(G, ml, m_nu)
            neutrinos.oscillations(m_nu, m3, U, values, row[0:11])
            # --- flavour
            vertices.lepton_couplings(x, G, u, mixing, s, t)
            vertices.photon(s, t, m_chi, b.m_psi, m2, D, A1, slope)
            vertices.box_integrals(P, c0, i2, i0)
            vertices.psi_integrals(P, c0_psi, c0_mixed, psi_box)
            vertices.eta_integrals(P, c0_eta)
            vertices.z_vertex(s, t, u, mixing, m_chi, b.m_psi, m2, c0, c0_psi, c0_mixed, c0_eta, Z)
            row[LFV], row[LFV + 1] = flavour.to_photon(1, 0, D), flavour.to_photon(2, 0, D)
            row[LFV + 2] = flavour.to_photon(2, 1, D)
            for k in range(7):
                i, j, l1, l2 = DECAYS[k]
                row[LFV + 3 + k] = flavour.to_three_leptons(
                    i, j, l1, l2, D, A1, Z, s, t, m_chi, mixing, i2, i0, psi_box
                )
            for j in range(2):
                for k in range(3):
                    row[LFV + 10 + 3 * j + k] = flavour.to_meson(j, k, Z)
            for k in range(4):
                row[LFV + 16 + k] = flavour.conversion(k, D, A1, Z)
            row[LFV + 20] = flavour.z_decay(1, 0, Z, slope)
            row[LFV + 21] = flavour.z_decay(2, 0, Z, slope)
            row[LFV + 22] = flavour.z_decay(2, 1, Z, slope)
            for k in range(3):
                row[MOMENTS + 2 * k] = flavour.magnetic_moment(k, D)
                row[MOMENTS + 2 * k + 1] = flavour.electric_moment(k, D)
            # --- the rest
            write_theory(b, x, u, m_chi, m2, mixing, row)
            reliable = write_dark_matter(b, x, u, m_chi, m2, mixing, row)
            write_masses(b, x, G, lowest, m2, m_chi, row)
            takagi(ml, vectors, values)
            row[MASSES + 13], row[MASSES + 14], row[MASSES + 15] = values[2], values[1], values[0]
            row[MASSES + 16] = reliable
            for i in range(3):
                for k in range(3):
                    row[COUPLINGS + 6 * i + 2 * k] = G[i, k].real
                    row[COUPLINGS + 6 * i + 2 * k + 1] = G[i, k].imag

    return scotogenic_kernel


@cache
def kernel() -> Callable[[Floats, int, Floats], None]:
    """The compiled kernel(x (n, d), variant, out (n, N_KERNEL))."""
    here = Path(__file__).parent
    return _make(source_fingerprint([here, here.parent / "physics"]))


def observables(x: Floats, variant: int) -> Floats:
    """All observables of stage 0 (n, N_KERNEL) of points x (n, d) of a variant, an index of `VARIANTS`."""
    out = np.empty((len(x), N_KERNEL))
    kernel()(np.ascontiguousarray(x, dtype=np.float64), variant, out)
    return out
