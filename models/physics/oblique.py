"""Functions of the oblique parameters S, T, U in models with any number of Higgs doublets.

Grimus, Lavoura, Ogreid, Osland: arXiv:0711.4022 (T) and arXiv:0802.4353 (S, U). Arguments are squared masses
in the same unit; every function is symmetric in its two masses unless said otherwise.
"""

from __future__ import annotations

import math

from terranova.models.physics._jit import jit


@jit
def log_ratio(x: float, y: float) -> float:
    """ln(x/y), accurate also for x close to y, where F and G divide it by x - y."""
    return math.log1p((x - y) / y)


@jit
def big_f(x: float, y: float, log_xy: float) -> float:
    """F(x, y) of arXiv:0711.4022, given log_xy = log_ratio(x, y); zero for equal masses."""
    if x == y:
        return 0.0
    return 0.5 * (x + y) - x * y / (x - y) * log_xy


@jit
def small_f(t: float, r: float) -> float:
    """f(t, r) of arXiv:0802.4353: logarithm, zero or arctangent according to the sign of r."""
    if r > 0.0:
        root = math.sqrt(r)
        return root * math.log(abs((t - root) / (t + root)))
    if r == 0.0:
        return 0.0
    root = math.sqrt(-r)
    return 2.0 * root * math.atan(root / t)


@jit
def big_g(i: float, j: float, q: float, log_ij: float) -> float:
    """G(I, J, Q) of arXiv:0802.4353, given log_ij = log_ratio(I, J)."""
    total = i + j
    gap = i - j
    if gap == 0.0:
        bracket = 2.0 * i  # limit of the bracket times the logarithm
    else:
        bracket = ((i * i + j * j) / gap - total * gap / q + gap * gap * gap / (3.0 * q * q)) * log_ij
    r = q * q - 2.0 * q * total + gap * gap
    rational = -16.0 / 3.0 + 5.0 * total / q - 2.0 * gap * gap / (q * q)
    return rational + 3.0 / q * bracket + r / (q * q * q) * small_f(total - q, r)


@jit
def big_g_hat(i: float, q: float) -> float:
    """Ghat(I, Q) of arXiv:0802.4353: Higgs of mass^2 I with the gauge boson of mass^2 Q."""
    x = i / q
    if x == 1.0:
        log_part = -18.0  # limit of -9 (I + Q)/(I - Q) ln(I/Q); the polynomial multiplies ln 1 = 0
    else:
        polynomial = -10.0 + x * (18.0 + x * (-6.0 + x)) - 9.0 * (x + 1.0) / (x - 1.0)
        log_part = polynomial * log_ratio(i, q)
    f = small_f(i, i * i - 4.0 * i * q)
    return -79.0 / 3.0 + x * (9.0 - 2.0 * x) + log_part + (12.0 + x * (x - 4.0)) * f / q
