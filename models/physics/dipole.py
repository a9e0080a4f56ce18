"""Loop functions of l_i -> l_j gamma with a heavy fermion and a heavy scalar, x = (m_F/m_S)^2.

Dipole, chirality flip outside (LL) or inside (LR) the loop, photon emitted by the scalar (S) or by the fermion
(F): Lavoura, hep-ph/0302221, at leading order in the lepton masses; also Leveille, Nucl. Phys. B137 (1978) 63.
g_S, g_F: the photon penguin (Hisano et al., hep-ph/9510309). All are positive.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from terranova.models.physics._jit import jit

CLOSE: Final = 0.15
"""For |x - 1| below this the closed forms lose digits; the Feynman integrals are smooth."""

_X, _W = np.polynomial.legendre.leggauss(12)
T: Final = 0.5 * (_X + 1.0)
W: Final = 0.5 * _W


@jit
def dipole_functions(x: float) -> tuple[float, float, float, float, float, float]:
    """Return f_S_LL, f_F_LL, f_S_LR, f_F_LR, g_S, g_F at x > 0."""
    d = 1.0 - x
    if abs(d) > CLOSE:
        log = math.log(x)
        x2, x3 = x * x, x * x * x
        i2 = 1.0 / (d * d)
        i3, i4 = i2 / d, i2 * i2
        return (
            (1.0 - 6.0 * x + 3.0 * x2 + 2.0 * x3 - 6.0 * x2 * log) * i4 / 12.0,
            (2.0 + 3.0 * x - 6.0 * x2 + x3 + 6.0 * x * log) * i4 / 12.0,
            (1.0 - x2 + 2.0 * x * log) * i3 / 2.0,
            (-3.0 + 4.0 * x - x2 - 2.0 * log) * i3 / 2.0,
            (2.0 - 9.0 * x + 18.0 * x2 - 11.0 * x3 + 6.0 * x3 * log) * i4 / 36.0,
            -(16.0 - 45.0 * x + 36.0 * x2 - 7.0 * x3 + (12.0 - 18.0 * x) * log) * i4 / 36.0,
        )
    s_ll = f_ll = s_lr = f_lr = g_s = g_f = 0.0
    for i in range(len(T)):
        t = T[i]
        r = 1.0 - t
        scalar = W[i] / (t + x * r)  # propagator with weight t on the scalar
        fermion = W[i] / (r + x * t)
        s_ll += 0.5 * t * t * r * scalar
        f_ll += 0.5 * t * t * r * fermion
        s_lr += t * r * scalar
        f_lr += t * t * fermion
        g_s += t * t * t * scalar / 6.0
        g_f += t * t * (0.5 - t / 6.0) * fermion
    return s_ll, f_ll, s_lr, f_lr, g_s, g_f
