"""Strong coupling and running quark masses with five flavours."""

from __future__ import annotations

import math

from terranova.models.physics import sm
from terranova.models.physics._jit import jit

BETA_0 = 23.0 / 3.0
BETA_1 = 116.0 / 3.0
MASS_EXPONENT = 12.0 / 23.0
"""gamma_m0 / (2 beta_0) for five flavours."""


@jit
def alpha_s(scale: float) -> float:
    """Two-loop alpha_s(scale) with five flavours from alpha_s(M_Z); hep-ph/9612313."""
    v = 1.0 - BETA_0 * sm.ALPHA_S_MZ / (2.0 * math.pi) * math.log(sm.M_Z / scale)
    return sm.ALPHA_S_MZ / v * (1.0 - BETA_1 / BETA_0 * sm.ALPHA_S_MZ / (4.0 * math.pi) * math.log(v) / v)


@jit
def mass_evolution(a_s: float) -> float:
    """c(alpha_s) with m(mu) = m(mu0) c(alpha_s(mu)) / c(alpha_s(mu0)); five flavours, hep-ph/9704448.

    The two-loop coefficient is the only correction kept.
    """
    x = a_s / math.pi
    return math.exp(MASS_EXPONENT * math.log(23.0 / 6.0 * x)) * (1.0 + 1.175 * x)
