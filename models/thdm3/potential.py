"""The scalar potential: quartic couplings from masses and angles, and the minimum conditions.

    V = m11^2 (11) + m22^2 (22) + m33^2 (33) + [m12^2 (12) + m13^2 (13) + m23^2 (23) + h.c.]
      + l1 (11)^2 + l2 (22)^2 + l3 (33)^2 + l4 (11)(22) + l5 (11)(33) + l6 (22)(33)
      + l7 (12)(21) + l8 (13)(31) + l9 (23)(32)
      + [l10 (12)(13) + l11 (12)(32) + l12 (13)(23) + h.c.],          (ab) = phi_a^dagger phi_b

with real couplings: the Z3-symmetric three-Higgs-doublet model, softly broken by m12^2, m13^2, m23^2
(arXiv:2402.07661). There is no 1/2 in front of l1, l2, l3 and a plus sign in front of the soft terms. The
formulas follow from differentiating V; the tests differentiate it numerically.
"""

from __future__ import annotations

from typing import NamedTuple

from terranova.models.physics._jit import jit
from terranova.models.thdm3.mixing import mass_matrix_element
from terranova.types import Floats


class Quartics(NamedTuple):
    """The quartic couplings lambda_1 to lambda_12."""

    l1: float
    l2: float
    l3: float
    l4: float
    l5: float
    l6: float
    l7: float
    l8: float
    l9: float
    l10: float
    l11: float
    l12: float


class SoftTerms(NamedTuple):
    """The soft Z3-breaking mass terms in GeV^2."""

    m12: float
    m13: float
    m23: float


@jit
def quartics_from_masses(
    v: Floats,
    R: Floats,
    m2_even: Floats,
    P: Floats,
    m2_odd: Floats,
    U: Floats,
    m2_charged: Floats,
    soft: SoftTerms,
) -> Quartics:
    """Invert the mass matrices: twelve elements of the three matrices fix the twelve quartic couplings.

    Args:
        v: (3,) vevs in GeV.
        R, P, U: (3, 3) rotations of CP-even, CP-odd and charged states.
        m2_even, m2_odd, m2_charged: (3,) squared masses; entry 0 of the last two is the Goldstone boson's 0.
        soft: soft terms in GeV^2.
    """
    v1, v2, v3 = v[0], v[1], v[2]
    # CP-odd matrix first: its off-diagonal elements contain l10, l11, l12 only. With a = l10 v1, b = l11
    # v2, c = l12 v3 p = a + b - c/2 and so on cyclically.
    p = (mass_matrix_element(P, m2_odd, 0, 1) - soft.m12) / v3
    q = (mass_matrix_element(P, m2_odd, 0, 2) - soft.m13) / v2
    r = (mass_matrix_element(P, m2_odd, 1, 2) - soft.m23) / v1
    s = 2.0 / 3.0 * (p + q + r)
    a, b, c = 2.0 / 3.0 * (s - r), 2.0 / 3.0 * (s - q), 2.0 / 3.0 * (s - p)
    # The charged matrix then gives l7, l8, l9, and the CP-even one the rest.
    charged12 = mass_matrix_element(U, m2_charged, 0, 1)
    charged13 = mass_matrix_element(U, m2_charged, 0, 2)
    charged23 = mass_matrix_element(U, m2_charged, 1, 2)
    l7 = 2.0 / (v1 * v2) * (charged12 - soft.m12 - 0.5 * v3 * (a + b))
    l8 = 2.0 / (v1 * v3) * (charged13 - soft.m13 - 0.5 * v2 * (a + c))
    l9 = 2.0 / (v2 * v3) * (charged23 - soft.m23 - 0.5 * v1 * (b + c))
    even11 = mass_matrix_element(R, m2_even, 0, 0)
    even22 = mass_matrix_element(R, m2_even, 1, 1)
    even33 = mass_matrix_element(R, m2_even, 2, 2)
    even12 = mass_matrix_element(R, m2_even, 0, 1)
    even13 = mass_matrix_element(R, m2_even, 0, 2)
    even23 = mass_matrix_element(R, m2_even, 1, 2)
    return Quartics(
        (even11 + (soft.m12 * v2 + soft.m13 * v3 + 0.5 * v2 * v3 * (b + c)) / v1) / (2.0 * v1 * v1),
        (even22 + (soft.m12 * v1 + soft.m23 * v3 + 0.5 * v1 * v3 * (a + c)) / v2) / (2.0 * v2 * v2),
        (even33 + (soft.m13 * v1 + soft.m23 * v2 + 0.5 * v1 * v2 * (a + b)) / v3) / (2.0 * v3 * v3),
        (even12 - soft.m12 - v3 * (a + b) - 0.5 * c * v3) / (v1 * v2) - l7,
        (even13 - soft.m13 - v2 * (a + c) - 0.5 * b * v2) / (v1 * v3) - l8,
        (even23 - soft.m23 - v1 * (b + c) - 0.5 * a * v1) / (v2 * v3) - l9,
        l7,
        l8,
        l9,
        a / v1,
        b / v2,
        c / v3,
    )


@jit
def minimum_conditions(v: Floats, lam: Quartics, soft: SoftTerms) -> tuple[float, float, float]:
    """m11^2, m22^2, m33^2 in GeV^2 for which the vevs are a stationary point of V."""
    v1, v2, v3 = v[0], v[1], v[2]
    l47, l58, l69 = lam.l4 + lam.l7, lam.l5 + lam.l8, lam.l6 + lam.l9
    a, b, c = lam.l10 * v1, lam.l11 * v2, lam.l12 * v3
    cubic1 = lam.l1 * v1**3 + 0.5 * v1 * (l47 * v2 * v2 + l58 * v3 * v3) + v2 * v3 * (a + 0.5 * (b + c))
    cubic2 = lam.l2 * v2**3 + 0.5 * v2 * (l47 * v1 * v1 + l69 * v3 * v3) + v1 * v3 * (b + 0.5 * (a + c))
    cubic3 = lam.l3 * v3**3 + 0.5 * v3 * (l58 * v1 * v1 + l69 * v2 * v2) + v1 * v2 * (c + 0.5 * (a + b))
    return (
        -(soft.m12 * v2 + soft.m13 * v3 + cubic1) / v1,
        -(soft.m12 * v1 + soft.m23 * v3 + cubic2) / v2,
        -(soft.m13 * v1 + soft.m23 * v2 + cubic3) / v3,
    )
