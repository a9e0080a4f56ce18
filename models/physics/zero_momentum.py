"""One-loop integrals at zero external momentum, by one quadrature in the Euclidean loop momentum.

With propagators 1/(s + m^2), s = l_E^2: C0 = -int ds s P P P, D0 = int ds s P P P P, D2 = -int ds s^2 P P P P
(the integral called D_27 or I2 elsewhere has this integrand). In y = ln s the integrands are analytic and fall
exponentially at both ends, so that the trapezoidal rule with step h converges like exp(-2 pi^2/h)
(Trefethen and Weideman, doi:10.1137/130932132): no case distinction for equal masses.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from terranova.models.physics._jit import jit
from terranova.types import Floats

STEP: Final = 0.5
LOWEST: Final = math.log(25.0) - 14.0
HIGHEST: Final = math.log(2.5e9) + 27.0
"""Range of y: the cut-off ends are below 1e-11 for masses between 5 GeV and 50 TeV."""

NODES: Final = np.exp(LOWEST + STEP * np.arange(math.floor((HIGHEST - LOWEST) / STEP) + 1))
"""s at the nodes, in GeV^2."""

MEASURE_1: Final = STEP * NODES**2
"""Weights of int ds s f(s)."""

MEASURE_2: Final = STEP * NODES**3
"""Weights of int ds s^2 f(s)."""


@jit
def fill_propagators(m2: Floats, out: Floats) -> None:
    """Write 1/(s + m2) at all nodes: m2 (k,), out (k, len(NODES))."""
    for i in range(len(m2)):
        for j in range(len(NODES)):
            out[i, j] = 1.0 / (NODES[j] + m2[i])
