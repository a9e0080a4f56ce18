"""Neutrino masses at one loop, the Casas-Ibarra parametrisation, and what oscillations see.

M_nu = G^T M_L G with G = (g_Psi; g_F1; g_F2), rows by loop vertex and columns by flavour, and -L = nu^T M_nu nu/2.
M_L is exact at zero external momentum. Structure: Ma, hep-ph/0601225; T1-2-A: Restrepo, Zapata, Yaguna,
arXiv:1308.3655. Casas, Ibarra: hep-ph/0103065.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from terranova.models.physics._jit import jit, jit_lean_kernel, source_fingerprint
from terranova.models.physics.loops import abs2, over
from terranova.models.physics.takagi import diagonalise
from terranova.models.physics.zero_momentum import MEASURE_1, NODES, fill_propagators
from terranova.models.scotogenic.parameters import N_BASE, VARIANTS
from terranova.models.scotogenic.spectrum import Spectrum, collect_masses
from terranova.types import Array, Floats

LOOP: Final = 1.0 / (16.0 * math.pi**2)
EV: Final = 1e-9
"""GeV in an eV."""

M_NU1: Final = 1e-3
"""Lightest neutrino mass in eV where it is not a parameter (ci37c)."""

CI37, CI37C, FULL43 = range(len(VARIANTS))

BRANCH: Final = 64.0
"""The Dirac phase is given in [BRANCH, BRANCH + 360) degrees, so that the allowed range is one interval."""


@jit
def loop_matrix(u: Array, m_chi: Floats, m_psi: float, m2: Floats, mixing: Floats, P: Floats, ml: Array) -> None:
    """Fill ml (3, 3), GeV: the loop M_L in the basis (Psi, F1, F2).

    The mass insertions m_a B0 are written with second divided differences D2 of x ln x,
    D2(a, b, c) = int ds s / ((s + a)(s + b)(s + c)): divergence and constants cancel exactly, and so does the
    leading term for small mass splittings, which B0 would lose to rounding.

    Args:
        u: (4, 4) mixing of the fermions, m_chi (4,) their masses; m_psi that of the charged one.
        m2: (4,) squared masses of phi1, phi2, A, eta^+; mixing (2, 2) of (S, eta_R).
        P: propagators of chi1..4, psi, phi1, phi2, A, eta^+ at the nodes.
        ml: filled.
    """
    for i in range(3):
        for j in range(3):
            ml[i, j] = 0.0
    split_1, split_2 = m2[0] - m2[2], m2[1] - m2[2]
    for a in range(4):
        s_1a = s_2a = s_12 = s_1r = s_2r = 0.0
        for k in range(len(MEASURE_1)):
            w = MEASURE_1[k] * P[a, k]
            w1, w2 = w * P[5, k], w * P[6, k]
            s_1a += w1 * P[7, k]
            s_2a += w2 * P[7, k]
            s_12 += w1 * P[6, k]
            s_1r += w1 * P[4, k]
            s_2r += w2 * P[4, k]
        m = m_chi[a] * LOOP
        ff = 0.5 * m * (mixing[1, 0] ** 2 * split_1 * s_1a + mixing[1, 1] ** 2 * split_2 * s_2a)
        mixed = m / math.sqrt(2.0) * mixing[0, 0] * mixing[1, 0] * (m2[0] - m2[1]) * s_12
        # Sum_a U_4a^2 m_a = 0 lets any mass stand as reference: m_psi.
        psi = m * (mixing[0, 0] ** 2 * s_1r + mixing[0, 1] ** 2 * s_2r)
        u4 = u[3, a]
        for i in range(2):
            ml[0, i + 1] += u4 * u[i, a] * mixed
            for j in range(i, 2):
                ml[i + 1, j + 1] += u[i, a] * u[j, a] * ff
        ml[0, 0] += u4 * u4 * psi * (m_chi[a] - m_psi) * (m_chi[a] + m_psi)
    ml[1, 0], ml[2, 0], ml[2, 1] = ml[0, 1], ml[0, 2], ml[1, 2]


@jit
def pmns(s12: float, s13: float, s23: float, delta: float, alpha21: float, alpha31: float, U: Array) -> None:
    """Fill U (3, 3), PDG parametrisation; sines squared, angles in rad."""
    a12, a13, a23 = math.sqrt(s12), math.sqrt(s13), math.sqrt(s23)
    c12, c13, c23 = math.sqrt(1.0 - s12), math.sqrt(1.0 - s13), math.sqrt(1.0 - s23)
    e = complex(math.cos(delta), math.sin(delta))
    U[0, 0], U[0, 1], U[0, 2] = c12 * c13, a12 * c13, a13 * e.conjugate()
    U[1, 0], U[1, 1], U[1, 2] = -a12 * c23 - c12 * a23 * a13 * e, c12 * c23 - a12 * a23 * a13 * e, a23 * c13
    U[2, 0], U[2, 1], U[2, 2] = a12 * a23 - c12 * c23 * a13 * e, -c12 * a23 - a12 * c23 * a13 * e, c23 * c13
    p2 = complex(math.cos(0.5 * alpha21), math.sin(0.5 * alpha21))
    p3 = complex(math.cos(0.5 * alpha31), math.sin(0.5 * alpha31))
    for k in range(3):
        U[k, 1] *= p2
        U[k, 2] *= p3


@jit
def rotation(z: Array, R: Array) -> None:
    """Fill R (3, 3) = R23(z1) R13(z2) R12(z3), complex orthogonal."""
    c1, c2, c3 = _cos(z[0]), _cos(z[1]), _cos(z[2])
    s1, s2, s3 = _sin(z[0]), _sin(z[1]), _sin(z[2])
    R[0, 0], R[0, 1], R[0, 2] = c2 * c3, c2 * s3, s2
    R[1, 0], R[1, 1], R[1, 2] = -c1 * s3 - s1 * s2 * c3, c1 * c3 - s1 * s2 * s3, s1 * c2
    R[2, 0], R[2, 1], R[2, 2] = s1 * s3 - c1 * s2 * c3, -s1 * c3 - c1 * s2 * s3, c1 * c2


@jit
def _cos(z: complex) -> complex:
    return complex(math.cos(z.real) * math.cosh(z.imag), -math.sin(z.real) * math.sinh(z.imag))


@jit
def _sin(z: complex) -> complex:
    return complex(math.sin(z.real) * math.cosh(z.imag), math.cos(z.real) * math.sinh(z.imag))


@jit
def scale_matrix(ml: Array, scale: Floats, scaled: Array) -> None:
    """Fill scaled (3, 3) = S^-1 M_L S^-1 with elements of order one, and scale (3,), the diagonal of S.

    Its Takagi factors lose no digits, even of strongly hierarchical loops.
    """
    s0 = math.sqrt(abs(ml[0, 0]))
    s1 = math.sqrt(abs(ml[1, 1]))
    s2 = math.sqrt(abs(ml[2, 2]))
    largest = max(s0, max(s1, s2))
    m01, m02, m12 = abs(ml[0, 1]), abs(ml[0, 2]), abs(ml[1, 2])
    scale[0] = max(s0, max(m01, m02) / largest)
    scale[1] = max(s1, max(m01, m12) / largest)
    scale[2] = max(s2, max(m02, m12) / largest)
    for i in range(3):
        for j in range(3):
            scaled[i, j] = over(ml[i, j], scale[i] * scale[j])


@jit
def casas_ibarra(t_inverse: Array, R: Array, m_nu: Floats, U: Array, G: Array) -> None:
    """Fill G (3, 3) = T^-1 R D_nu^(1/2) U^dagger, T^T T = M_L; m_nu (3,) in GeV."""
    for x in range(3):
        for k in range(3):
            total = complex(0.0, 0.0)
            for i in range(3):
                row = complex(0.0, 0.0)
                for a in range(3):
                    row += t_inverse[x, a] * R[a, i]
                total += row * math.sqrt(m_nu[i]) * U[k, i].conjugate()
            G[x, k] = total


@jit
def read_couplings(x: Floats, G: Array) -> None:
    """Fill G (3, 3) from a point of `full43`."""
    for i in range(3):
        for k in range(3):
            o = N_BASE + 6 * i + 2 * k
            G[i, k] = complex(x[o], x[o + 1])


@jit
def mass_matrix(G: Array, ml: Array, m: Array) -> None:
    """Fill m (3, 3) = G^T M_L G, eV."""
    for j in range(3):
        for k in range(j, 3):
            total = complex(0.0, 0.0)
            for x in range(3):
                for y in range(3):
                    total += G[x, j] * ml[x, y] * G[y, k]
            m[j, k] = m[k, j] = over(total, EV)


@jit
def oscillations(U: Array, masses: Floats, out: Floats) -> None:
    """What experiments see of a neutrino mass matrix in the basis of charged leptons.

    Args:
        U, masses: (3, 3) and (3,), its Takagi factors, in eV.
        out: (10,) filled: dm21, dm31 (eV^2), s12, s13, s23, dcp (degrees), m1, m2, m3, their sum (eV).
            States are labelled by ascending mass: normal ordering.
    """
    out[0] = (masses[1] - masses[0]) * (masses[1] + masses[0])
    out[1] = (masses[2] - masses[0]) * (masses[2] + masses[0])
    e1, e2, e3 = abs2(U[0, 0]), abs2(U[0, 1]), abs2(U[0, 2])
    mu1, mu3, tau3 = abs2(U[1, 0]), abs2(U[1, 2]), abs2(U[2, 2])
    s13 = e3
    c13 = e1 + e2
    s12, c12 = e2 / c13, e1 / c13
    s23, c23 = mu3 / (mu3 + tau3), tau3 / (mu3 + tau3)
    out[2], out[3], out[4] = s12, s13, s23
    # delta from the Jarlskog invariant and |U_mu1|^2: both independent of phase conventions.
    jarlskog = (U[0, 0] * U[1, 1] * U[0, 1].conjugate() * U[1, 0].conjugate()).imag
    root = math.sqrt(s12 * c12 * s23 * c23 * s13)
    sine = jarlskog / (root * c13)
    cosine = (mu1 - s12 * c23 - c12 * s23 * s13) / (2.0 * root)
    delta = math.atan2(sine, cosine) * (180.0 / math.pi) if root > 0.0 else 0.0
    out[5] = (delta - BRANCH) % 360.0 + BRANCH
    out[6], out[7], out[8] = masses[0], masses[1], masses[2]
    out[9] = masses[0] + masses[1] + masses[2]


@jit
def solve(
    variant: int, x: Floats, scale: Floats, vectors: Array, values: Floats,
    root: Array, R: Array, U: Array, z: Array, G: Array,
) -> None:  # fmt: skip
    """Fill G (3, 3) from the neutrino data of a point of `ci37` or `ci37c`, and the Takagi factors of its loop.

    root, R, U (3, 3) and z (3,) are scratch, and values (3,) is destroyed.
    """
    alpha21 = alpha31 = 0.0
    m_1, o, step = M_NU1, 31, 2
    if variant == CI37:
        m_1, o, step = x[28], 29, 1
        alpha21, alpha31 = x[35], x[36]
    for k in range(3):
        z[k] = complex(x[25 + step * k], x[26 + step * k] if step == 2 else 0.0)
    for i in range(3):
        for a in range(3):
            root[i, a] = over(vectors[i, a], math.sqrt(values[a]) * scale[i])
    rotation(z, R)
    pmns(x[o + 2], x[o + 3], x[o + 4], math.radians(x[o + 5]), alpha21, alpha31, U)
    values[0] = m_1 * EV
    values[1] = math.sqrt(m_1 * m_1 + x[o]) * EV
    values[2] = math.sqrt(m_1 * m_1 + x[o + 1]) * EV
    casas_ibarra(root, R, values, U, G)


Kernel = Callable[..., None]


def _make(fingerprint: str) -> tuple[Kernel, Kernel, Kernel]:
    """Build the loops over points; the fingerprint of the sources makes stale machine code impossible."""

    @jit_lean_kernel
    def loop_kernel(
        points: Floats, u: Array, m_chi: Floats, m2: Floats, mixing: Floats, all2: Floats, P: Floats,
        ml: Array, scale: Floats, scaled: Array,
    ) -> None:  # fmt: skip
        assert len(fingerprint) > 0  # read, so that it becomes part of the cache key
        for n in range(len(points)):
            m_psi, chi, scalars, loop = points[n, 13], m_chi[n], m2[n], ml[n]
            collect_masses(chi, m_psi, scalars, all2)
            fill_propagators(all2, P)
            loop_matrix(u[n], chi, m_psi, scalars, mixing[n], P, loop)
            scale_matrix(loop, scale[n], scaled[n])

    @jit_lean_kernel
    def coupling_kernel(
        points: Floats, variant: int, ml: Array, scale: Floats, vectors: Array, values: Floats,
        root: Array, R: Array, U: Array, z: Array, G: Array, m_nu: Array,
    ) -> None:  # fmt: skip
        assert len(fingerprint) > 0
        for n in range(len(points)):
            x, g = points[n], G[n]
            if variant == FULL43:
                read_couplings(x, g)
            else:
                solve(variant, x, scale[n], vectors[n], values[n], root, R, U, z, g)
            mass_matrix(g, ml[n], m_nu[n])

    @jit_lean_kernel
    def oscillation_kernel(U: Array, masses: Floats, out: Floats) -> None:
        assert len(fingerprint) > 0
        for n in range(len(U)):
            oscillations(U[n], masses[n], out[n])

    return loop_kernel, coupling_kernel, oscillation_kernel


@cache
def _kernels() -> tuple[Kernel, Kernel, Kernel]:
    return _make(source_fingerprint(__name__))


class Couplings(NamedTuple):
    """Of n points: loop matrix ml in GeV, couplings G, neutrino mass matrix m_nu in eV, each (n, 3, 3)."""

    ml: Array
    G: Array
    m_nu: Array


def couplings(x: Floats, variant: int, s: Spectrum) -> Couplings:
    """Couplings of the points x (n, d) of a variant, an index of `VARIANTS`, with the spectrum s."""
    n = len(x)
    ml, scaled, G, m_nu = np.empty((4, n, 3, 3), complex)
    scale = np.empty((n, 3))
    loop_kernel, coupling_kernel, _ = _kernels()
    all2, P = np.empty(9), np.empty((9, len(NODES)))
    loop_kernel(x, s.u, s.m_chi, s.m2, s.mixing, all2, P, ml, scale, scaled)
    # full43 does not need the factors, and gets what has their shape.
    vectors, values = (scaled, scale) if variant == FULL43 else diagonalise(scaled)
    root, R, U = np.empty((3, 3, 3), complex)
    coupling_kernel(x, variant, ml, scale, vectors, values, root, R, U, np.empty(3, complex), G, m_nu)
    return Couplings(ml, G, m_nu)


def write_oscillations(m_nu: Array, out: Floats) -> None:
    """Fill the first 11 columns of out (n, k) from mass matrices (n, 3, 3) in eV, which are destroyed."""
    out[:, 10] = np.hypot(m_nu[:, 0, 0].real, m_nu[:, 0, 0].imag)
    _kernels()[2](*diagonalise(m_nu), out)
