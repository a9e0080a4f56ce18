"""Probability that the ALP of a two-body B decay leaves the detector before it decays."""

from __future__ import annotations

import math

import numpy as np

from terranova.models.physics._jit import jit
from terranova.types import Floats

BOOST_BELLE2 = 0.28
"""beta gamma of the Upsilon(4S) at SuperKEKB (7 on 4 GeV); arXiv:1011.0352."""
BOOST_BABAR = 0.531
"""beta gamma at BaBar as ALPaca 1.2.0 and arXiv:2311.14629 take it; 0.56 for 9.0 on 3.1 GeV, hep-ex/0105044."""
LENGTH_BELLE2, LENGTH_BABAR = 100.0, 50.0
"""cm; distance beyond which a decay is not seen. A choice: calorimeter and muon system of Belle II stand at 1.0
to 1.25 m. Bounds on c tau are proportional to it. As in ALPaca 1.2.0."""
NODES = 24


def directions() -> Floats:
    """Gauss-Legendre nodes and weights (2, 24) in the cosine of the angle to the boost; weights add up to one."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return np.array([nodes, 0.5 * weights])


def mean_directions() -> Floats:
    """Cosines of angles (2, 48) that are flat in theta; weights add up to one."""
    nodes, weights = np.polynomial.legendre.leggauss(2 * NODES)
    return np.array([np.cos(0.5 * math.pi * (nodes + 1.0)), 0.5 * weights])


@jit
def escape_probability(
    m_a: float, ctau: float, m_b: float, m_k: float, boost: float, length: float, grid: Floats, mean: bool
) -> tuple[float, float]:
    """P(decay beyond `length`), averaged over isotropic directions in the rest frame of the B; and dP/dln ctau.

    Args:
        m_a: mass in GeV.
        ctau: in cm, like length.
        m_b, m_k: masses of the B meson and of what it decays to besides the ALP.
        boost: beta gamma of the B meson; its momentum in the frame of the Upsilon(4S), 0.33 GeV, is neglected.
        length: in cm.
        grid: `directions()`, or `mean_directions()` with mean.
        mean: take the exponential of the mean momentum instead, as ALPaca 1.2.0 does.
    """
    if m_a >= m_b - m_k:
        return 0.0, 0.0
    energy = (m_b**2 + m_a**2 - m_k**2) / (2.0 * m_b)
    momentum2 = max(energy**2 - m_a**2, 0.0)
    momentum, gamma = math.sqrt(momentum2), math.sqrt(1.0 + boost**2)
    total, slope, scale = 0.0, 0.0, length * m_a / ctau
    for i in range(grid.shape[1]):
        cosine = grid[0, i]
        along = boost * energy + gamma * momentum * cosine
        lab = math.sqrt(along * along + momentum2 * (1.0 - cosine * cosine))
        if mean:
            total += grid[1, i] * lab
        else:
            survives = math.exp(-scale / lab)
            total += grid[1, i] * survives
            slope += grid[1, i] * survives * (scale / lab)
    if not mean:
        return total, slope
    survives = math.exp(-scale / total)
    return survives, survives * (scale / total)
