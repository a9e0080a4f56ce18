"""The plasma of the Standard Model in the early universe: degrees of freedom of energy and entropy.

S. Borsanyi et al., arXiv:1606.07494, table S2, with a cubic spline in log10 T: lattice QCD, perturbation theory
above, and the electroweak crossover. The table was compared between five public transcriptions. Where particles
of the TeV scale freeze out, at 10 to 100 GeV, the other calculation of the kind (K. Saikawa, S. Shirai,
arXiv:1803.01038) is up to 6 % lower, and the table of micrOMEGAs 4.3.2 3 to 4 % higher. A relic density goes
with the inverse square root.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from terranova.models.physics._jit import jit
from terranova.types import Floats

# log10(T/MeV), g*, g*/h*
_NODES: Final = np.array(
    [
        [0.00, 10.71, 1.00228],
        [0.50, 10.74, 1.00029],
        [1.00, 10.76, 1.00048],
        [1.25, 11.09, 1.00505],
        [1.60, 13.68, 1.02159],
        [2.00, 17.61, 1.02324],
        [2.15, 24.07, 1.05423],
        [2.20, 29.84, 1.07578],
        [2.40, 47.83, 1.06118],
        [2.50, 53.04, 1.04690],
        [3.00, 73.48, 1.01778],
        [4.00, 83.10, 1.00123],
        [4.30, 85.56, 1.00389],
        [4.60, 91.97, 1.00887],
        [5.00, 102.17, 1.00750],
        [5.45, 104.98, 1.00023],
    ]
)

LOWEST: Final = 1e-3
HIGHEST: Final = 10.0**2.45
"""GeV: the ends of the table, beyond which its last values are kept. Annihilation is over at 1 MeV."""

T_CMB: Final = 2.7255 * 8.617333262e-14
"""GeV; D. Fixsen, arXiv:0911.1955, and Boltzmann's constant of the SI."""

ENTROPY_TODAY: Final = 3.931
"""Degrees of freedom of entropy today; arXiv:1803.01038."""


def degrees_of_freedom(temperature: Floats) -> tuple[Floats, Floats, Floats]:
    """Return g* of energy density, h* of entropy density and dln h*/dln T (n,) at temperatures (n,) in GeV."""
    from scipy.interpolate import CubicSpline

    t = np.asarray(temperature, dtype=float)
    inside = (t >= LOWEST) & (t <= HIGHEST)
    log = np.log10(np.clip(t, LOWEST, HIGHEST)) + 3.0
    energy, entropy = (CubicSpline(_NODES[:, 0], y) for y in (_NODES[:, 1], _NODES[:, 1] / _NODES[:, 2]))
    h = entropy(log)
    return energy(log), h, np.where(inside, entropy(log, 1) / (h * math.log(10.0)), 0.0)


STEP: Final = 0.1
"""Of the table in ln T."""

FIRST: Final = math.log(LOWEST)


def _table() -> Floats:
    g, h, slope = degrees_of_freedom(np.exp(FIRST + STEP * np.arange(int((math.log(HIGHEST) - FIRST) / STEP) + 2)))
    return np.ascontiguousarray(np.column_stack([h, h / np.sqrt(g) * (1.0 + slope / 3.0)]))


PLASMA: Final = _table()
"""h* and sqrt(g_eff) = h*/sqrt(g*) (1 + dln h*/dln T/3), on the grid exp(FIRST + k STEP) in GeV: what the Boltzmann
equation asks for (P. Gondolo, G. Gelmini, doi:10.1016/0550-3213(91)90438-4).
"""


@jit
def plasma(temperature: float) -> tuple[float, float]:
    """Return h* and sqrt(g_eff) at a temperature in GeV, from `PLASMA`."""
    position = (math.log(temperature) - FIRST) / STEP
    position = min(max(position, 0.0), len(PLASMA) - 1.000001)
    k = int(position)
    f = position - k
    return PLASMA[k, 0] + f * (PLASMA[k + 1, 0] - PLASMA[k, 0]), PLASMA[k, 1] + f * (
        PLASMA[k + 1, 1] - PLASMA[k, 1]
    )
