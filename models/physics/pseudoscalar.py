"""Loop functions of a pseudoscalar that couples derivatively to fermions; arXiv:1708.00443.

tau = 4 m^2/m_a^2 here, the inverse of the tau of `loops`.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from terranova.models.physics import loops
from terranova.models.physics._jit import jit
from terranova.types import Floats

_STEP = 0.02
_HIGHEST = 21.0
"""Rapidity 2 artanh(beta) up to which the photon loop is tabulated: m_a/m = 4e4."""


@jit
def anomaly_loop(tau: float) -> complex:
    """B_1(tau) = 1 - tau f(tau)^2, arXiv:1708.00443: 1 for a light fermion, -1/(3 tau) for a heavy one."""
    return 1.0 - tau * loops.triangle_f(1.0 / tau)


def photon_loop_integral(tau: float) -> complex:
    """g(tau) of arXiv:1708.00443: the correction to a fermion coupling from two photons in a loop.

    The integral over the Feynman parameter x has a pole under the root at x = sqrt(tau)/(1 + sqrt(tau)). With
    x/(1 - x) = sqrt(tau) sin(theta) it becomes regular, theta running from 0 to pi/2 and on to pi/2 - i infinity.
    """
    nodes, weights = np.polynomial.legendre.leggauss(40)
    root = math.sqrt(tau)

    def rest(w: Floats) -> Floats:
        return (1.0 - w) / (1.0 + w) ** 2 + 4.0 * (w * w - tau) / (1.0 + w) ** 3

    theta = 0.25 * math.pi * (nodes + 1.0)
    first = 0.25 * math.pi * float(np.sum(weights * theta * rest(root * np.sin(theta))))
    edges = np.linspace(0.0, max(math.log(2.0 / root), 0.0) + 42.0, 25)
    second = 0j
    for low, high in itertools.pairwise(edges):
        phi = low + 0.5 * (high - low) * (nodes + 1.0)
        second += 0.5 * (high - low) * complex(np.sum(weights * (0.5j * math.pi - phi) * rest(root * np.cosh(phi))))
    return 5.0 + 4.0 / 3.0 * (first + second)


def photon_loop_table() -> Floats:
    """Rows of Re g, Im g and their slopes in the rapidity 2 artanh(sqrt(1 - tau)), in steps from 0: for tau <= 1.

    Between rows a cubic is good to 1e-8.
    """
    from scipy.interpolate import CubicSpline

    rapidity = np.arange(0.0, _HIGHEST + _STEP, _STEP)
    g = np.array([photon_loop_integral(1.0 / math.cosh(0.5 * y) ** 2) for y in rapidity])
    slope = CubicSpline(rapidity, np.column_stack([g.real, g.imag])).derivative()(rapidity)
    return np.column_stack([g.real, g.imag, slope])


@jit
def photon_loop(table: Floats, tau: float) -> complex:
    """g(tau) for tau <= 1 from `photon_loop_table`."""
    beta = math.sqrt(1.0 - tau)
    y = 2.0 * math.log((1.0 + beta) / math.sqrt(tau))
    i = min(int(y / _STEP), len(table) - 2)
    u = y / _STEP - i
    w0, w1 = (1.0 - u) ** 2 * (1.0 + 2.0 * u), u * u * (3.0 - 2.0 * u)
    d0, d1 = (1.0 - u) ** 2 * u * _STEP, -u * u * (1.0 - u) * _STEP
    a, b = table[i], table[i + 1]
    re = w0 * a[0] + w1 * b[0] + d0 * a[2] + d1 * b[2]
    im = w0 * a[1] + w1 * b[1] + d0 * a[3] + d1 * b[3]
    return complex(re, im)
