"""Decay widths of the ALP times f_a^2, in GeV^3."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np

from terranova.models.alp import inputs as sm
from terranova.models.physics import pseudoscalar
from terranova.models.physics._jit import jit
from terranova.models.physics.loops import abs2
from terranova.models.physics.low_energy import alpha_em, alpha_s
from terranova.models.physics.tables import interval
from terranova.types import Floats

_TABLES = json.loads((Path(__file__).parent / "tables.json").read_text())
HADRON_MASSES: Floats = np.array(_TABLES["m"])
EXCLUSIVE = ("3pi", "etapipi", "etappipi", "gampipi", "omegaomega")
"""Exclusive hadronic channels of chiral perturbation theory, charged and neutral pions added up."""
N_EXCLUSIVE = len(EXCLUSIVE)
_VMD = N_EXCLUSIVE * 10

M_LOWEST, M_EXCLUSIVE_MAX = 0.3, 3.0
"""GeV; where the tables begin and end."""
M_PERTURBATIVE = 1.4
"""GeV; below it ALPaca does not try quarks and gluons, above it takes the larger sum; arXiv:2508.08354."""
M_GLUONS = 0.6
"""GeV; below it a width to gluons is not given at all, as in arXiv:2508.08354."""
M_BLEND_LOW, M_BLEND_HIGH = 1.5, 2.5
"""GeV; between them a -> gamma gamma goes from vector mesons to quarks linearly, as in arXiv:2508.08354."""
CHIRAL_PHOTON = -2.0156
"""Coefficient of c_G in the photon coupling below m_eta': -6 tr(kappa Q^2), kappa proportional to 1/m_q;
arXiv:1708.00443, arXiv:1811.03474."""

# Quarks in the two-loop gluon contribution to a -> gamma gamma: squared charge, mass, mass in the logarithm.
_TWO_LOOP = np.array(
    [
        [4 / 9, sm.M_U, sm.M_PI0],
        [1 / 9, sm.M_D, sm.M_PI0],
        [4 / 9, sm.M_C, sm.M_C],
        [1 / 9, sm.M_S, sm.M_KP],
        [4 / 9, sm.M_TOP, sm.M_TOP],
        [1 / 9, sm.M_B, sm.M_B],
    ]
)
_CONSTANT = -11.0 / 3.0
"""delta_1 of arXiv:1708.00443."""


def hadron_table() -> Floats:
    """(47, 54): for each mass five quadratic forms of ten numbers, and the four of photon_vmd; see tables.json."""
    columns = [np.array(_TABLES["widths"][name]) for name in EXCLUSIVE]
    return np.ascontiguousarray(np.column_stack([*columns, np.array(_TABLES["photon_vmd"])]))


@jit
def fermion_coupling(
    c: float, charge: float, quark: bool, m_f: float, m_a: float, c_g: float, c_gamma: float, loop: Floats
) -> complex:
    """Axial coupling with two photons, or gluons, in a loop; arXiv:1708.00443. Couplings of the loop at m_f."""
    log = math.log((m_a / m_f) ** 2) + _CONSTANT
    total = log + pseudoscalar.photon_loop(loop, (2.0 * m_f / m_a) ** 2)
    factor = (
        12.0 * (charge * alpha_em(m_f) / (4.0 * math.pi)) * (charge * alpha_em(m_f) / (4.0 * math.pi)) * c_gamma
    )
    if quark:
        factor += 16.0 * (alpha_s(m_f) / (4.0 * math.pi)) ** 2 * c_g
    return c - factor * total


@jit
def to_fermions(
    c: float, charge: float, quark: bool, m_f: float, m_a: float, c_g: float, c_gamma: float, loop: Floats
) -> float:
    """a -> f fbar; arXiv:1708.00443. Zero below threshold."""
    beta2 = 1.0 - (2.0 * m_f / m_a) ** 2
    if beta2 <= 0.0:
        return 0.0
    coupling = fermion_coupling(c, charge, quark, m_f, m_a, c_g, c_gamma, loop)
    colour = 3.0 if quark else 1.0
    return colour * m_a * m_f * m_f * abs2(coupling) * math.sqrt(beta2) / (8.0 * math.pi)


@jit
def quark_loop(c: float, m_q: float, m_a: float) -> complex:
    """c B_1(4 m_q^2/m_a^2)."""
    return c * pseudoscalar.anomaly_loop((2.0 * m_q / m_a) ** 2)


@jit
def to_gluons(m_a: float, c_g: float, c_uu: float, c_dd: float, c_ss: float, c_cc: float, c_bb: float) -> float:
    """a -> gg with the NLO factor of 1 + 83 alpha_s/4 pi; arXiv:1708.00443.

    The factor is about 3 at 2 GeV: half of the width is uncertain. Below 1 GeV the number has no meaning.
    """
    if m_a < M_GLUONS:
        return 0.0
    light = quark_loop(c_uu, sm.M_U, m_a) + quark_loop(c_dd, sm.M_D, m_a) + quark_loop(c_ss, sm.M_S, m_a)
    amplitude = c_g + 0.5 * (light + quark_loop(c_cc, sm.M_C, m_a) + quark_loop(c_bb, sm.M_B, m_a))
    a_s = alpha_s(m_a)
    return a_s**2 * m_a**3 / (8.0 * math.pi**3) * abs2(amplitude) * (1.0 + 83.0 / 4.0 * a_s / math.pi)


@jit
def interpolate(table: Floats, m_a: float, out: Floats) -> None:
    """Row (54,) of `hadron_table` at m_a, linear between the masses; zero beyond 3 GeV."""
    if m_a > M_EXCLUSIVE_MAX or m_a < M_LOWEST:
        out[:] = 0.0
        return
    low = interval(HADRON_MASSES, m_a)
    u = (m_a - HADRON_MASSES[low]) / (HADRON_MASSES[low + 1] - HADRON_MASSES[low])
    for k in range(table.shape[1]):
        out[k] = (1.0 - u) * table[low, k] + u * table[low + 1, k]


@jit
def exclusive(row: Floats, channel: int, c_g: float, c_uu: float, c_dd: float, c_ss: float) -> float:
    """Width of one of EXCLUSIVE from an interpolated row."""
    k = 10 * channel
    total = row[k] * c_g * c_g + row[k + 2] * c_uu * c_uu + row[k + 5] * c_dd * c_dd + row[k + 9] * c_ss * c_ss
    mixed = c_g * (row[k + 1] * c_uu + row[k + 3] * c_dd + row[k + 6] * c_ss)
    mixed += row[k + 4] * c_uu * c_dd + c_ss * (row[k + 7] * c_uu + row[k + 8] * c_dd)
    width: float = total + 2.0 * mixed
    return max(width, 0.0)


@jit
def two_loop_photons(m_a: float, f_a: float, c_g: float) -> complex:
    """Photon coupling by two gluons and a quark loop; arXiv:1708.00443, cut off at 32 pi^2 |c_G| f_a."""
    if c_g == 0.0 or m_a < sm.M_ETAP:
        return 0j
    cutoff = 2.0 * math.log(abs(c_g) * 32.0 * math.pi**2 * f_a)
    total = 0j
    for k in range(len(_TWO_LOOP)):
        logarithm = cutoff - 2.0 * math.log(_TWO_LOOP[k, 2])
        total += quark_loop(_TWO_LOOP[k, 0] * logarithm, _TWO_LOOP[k, 1], m_a)
    return (-1.5 * (alpha_s(m_a) / math.pi) ** 2 * c_g) * total


@jit
def to_photons(
    m_a: float,
    f_a: float,
    c_g: float,
    c_gamma: float,
    leptons: Floats,
    c_uu: float,
    c_dd: float,
    c_ss: float,
    c_cc: float,
    c_bb: float,
    row: Floats,
) -> float:
    """a -> gamma gamma; arXiv:1708.00443, light quarks below 2.5 GeV as in arXiv:1811.03474.

    Args:
        m_a, f_a: GeV.
        leptons: (3,) axial couplings to e, mu, tau.
        row: of `interpolate`.
    """
    total = c_gamma + quark_loop(leptons[0], sm.M_E, m_a) + quark_loop(leptons[1], sm.M_MU, m_a)
    total += quark_loop(leptons[2], sm.M_TAU, m_a) + quark_loop(4.0 / 3.0 * c_cc, sm.M_C, m_a)
    total += quark_loop(1.0 / 3.0 * c_bb, sm.M_B, m_a)
    vmd = row[_VMD] * c_g + row[_VMD + 1] * c_uu + row[_VMD + 2] * c_dd + row[_VMD + 3] * c_ss
    if m_a > M_BLEND_LOW:
        share = min(m_a - M_BLEND_LOW, 1.0)
        quarks = quark_loop(4.0 / 3.0 * c_uu, sm.M_U, m_a) + quark_loop(1.0 / 3.0 * c_dd, sm.M_D, m_a)
        quarks += quark_loop(1.0 / 3.0 * c_ss, sm.M_S, m_a) + two_loop_photons(m_a, f_a, c_g)
        total += share * quarks
        if m_a <= M_BLEND_HIGH:
            total += (1.0 - share) * vmd
    else:
        total += vmd
        if m_a < sm.M_ETAP:
            total += CHIRAL_PHOTON * c_g
    return alpha_em(m_a) ** 2 * m_a**3 / (64.0 * math.pi**3) * abs2(total)
