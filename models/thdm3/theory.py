"""Theory constraints at tree level: boundedness from below and perturbative unitarity."""

from __future__ import annotations

import math

from terranova.models.physics._jit import jit
from terranova.models.physics.eigen import eigenvalues_2x2, eigenvalues_3x3
from terranova.models.thdm3.potential import Quartics
from terranova.types import Floats

SQRT2 = math.sqrt(2.0)
N_BFB = 7
N_UNITARITY = 21


@jit
def boundedness(lam: Quartics, factor: float, out: Floats) -> None:
    """Fill out (7,): V is bounded from below if all are >= 0 (sufficient, not necessary).

    With x_k = phi_k^dagger phi_k, |(ab)|^2 lies between 0 and x_a x_b, and 2|(12)(13)| <= x_1 (x_2 + x_3) by
    Cauchy-Schwarz and the inequality of means, so that V4 >= x^T A x / 2. The seven conditions are the
    copositivity of A (Kannike, arXiv:1205.3781), with square roots of negative numbers continued to zero:
    a scan then sees a finite distance everywhere.

    Args:
        lam: quartic couplings.
        factor: weight of |l10|, |l11|, |l12| in A: 1 follows from the inequalities, 2 is stricter.
        out: x11, x22, x33, x12bar, x13bar, x23bar, aux.
    """
    l10, l11, l12 = factor * abs(lam.l10), factor * abs(lam.l11), factor * abs(lam.l12)
    a11, a22, a33 = 2.0 * lam.l1, 2.0 * lam.l2, 2.0 * lam.l3
    a12 = lam.l4 + min(0.0, lam.l7) - l10 - l11
    a13 = lam.l5 + min(0.0, lam.l8) - l10 - l12
    a23 = lam.l6 + min(0.0, lam.l9) - l11 - l12
    p11, p22, p33 = max(a11, 0.0), max(a22, 0.0), max(a33, 0.0)
    x12 = math.sqrt(p11 * p22) + a12
    x13 = math.sqrt(p11 * p33) + a13
    x23 = math.sqrt(p22 * p33) + a23
    cubic = math.sqrt(2.0 * max(x12, 0.0) * max(x13, 0.0) * max(x23, 0.0))
    out[0], out[1], out[2] = a11, a22, a33
    out[3], out[4], out[5] = x12, x13, x23
    pairs = a12 * math.sqrt(p33) + a13 * math.sqrt(p22) + a23 * math.sqrt(p11)
    out[6] = math.sqrt(p11 * p22 * p33) + pairs + cubic


@jit
def unitarity(lam: Quartics, out: Floats) -> None:
    """Fill out (21,) with the distinct eigenvalues of the two-body scalar scattering matrix at high energy.

    Blocks of hypercharge Y and isospin I; ascending inside each block. Method of Bento et al.,
    arXiv:1711.08208 (two doublets: Kanemura et al., hep-ph/9303263); the tests build the full 78 x 78
    matrix from V.
    """
    # Y = 1, I = 1: states (aa) mix with (bc).
    out[0], out[1] = eigenvalues_2x2(2.0 * lam.l1, SQRT2 * lam.l10, lam.l6 + lam.l9)
    out[2], out[3] = eigenvalues_2x2(2.0 * lam.l2, SQRT2 * lam.l11, lam.l5 + lam.l8)
    out[4], out[5] = eigenvalues_2x2(2.0 * lam.l3, SQRT2 * lam.l12, lam.l4 + lam.l7)
    # Y = 1, I = 0: antisymmetric pairs.
    out[6], out[7], out[8] = lam.l4 - lam.l7, lam.l5 - lam.l8, lam.l6 - lam.l9
    # Y = 0, I = 1: Z3-neutral pairs, then charged ones.
    out[9], out[10], out[11] = eigenvalues_3x3(2.0 * lam.l1, 2.0 * lam.l2, 2.0 * lam.l3, lam.l7, lam.l8, lam.l9)
    out[12], out[13], out[14] = eigenvalues_3x3(lam.l4, lam.l6, lam.l5, lam.l11, lam.l10, lam.l12)
    # Y = 0, I = 0.
    out[15], out[16], out[17] = eigenvalues_3x3(
        6.0 * lam.l1,
        6.0 * lam.l2,
        6.0 * lam.l3,
        2.0 * lam.l4 + lam.l7,
        2.0 * lam.l5 + lam.l8,
        2.0 * lam.l6 + lam.l9,
    )
    out[18], out[19], out[20] = eigenvalues_3x3(
        lam.l4 + 2.0 * lam.l7,
        lam.l6 + 2.0 * lam.l9,
        lam.l5 + 2.0 * lam.l8,
        3.0 * lam.l11,
        3.0 * lam.l10,
        3.0 * lam.l12,
    )
