"""Hadronic width of the ALP: published descriptions, joined to quarks and gluons, and how far they are apart.

Widths are times f_a^2, in GeV^3. Published tables hold for two directions in the space of couplings: c_G alone and
all fermions alike, both at 1 TeV. What is made of other couplings is said at `singlet`.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from terranova.models.alp import widths
from terranova.models.physics._jit import jit
from terranova.models.physics.tables import interval
from terranova.types import Floats

_TABLES = json.loads((Path(__file__).parent / "hadrons.json").read_text())
PUBLISHED = ("1811.03474", "2501.04525")
"""The tabulated descriptions, by the paper of the c_G column; see hadrons.json for the other."""
CHANNELS: tuple[str, ...] = tuple(_TABLES["channels"]["names"])
"""Exclusive channels; the first are `widths.EXCLUSIVE`."""
N_CHANNELS = len(CHANNELS)

HALF_SUM_GLUON = -0.02937
"""(c_uu + c_dd + c_ss)/2 at 5 GeV, in this model, of c_G = 1 at 1 TeV: what the gluon columns contain."""
HALF_SUM_FERMION = 2.8968
"""The same of c_uR = c_dR = c_eR = 2 at 1 TeV: what the fermion columns contain."""

M_PUBLISHED = float(_TABLES["m"][0])
"""GeV; where the published tables begin."""
M_CHIRAL_LOW, M_CHIRAL_HIGH = 0.85, 0.95
"""GeV; between them chiral perturbation theory, which knows all couplings and agrees with the tables there, goes
over to the tables."""
M_FADE = 0.03
"""GeV; width of the range above M_PUBLISHED in which the tables begin to count for the spread."""
M_JOIN_LOW, M_JOIN_HIGH = 1.9, 2.2
"""GeV; between them the tables go over to gg. Their own gluons begin at 1.84 and 1.5 GeV (c_G),
2.0 and 2.17 GeV (fermions)."""
MOST = 1e3
"""Largest ratio of widths that is told apart."""
RELIABLE = 2.0
"""Descriptions that differ by less are called reliable."""

ALPACA, EXACT = 2, 3
"""Codes beside those of the tables: ALPaca's amplitudes joined smoothly, and its own rule."""


class Choice(NamedTuple):
    """A description of the hadronic width.

    Attributes:
        code: index into PUBLISHED, ALPACA or EXACT.
        low, high: GeV; between them mesons go over to quarks and gluons.
    """

    code: int
    low: float
    high: float


CHOICES = {
    PUBLISHED[0]: Choice(0, M_JOIN_LOW, M_JOIN_HIGH),
    PUBLISHED[1]: Choice(1, M_JOIN_LOW, M_JOIN_HIGH),
    "alpaca": Choice(ALPACA, 1.35, 1.45),
    "perturbative": Choice(0, 1.0, 1.2),
}
"""The option `hadronic` of the model."""
AS_ALPACA = Choice(EXACT, 1.35, 1.45)


class Tables(NamedTuple):
    """What the kernel interpolates in.

    Attributes:
        chiral: (47, 54) of `widths.hadron_table`.
        masses: (n,) GeV.
        curves: (n, 4) logarithms of widths: gluon and fermion of each of PUBLISHED.
        shares: (n, 4, N_CHANNELS) parts of the channels in them.
        gluon_masses: (g,) GeV.
        gluon_factors: (g, 2) a -> gg of each of PUBLISHED over that of `widths.to_gluons`.
    """

    chiral: Floats
    masses: Floats
    curves: Floats
    shares: Floats
    gluon_masses: Floats
    gluon_factors: Floats


def tables() -> Tables:
    """The content of hadrons.json and tables.json as arrays."""
    masses, found, at = np.array(_TABLES["m"]), _TABLES["channels"], np.array(_TABLES["channels"]["m"])
    directions = [(name, kind) for name in PUBLISHED for kind in ("gluon", "fermion")]
    curves = np.column_stack([np.log(_TABLES["width"][name][kind]) for name, kind in directions])
    shares = np.empty((len(masses), 4, N_CHANNELS))
    for i, (name, kind) in enumerate(directions):
        for k in range(N_CHANNELS):
            shares[:, i, k] = np.interp(masses, at, np.array(found[name][kind])[:, k])
    gluon_masses = np.array(_TABLES["gluons"]["m"])
    # The columns contain the couplings to quarks that c_G = 1 induces; masses of quarks are of no account here.
    mine = np.array([_to_gluons(m) for m in gluon_masses]) * (1.0 + HALF_SUM_GLUON) ** 2
    factors = np.column_stack([np.array(_TABLES["gluons"][name]) / mine for name in PUBLISHED])
    return Tables(widths.hadron_table(), masses, curves, shares, gluon_masses, factors)


def _to_gluons(m_a: float) -> float:
    return widths.to_gluons(m_a, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@jit
def step(x: float, low: float, high: float) -> float:
    """0 below low, 1 above high, with a continuous slope."""
    u = min(max((x - low) / (high - low), 0.0), 1.0)
    return u * u * (3.0 - 2.0 * u)


@jit
def singlet(gluon: float, fermion: float, c_g: float, half_sum: float, coherent: bool) -> float:
    """Width by a published description, of the couplings that do not tell the light quarks apart.

    The couplings are c_G times those of the gluon column, and what is left of (c_uu + c_dd + c_ss)/2 as a multiple
    of the fermion column. Between the two the tables know no phase. Coherent: amplitudes add up as in a -> gg,
    where only c_G + (c_uu + c_dd + c_ss)/2 counts (arXiv:1708.00443). Otherwise widths add up.

    Args:
        gluon, fermion: widths of the columns.
        c_g: coupling to gluons.
        half_sum: of the couplings to light quarks.
        coherent: see above.
    """
    rest = (half_sum - c_g * HALF_SUM_GLUON) / HALF_SUM_FERMION
    if coherent:
        return (c_g * math.sqrt(gluon) + rest * math.sqrt(fermion)) ** 2
    return c_g * c_g * gluon + rest * rest * fermion


@jit
def hadronic_width(
    m_a: float,
    c: Floats,
    gluons: float,
    charm: float,
    choice: Choice,
    t: Tables,
    work: Floats,
    parts: Floats,
) -> tuple[float, float, float]:
    """Width to hadrons, and the smallest and largest that the descriptions give.

    Args:
        m_a: GeV.
        c: (4,) c_G, c_uu, c_dd, c_ss.
        gluons, charm: a -> gg and a -> cc.
        choice: which description.
        t: of `tables`.
        work: (54,) row of `widths.interpolate` at m_a.
        parts: (N_CHANNELS,) becomes the exclusive channels' part of the width.
    """
    c_g, half_sum = c[0], 0.5 * (c[1] + c[2] + c[3])
    mean = 2.0 / 3.0 * half_sum
    chiral, unlike = 0.0, 0.0
    for k in range(widths.N_EXCLUSIVE):
        chiral += widths.exclusive(work, k, c_g, c[1], c[2], c[3])
        # What differs between the quarks is in no table: chiral perturbation theory, and no interference.
        unlike += widths.exclusive(work, k, 0.0, c[1] - mean, c[2] - mean, c[3] - mean)
    i = interval(t.masses, m_a)
    at = min(max(m_a, t.masses[0]), t.masses[-1])
    u = (at - t.masses[i]) / (t.masses[i + 1] - t.masses[i])
    j = interval(t.gluon_masses, m_a)
    above = min(max(m_a, t.gluon_masses[0]), t.gluon_masses[-1])
    v = (above - t.gluon_masses[j]) / (t.gluon_masses[j + 1] - t.gluon_masses[j])
    begin, end = step(m_a, M_PUBLISHED, M_PUBLISHED + M_FADE), step(m_a, M_JOIN_LOW, M_JOIN_HIGH)
    meson, quark = step(m_a, M_CHIRAL_LOW, M_CHIRAL_HIGH), step(m_a, choice.low, choice.high)

    used, low, high = -1.0, math.inf, 0.0
    for d in range(2):
        gluon = math.exp((1.0 - u) * t.curves[i, 2 * d] + u * t.curves[i + 1, 2 * d])
        fermion = math.exp((1.0 - u) * t.curves[i, 2 * d + 1] + u * t.curves[i + 1, 2 * d + 1])
        alike = singlet(gluon, fermion, c_g, half_sum, True)
        if d == choice.code:
            used = (1.0 - quark) * ((1.0 - meson) * chiral + meson * (alike + unlike)) + quark * gluons
            rest = (half_sum - c_g * HALF_SUM_GLUON) / HALF_SUM_FERMION
            write_parts(c_g * c_g * gluon, rest * rest * fermion, alike, t.shares, i, u, d, parts)
            for k in range(N_CHANNELS):
                parts[k] *= (1.0 - quark) * meson
            for k in range(widths.N_EXCLUSIVE):
                parts[k] += (1.0 - quark) * (1.0 - meson) * widths.exclusive(work, k, c_g, c[1], c[2], c[3])
                other = widths.exclusive(work, k, 0.0, c[1] - mean, c[2] - mean, c[3] - mean)
                parts[k] += (1.0 - quark) * meson * other
        factor = (1.0 - v) * t.gluon_factors[j, d] + v * t.gluon_factors[j + 1, d]
        apart = singlet(gluon, fermion, c_g, half_sum, False)
        # As published, and as joined here; with an unknown phase; and without what no table has.
        for mesons, quarks in (
            (alike + unlike, factor * gluons),
            (alike + unlike, gluons),
            (apart + unlike, gluons),
            (alike, gluons),
        ):
            value = (1.0 - end) * ((1.0 - begin) * chiral + begin * mesons) + end * quarks
            low, high = min(low, value), max(high, value)
    if choice.code >= ALPACA:
        for k in range(N_CHANNELS):
            parts[k] = widths.exclusive(work, k, c_g, c[1], c[2], c[3]) if k < widths.N_EXCLUSIVE else 0.0
        larger = max(gluons + charm, chiral)
        if choice.code == EXACT:
            used = larger if m_a > widths.M_PERTURBATIVE else chiral
        else:
            used = (1.0 - quark) * chiral + quark * larger
    else:
        used += charm
    return used, min(low + charm, used), max(high + charm, used)


@jit
def write_parts(
    gluon: float, fermion: float, total: float, shares: Floats, i: int, u: float, d: int, parts: Floats
) -> None:
    """Split a width into channels (N_CHANNELS,) as those of the two columns are split, weighted by their widths."""
    both = gluon + fermion
    for k in range(N_CHANNELS):
        if both > 0.0:
            first = (1.0 - u) * shares[i, 2 * d, k] + u * shares[i + 1, 2 * d, k]
            second = (1.0 - u) * shares[i, 2 * d + 1, k] + u * shares[i + 1, 2 * d + 1, k]
            parts[k] = total * (gluon * first + fermion * second) / both
        else:
            parts[k] = 0.0


@jit
def ratio(low: float, high: float) -> float:
    """high/low, between 1 and MOST; 1 if both are 0."""
    if high <= low * MOST:
        return high / low if low > 0.0 else 1.0
    return MOST
