"""Special functions that numba does not provide."""

from __future__ import annotations

import math

import numpy as np

from terranova.models.physics._jit import jit

PI2_6 = math.pi**2 / 6.0

# Li2(x) = u - u^2/4 + sum_k B_2k u^(2k+1) / (2k+1)! with u = -ln(1-x): 't Hooft and Veltman,
# Nucl. Phys. B153 (1979) 365, appendix A. For x in [-1, 1/2], |u| <= ln 2, nine terms reach 1e-17.
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798)
_SERIES = np.array([b / math.factorial(2 * k + 3) for k, b in enumerate(_BERNOULLI)])


@jit
def dilog(x: float) -> float:
    """Real dilogarithm Li2(x) for x <= 1; arguments outside [-1, 1/2] are first reflected into it."""
    if x >= 1.0:
        return PI2_6
    offset, sign = 0.0, 1.0
    if x > 0.5:
        offset, sign = PI2_6 - math.log(x) * math.log1p(-x), -1.0
        x = 1.0 - x
    elif x < -1.0:
        log_x = math.log(-x)
        offset, sign = -PI2_6 - 0.5 * log_x * log_x, -1.0
        x = 1.0 / x
    u = -math.log1p(-x)
    u2 = u * u
    total = 0.0
    for k in range(len(_SERIES) - 1, -1, -1):
        total = total * u2 + _SERIES[k]
    return offset + sign * u * (1.0 - 0.25 * u + u2 * total)
