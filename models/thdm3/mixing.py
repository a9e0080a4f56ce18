"""Vacuum expectation values and the rotations from doublet components to mass eigenstates.

With doublets phi_k = (w_k^+, (v_k + rho_k + i eta_k)/sqrt2), k = 1, 2, 3, the rows of three real orthogonal
matrices are the mass eigenstates:

    (h1, h2, h3) = R rho,    (G0, A1, A2) = P eta,    (G+, H1+, H2+) = U w.

Parametrisation of arXiv:2402.07661. Row 0 of P and U is v_k/v. Indices in the code count from 0.
"""

from __future__ import annotations

import math

from terranova.models.physics import sm
from terranova.models.physics._jit import jit
from terranova.types import Floats

MIN_TAN_BETA = 1e-6
"""tan beta = 0 makes a vev vanish and couplings infinite; the edge of the box is moved in by this much."""


@jit
def vacuum_directions(tan_beta1: float, tan_beta2: float, B: Floats) -> None:
    """Fill B (3, 3), the Higgs basis: row 0 is v_k/v, rows 1 and 2 are orthogonal to it.

    v1 = v cos(b1) cos(b2), v2 = v sin(b1) cos(b2), v3 = v sin(b2).
    """
    t1, t2 = max(tan_beta1, MIN_TAN_BETA), max(tan_beta2, MIN_TAN_BETA)
    c1, c2 = 1.0 / math.sqrt(1.0 + t1 * t1), 1.0 / math.sqrt(1.0 + t2 * t2)
    s1, s2 = t1 * c1, t2 * c2
    B[0, 0], B[0, 1], B[0, 2] = c1 * c2, s1 * c2, s2
    B[1, 0], B[1, 1], B[1, 2] = -s1, c1, 0.0
    B[2, 0], B[2, 1], B[2, 2] = -c1 * s2, -s1 * s2, c2


@jit
def vevs(B: Floats, v: Floats) -> None:
    """Fill v (3,) with v_k in GeV."""
    for k in range(3):
        v[k] = sm.VEV * B[0, k]


@jit
def cp_even_rotation(alpha1: float, alpha2: float, alpha3: float, R: Floats) -> None:
    """Fill R = R3 R2 R1, rotations in the planes (1,2), (1,3), (2,3)."""
    c1, s1 = math.cos(alpha1), math.sin(alpha1)
    c2, s2 = math.cos(alpha2), math.sin(alpha2)
    c3, s3 = math.cos(alpha3), math.sin(alpha3)
    R[0, 0], R[0, 1], R[0, 2] = c1 * c2, s1 * c2, s2
    R[1, 0], R[1, 1], R[1, 2] = -s1 * c3 - c1 * s2 * s3, c1 * c3 - s1 * s2 * s3, c2 * s3
    R[2, 0], R[2, 1], R[2, 2] = s1 * s3 - c1 * s2 * c3, -c1 * s3 - s1 * s2 * c3, c2 * c3


@jit
def goldstone_rotation(B: Floats, gamma: float, P: Floats) -> None:
    """Fill P: the Goldstone boson stays row 0, the two physical states are turned by gamma."""
    c, s = math.cos(gamma), math.sin(gamma)
    for k in range(3):
        P[0, k] = B[0, k]
        P[1, k] = c * B[1, k] - s * B[2, k]
        P[2, k] = s * B[1, k] + c * B[2, k]


@jit
def mass_matrix_element(rotation: Floats, m2: Floats, k: int, m: int) -> float:
    """Element (k, m) of rotation^T diag(m2) rotation: a mass matrix in the doublet basis, eigenvalues m2
    (3,).
    """
    element: float = (
        rotation[0, k] * m2[0] * rotation[0, m]
        + rotation[1, k] * m2[1] * rotation[1, m]
        + rotation[2, k] * m2[2] * rotation[2, m]
    )
    return element


@jit
def overlap(first: Floats, i: int, second: Floats, j: int) -> float:
    """Element (i, j) of first second^T: how much two eigenstates share doublets."""
    element: float = first[i, 0] * second[j, 0] + first[i, 1] * second[j, 1] + first[i, 2] * second[j, 2]
    return element
