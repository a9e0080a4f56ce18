"""Cubic scalar couplings in GeV, from derivatives of the field-dependent mass matrices.

Conventions: V contains (1/6) g_hhh h h h + (1/2) g_hAA h A A + g_hHH h H^- H^+ (sum over indices), so that
for different particles the coupling is the vertex. Everything follows from V in `potential`; the tests
compare with numerical third derivatives.
"""

from __future__ import annotations

from typing import NamedTuple

from terranova.models.physics._jit import jit
from terranova.models.thdm3.potential import Quartics
from terranova.types import Floats


class Symmetric(NamedTuple):
    """A symmetric 3x3 matrix."""

    xx: float
    yy: float
    zz: float
    xy: float
    xz: float
    yz: float


@jit
def combine(c: Floats, first: Symmetric, second: Symmetric, third: Symmetric) -> Symmetric:
    """c[0] first + c[1] second + c[2] third."""
    return Symmetric(
        c[0] * first.xx + c[1] * second.xx + c[2] * third.xx,
        c[0] * first.yy + c[1] * second.yy + c[2] * third.yy,
        c[0] * first.zz + c[1] * second.zz + c[2] * third.zz,
        c[0] * first.xy + c[1] * second.xy + c[2] * third.xy,
        c[0] * first.xz + c[1] * second.xz + c[2] * third.xz,
        c[0] * first.yz + c[1] * second.yz + c[2] * third.yz,
    )


@jit
def sandwich(a: Floats, m: Symmetric, b: Floats) -> float:
    """a^T m b for vectors (3,)."""
    value: float = (
        a[0] * (m.xx * b[0] + m.xy * b[1] + m.xz * b[2])
        + a[1] * (m.xy * b[0] + m.yy * b[1] + m.yz * b[2])
        + a[2] * (m.xz * b[0] + m.yz * b[1] + m.zz * b[2])
    )
    return value


@jit
def even_derivatives(v: Floats, lam: Quartics) -> tuple[Symmetric, Symmetric, Symmetric]:
    """d^3 V / d rho_c d rho_a d rho_b for c = 1, 2, 3, each a matrix in (a, b)."""
    v1, v2, v3 = v[0], v[1], v[2]
    l47, l58, l69 = lam.l4 + lam.l7, lam.l5 + lam.l8, lam.l6 + lam.l9
    t112, t113 = l47 * v2 + lam.l10 * v3, l58 * v3 + lam.l10 * v2
    t122, t223 = l47 * v1 + lam.l11 * v3, l69 * v3 + lam.l11 * v1
    t133, t233 = l58 * v1 + lam.l12 * v2, l69 * v2 + lam.l12 * v1
    t123 = lam.l10 * v1 + lam.l11 * v2 + lam.l12 * v3
    return (
        Symmetric(6.0 * lam.l1 * v1, t122, t133, t112, t113, t123),
        Symmetric(t112, 6.0 * lam.l2 * v2, t233, t122, t123, t223),
        Symmetric(t113, t223, 6.0 * lam.l3 * v3, t123, t133, t233),
    )


@jit
def odd_derivatives(v: Floats, lam: Quartics) -> tuple[Symmetric, Symmetric, Symmetric]:
    """d M_odd(rho)_ab / d rho_c for c = 1, 2, 3: coupling of rho_c to eta_a eta_b."""
    v1, v2, v3 = v[0], v[1], v[2]
    l47, l58, l69 = lam.l4 + lam.l7, lam.l5 + lam.l8, lam.l6 + lam.l9
    l10, l11, l12 = lam.l10, lam.l11, lam.l12
    a, b, c = l10 * v1, l11 * v2, l12 * v3
    return (
        Symmetric(2.0 * lam.l1 * v1, l47 * v1 - l11 * v3, l58 * v1 - l12 * v2, l10 * v3, l10 * v2, b + c - a),
        Symmetric(l47 * v2 - l10 * v3, 2.0 * lam.l2 * v2, l69 * v2 - l12 * v1, l11 * v3, a + c - b, l11 * v1),
        Symmetric(l58 * v3 - l10 * v2, l69 * v3 - l11 * v1, 2.0 * lam.l3 * v3, a + b - c, l12 * v2, l12 * v1),
    )


@jit
def charged_derivatives(v: Floats, lam: Quartics) -> tuple[Symmetric, Symmetric, Symmetric]:
    """d M_charged(rho)_ab / d rho_c for c = 1, 2, 3: coupling of rho_c to w_a^- w_b^+."""
    v1, v2, v3 = v[0], v[1], v[2]
    l7, l8, l9 = lam.l7, lam.l8, lam.l9
    l10, l11, l12 = lam.l10, lam.l11, lam.l12
    a, b, c = l10 * v1, l11 * v2, l12 * v3
    return (
        Symmetric(
            2.0 * lam.l1 * v1,
            lam.l4 * v1,
            lam.l5 * v1,
            0.5 * (l7 * v2 + l10 * v3),
            0.5 * (l8 * v3 + l10 * v2),
            0.5 * (b + c),
        ),
        Symmetric(
            lam.l4 * v2,
            2.0 * lam.l2 * v2,
            lam.l6 * v2,
            0.5 * (l7 * v1 + l11 * v3),
            0.5 * (a + c),
            0.5 * (l9 * v3 + l11 * v1),
        ),
        Symmetric(
            lam.l5 * v3,
            lam.l6 * v3,
            2.0 * lam.l3 * v3,
            0.5 * (a + b),
            0.5 * (l8 * v1 + l12 * v2),
            0.5 * (l9 * v2 + l12 * v1),
        ),
    )


@jit
def odd_charged_coupling(odd: Floats, B: Floats, v: Floats, lam: Quartics) -> float:
    """|g_{A H1+ H2-}| of the CP-odd state with components odd (3,) in eta.

    The coupling of eta_k to w_a^- w_b^+ is imaginary and antisymmetric in (a, b), so that with three
    charged states of which one is the Goldstone boson only H1+ H2- survives, independently of the angle
    between H1+ and H2+.
    """
    l7, l8, l9 = lam.l7, lam.l8, lam.l9
    a, b, c = lam.l10 * v[0], lam.l11 * v[1], lam.l12 * v[2]
    e12 = odd[0] * (l7 * v[1] - lam.l10 * v[2]) + odd[1] * (lam.l11 * v[2] - l7 * v[0]) + odd[2] * (a - b)
    e13 = odd[0] * (l8 * v[2] - lam.l10 * v[1]) + odd[1] * (a - c) + odd[2] * (lam.l12 * v[1] - l8 * v[0])
    e23 = odd[0] * (b - c) + odd[1] * (l9 * v[2] - lam.l11 * v[0]) + odd[2] * (lam.l12 * v[0] - l9 * v[1])
    coupling: float = 0.5 * abs(e12 * B[0, 2] - e13 * B[0, 1] + e23 * B[0, 0])
    return coupling


@jit
def cubic_couplings(
    v: Floats,
    lam: Quartics,
    B: Floats,
    R: Floats,
    P: Floats,
    U: Floats,
    hhh: Floats,
    haa: Floats,
    hcc: Floats,
    acc: Floats,
) -> None:
    """Fill the couplings of mass eigenstates.

    Args:
        v, lam, B, R, P, U: the point.
        hhh: (3, 3, 3) g_{h_i h_j h_k}.
        haa: (3, 3) columns A1A1, A1A2, A2A2 of g_{h_i A_j A_k}.
        hcc: (3, 3) columns H1H1, H1H2, H2H2 of g_{h_i H_a^- H_b^+}.
        acc: (2,) |g_{A_j H1 H2}|.
    """
    even1, even2, even3 = even_derivatives(v, lam)
    odd1, odd2, odd3 = odd_derivatives(v, lam)
    charged1, charged2, charged3 = charged_derivatives(v, lam)
    for i in range(3):
        even = combine(R[i], even1, even2, even3)
        for j in range(i, 3):
            for k in range(j, 3):
                hhh[i, j, k] = sandwich(R[j], even, R[k])
        odd = combine(R[i], odd1, odd2, odd3)
        charged = combine(R[i], charged1, charged2, charged3)
        for n in range(3):
            j, k = (0 if n < 2 else 1), (0 if n == 0 else 1)
            haa[i, n] = sandwich(P[j + 1], odd, P[k + 1])
            hcc[i, n] = sandwich(U[j + 1], charged, U[k + 1])
    for j in range(2):
        acc[j] = odd_charged_coupling(P[j + 1], B, v, lam)
