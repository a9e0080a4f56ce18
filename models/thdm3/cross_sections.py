"""Tables: cross sections at 13 TeV, widths of vector pairs, and widths of charged scalars with an off-shell top."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np

from terranova.models.physics import sm
from terranova.models.physics._jit import jit
from terranova.models.physics.tables import interpolate_log, log_table
from terranova.types import Floats

TABLES = json.loads((Path(__file__).parent / "tables.json").read_text())


def _table(name: str) -> Floats:
    return log_table(TABLES[name]["m"], TABLES[name]["y"])


SIGMA_GG = _table("sigma_gg_13TeV")
SIGMA_BB = _table("sigma_bb_13TeV")
SIGMA_VBF = _table("sigma_vbf_13TeV")
SIGMA_TTH = _table("sigma_tth_13TeV")
SIGMA_TBH = _table("sigma_tbh_13TeV")
WIDTH_WW = _table("width_ww")
WIDTH_ZZ = _table("width_zz")

TTA_OVER_TTH = _table("tta_over_tth_13TeV")
_PAIRS = TABLES["sigma_hphi_13TeV"]
LN_SIGMA_PAIR = np.log(np.array(_PAIRS["y"]))
"""ln of sigma(pp -> H+- phi) in pb for the full coupling: (sums of masses, squared asymmetries)."""
_LN_SUM, _LN_SUM_STEP = math.log(_PAIRS["sum"][0]), math.log(_PAIRS["sum"][1] / _PAIRS["sum"][0])
_ASYMMETRY_STEP = _PAIRS["asymmetry"][1]

TBH_X2_WEIGHT = 2.8e-4
"""Weight of X^2 relative to Y^2 in pp -> tbH: 2.6e-4 to 3.0e-4 in the tables of the LHC Higgs working group."""

SIGMA_TTBAR = 831.76
"""pp -> t tbar at 13 TeV in pb, NNLO+NNLL for m_t = 172.5 GeV; arXiv:1112.5675, LHC top working group."""


@jit
def tta(m: float) -> float:
    """pp -> t tbar A at 13 TeV in pb for the coupling of a SM Higgs boson: tt H times a ratio of leading order."""
    return interpolate_log(SIGMA_TTH, m) * interpolate_log(TTA_OVER_TTH, m)


@jit
def pair_with_charged(m_charged: float, m_neutral: float) -> float:
    """pp -> W* -> H+- phi at 13 TeV in pb, both charges, for the coupling (g/2) W (H d phi - phi d H).

    ln sigma is linear in ln(sum of masses) and in ((m1 - m2)/(m1 + m2))^2 between nodes, and beyond them.
    """
    total = m_charged + m_neutral
    x = (math.log(total) - _LN_SUM) / _LN_SUM_STEP
    y = ((m_charged - m_neutral) / total) ** 2 / _ASYMMETRY_STEP
    i = min(max(int(x), 0), LN_SIGMA_PAIR.shape[0] - 2)
    j = min(max(int(y), 0), LN_SIGMA_PAIR.shape[1] - 2)
    u, v = x - i, y - j
    low = (1.0 - v) * LN_SIGMA_PAIR[i, j] + v * LN_SIGMA_PAIR[i, j + 1]
    high = (1.0 - v) * LN_SIGMA_PAIR[i + 1, j] + v * LN_SIGMA_PAIR[i + 1, j + 1]
    return math.exp((1.0 - u) * low + u * high)


# --- H+ -> t* b -> W b b ------------------------------------------------------------------------------------
OFF_SHELL_TOP_BELOW = 196.0
"""In GeV: below, H+ -> tb has a top with its Breit-Wigner shape; there both widths cross, at 0.1 %."""

_NODES = np.array([95.0, *range(96, 150, 2), *range(150, 172), *np.arange(172.0, 184.0, 0.5), *range(184, 198)])
_LEGENDRE = np.polynomial.legendre.leggauss(200)


def top_width(mass: Floats | float) -> Floats:
    """t -> b W of a top of any mass in GeV, leading order, m_b = 0: hep-ph/9302295."""
    x = (sm.M_W / np.asarray(mass)) ** 2
    return np.asarray(mass**3 / (16.0 * math.pi * sm.VEV**2) * (1.0 - x) ** 2 * (1.0 + 2.0 * x))


def off_shell_top_bottom(m: float, mass_term: bool = True) -> float:
    """Width of H+ -> t* b -> W b b in GeV for |V_tb| = 1, over the Yukawa coupling.

    The factor for the mass s^(1/2) of the virtual top is, with the on-shell width Gamma_2 of H+ -> t(s) b,

        1/pi Gamma_t(s) m_t^2 / [s^(1/2) ((s - m_t^2)^2 + m_t^2 Gamma_t^2)] Gamma_2(s)

    where the Yukawa coupling is m_t Y: W bosons couple to the other helicity, so that the propagator gives its mass
    term. With m_b X it gives its momentum, s in place of m_t^2. Without width and with m_b = 0 this is the formula
    of Djouadi, Kalinowski and Zerwas, hep-ph/9511342, which the tests compare.

    Args:
        m: mass of the charged scalar in GeV.
        mass_term: True for the part of m_t Y, per m_t^2 Y^2; False for that of m_b X, per m_b^2 X^2.
    """
    least, largest = sm.M_W**2, (m - sm.M_BOTTOM_POLE) ** 2
    m_gamma = sm.M_TOP * float(top_width(sm.M_TOP))
    ends = np.arctan((np.array([least, largest]) - sm.M_TOP**2) / m_gamma)
    # One panel on each side of the peak, in the angle that flattens it.
    middle = min(max(0.0, ends[0]), ends[1])
    total = 0.0
    for low, high in ((ends[0], middle), (middle, ends[1])):
        angle = 0.5 * (low + high) + 0.5 * (high - low) * _LEGENDRE[0]
        s = sm.M_TOP**2 + m_gamma * np.tan(angle)
        x, x_b = s / m**2, (sm.M_BOTTOM_POLE / m) ** 2
        root = np.sqrt(np.maximum((1.0 - x - x_b) ** 2 - 4.0 * x * x_b, 0.0))
        two_body = 3.0 * m / (8.0 * math.pi * sm.VEV**2) * root * (1.0 - x - x_b)
        numerator = sm.M_TOP**2 if mass_term else s
        shape = top_width(np.sqrt(s)) * numerator / np.sqrt(s) / (math.pi * m_gamma)
        total += 0.5 * (high - low) * float(np.sum(_LEGENDRE[1] * shape * two_body))
    return total


TOP_BOTTOM_Y = log_table(list(_NODES), [off_shell_top_bottom(m, True) for m in _NODES])
TOP_BOTTOM_X = log_table(list(_NODES), [off_shell_top_bottom(m, False) for m in _NODES])


@jit
def off_shell_width(m: float, m_t: float, m_b: float, x_d: float, y_u: float) -> float:
    """H+ -> t* b -> W b b in GeV for |V_tb| = 1 without interference of X and Y, which is of order m_b^2."""
    from_top = interpolate_log(TOP_BOTTOM_Y, m) * (m_t * y_u) ** 2
    return from_top + interpolate_log(TOP_BOTTOM_X, m) * (m_b * x_d) ** 2
