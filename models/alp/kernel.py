"""The compiled kernel: all observables of many points in one pass."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from terranova.models.alp import escape, guards, hadrons, running, transitions, widths
from terranova.models.alp import inputs as sm
from terranova.models.alp.observables import COLUMN, OBSERVABLES
from terranova.models.alp.parameters import M_MAX, M_MIN
from terranova.models.physics._jit import jit, jit_kernel, source_fingerprint
from terranova.models.physics.pseudoscalar import photon_loop_table
from terranova.types import Floats

N_PARAMETERS = 19
N_OBSERVABLES = len(OBSERVABLES)
WIDTH_FLOOR = 1e-60
"""GeV; an ALP without couplings is not stable for ever, or c tau would be no number."""

COUPLING = COLUMN["c_sbV_re"]
WIDTH = COLUMN["W_ee"]
PART = COLUMN["W_gg"]
TOTAL = COLUMN["W_SM"]
BRANCHING = COLUMN["BRa_ee"]
LENGTH = COLUMN["ctau"]
B_DECAY = COLUMN["BR_BpKa"]
SPREAD = COLUMN["hadronic_spread"]
ESCAPE = COLUMN["Pinv_belle2"]
STAR = COLUMN["BRinv_babar_Kst"]
SEARCH = COLUMN["BRinv_K0"]
GUARD = COLUMN["BR_Bp_new"]
N_LOW = len(running.LOW_ENERGY)
_CG, _CW, _CB = (3 + running.COUPLINGS.index(name) for name in ("cG", "cW", "cB"))


class Detectors(NamedTuple):
    """Boosts and lengths in cm of the two experiments; `mean` as in `escape.escape_probability`."""

    boost_belle2: float
    length_belle2: float
    boost_babar: float
    length_babar: float
    mean: bool


@jit
def low_energy_couplings(table: Floats, x: Floats, out: Floats) -> None:
    """Couplings (10,) of `running.LOW_ENERGY` of a point x (19,); c23R is not among them."""
    t = math.log(x[2] / sm.SCALE_W)
    i = min(int(t / running.STEP), len(table) - 2)
    u = t / running.STEP - i
    w0, w1 = (1.0 - u) ** 2 * (1.0 + 2.0 * u), u * u * (3.0 - 2.0 * u)
    d0, d1 = (1.0 - u) ** 2 * u * running.STEP, -u * u * (1.0 - u) * running.STEP
    for row in range(N_LOW):
        total = 0.0
        for k in range(running.TREE + 1):
            c = x[3 + k]
            if c != 0.0:
                value = w0 * table[i, 0, row, k] + w1 * table[i + 1, 0, row, k]
                value += d0 * table[i, 1, row, k] + d1 * table[i + 1, 1, row, k]
                total += value * c
        out[row] = total


@jit
def write_widths(
    x: Floats,
    c: Floats,
    c_gamma: float,
    choice: hadrons.Choice,
    t: hadrons.Tables,
    loop: Floats,
    work: Floats,
    row: Floats,
) -> float:
    """Columns of the ALP's decays; returns c tau in cm.

    `work` has room for a row of the chiral table, and four couplings behind it.
    """
    m_a, f_a, c_g, dark = x[0], x[1], x[_CG], x[18]
    ee, mumu, tautau, uu, dd, ss, cc, bb = c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9]
    unit = 1.0 / f_a**2
    light, work = work[-4:], work[:-4]
    light[0], light[1], light[2], light[3] = c_g, uu, dd, ss
    widths.interpolate(t.chiral, m_a, work)
    row[WIDTH] = unit * widths.to_fermions(ee, -1.0, False, sm.M_E, m_a, c_g, c_gamma, loop)
    row[WIDTH + 1] = unit * widths.to_fermions(mumu, -1.0, False, sm.M_MU, m_a, c_g, c_gamma, loop)
    row[WIDTH + 2] = unit * widths.to_fermions(tautau, -1.0, False, sm.M_TAU, m_a, c_g, c_gamma, loop)
    row[WIDTH + 3] = unit * widths.to_photons(m_a, f_a, c_g, c_gamma, c[2:5], uu, dd, ss, cc, bb, work)
    gluons = widths.to_gluons(m_a, c_g, uu, dd, ss, cc, bb)
    charm = widths.to_fermions(cc, 2.0 / 3.0, True, sm.M_C, m_a, c_g, c_gamma, loop)
    row[PART], row[PART + 1] = unit * gluons, unit * charm
    parts = row[PART + 2 : PART + 2 + hadrons.N_CHANNELS]
    used, low, high = hadrons.hadronic_width(m_a, light, gluons, charm, choice, t, work, parts)
    for k in range(hadrons.N_CHANNELS):
        parts[k] *= unit
    row[WIDTH + 4] = unit * used
    others = row[WIDTH] + row[WIDTH + 1] + row[WIDTH + 2] + row[WIDTH + 3]
    visible = others + row[WIDTH + 4]
    total: float = max(visible / (1.0 - dark), WIDTH_FLOOR)
    row[TOTAL], row[TOTAL + 1] = visible, total
    for k in range(5):
        row[BRANCHING + k] = row[WIDTH + k] / total
    ctau: float = sm.HBARC_CM / total
    row[LENGTH], row[LENGTH + 1] = ctau, math.log10(ctau)
    row[SPREAD] = hadrons.ratio(low, high)
    row[SPREAD + 1] = 1.0 if row[SPREAD] <= hadrons.RELIABLE else 0.0
    floor = WIDTH_FLOOR * (1.0 - dark)
    row[SPREAD + 2] = 0.5 * math.log(hadrons.ratio(others + unit * low + floor, others + unit * high + floor))
    return ctau


@jit
def write_b_decays(x: Floats, form_factors: Floats, vector2: float, axial2: float, row: Floats) -> None:
    """Columns of the branching ratios of B mesons from |c_sb|^2 / f_a^2."""
    m_a = x[0]
    q2 = m_a * m_a
    # Form factors are wanted up to the thresholds only.
    f_0 = transitions.scalar_form_factor(form_factors[0], q2)
    low = min(q2, (sm.M_BS - sm.M_PHI) ** 2)
    a_kst = transitions.axial_form_factor(form_factors[1], low, transitions.FF_M_B, transitions.FF_M_KST)
    a_phi = transitions.axial_form_factor(form_factors[2], low, sm.M_BS, sm.M_PHI)
    row[B_DECAY] = vector2 * transitions.to_pseudoscalar(m_a, sm.M_BP, sm.M_KP, f_0) / sm.WIDTH_BP
    row[B_DECAY + 1] = vector2 * transitions.to_pseudoscalar(m_a, sm.M_B0, sm.M_K0, f_0) / sm.WIDTH_B0
    row[B_DECAY + 2] = axial2 * transitions.to_vector(m_a, sm.M_BP, sm.M_KSTP, a_kst) / sm.WIDTH_BP
    row[B_DECAY + 3] = axial2 * transitions.to_vector(m_a, sm.M_B0, sm.M_KST0, a_kst) / sm.WIDTH_B0
    row[B_DECAY + 4] = axial2 * transitions.to_vector(m_a, sm.M_BS, sm.M_PHI, a_phi) / sm.WIDTH_BS


@jit
def relative_error(p: float, slope: float, dark: float, error: float) -> float:
    """Relative error of P_inv = p + (1 - p) dark by that of ln c tau."""
    visible = 1.0 - dark
    return visible * slope * error / (dark + visible * p) if p > 0.0 else 0.0


@jit
def write_escapes(
    m_a: float, ctau: float, error: float, br: float, dark: float, d: Detectors, grid: Floats, out: Floats
) -> None:
    """Columns of P_inv, BR P_inv and the relative error of P_inv at Belle II and BaBar of B+ -> K+ a.

    `error` is the standard deviation of ln c tau.
    """
    p, slope = escape.escape_probability(m_a, ctau, sm.M_BP, sm.M_KP, d.boost_belle2, d.length_belle2, grid, d.mean)
    out[0] = p + (1.0 - p) * dark
    out[1] = br * out[0]
    out[2] = relative_error(p, slope, dark, error)
    p, slope = escape.escape_probability(m_a, ctau, sm.M_BP, sm.M_KP, d.boost_babar, d.length_babar, grid, d.mean)
    out[3] = p + (1.0 - p) * dark
    out[4] = br * out[3]
    out[5] = relative_error(p, slope, dark, error)


@jit
def write_searches(x: Floats, ctau: float, d: Detectors, grid: Floats, row: Floats) -> None:
    """Columns that searches read besides those of `write_escapes`."""
    p, slope = escape.escape_probability(
        x[0], ctau, sm.M_BP, sm.M_KSTP, d.boost_babar, d.length_babar, grid, d.mean
    )
    row[STAR] = row[B_DECAY + 2] * (p + (1.0 - p) * x[18])
    row[STAR + 1] = relative_error(p, slope, x[18], row[SPREAD + 2])
    row[SEARCH] = row[B_DECAY + 1] * row[ESCAPE]
    row[SEARCH + 1] = row[B_DECAY + 3] * row[ESCAPE]
    row[SEARCH + 2] = row[B_DECAY] * row[BRANCHING + 1]
    row[SEARCH + 3] = row[B_DECAY + 3] * row[BRANCHING + 1]
    row[SEARCH + 4] = row[B_DECAY] * row[BRANCHING]


def _make(fingerprint: str) -> Callable[..., None]:
    """Build the loop over points; the fingerprint of the sources makes stale machine code impossible."""

    @jit_kernel
    def alp_kernel(
        x: Floats,
        table: Floats,
        choice: hadrons.Choice,
        t: hadrons.Tables,
        loop: Floats,
        form_factors: Floats,
        grid: Floats,
        d: Detectors,
        out: Floats,
    ) -> None:
        assert len(fingerprint) > 0  # read, so that it becomes part of the cache key
        c, work = np.empty(N_LOW), np.empty(t.chiral.shape[1] + 4)
        highest = sm.SCALE_W * math.exp(running.LOG_LAMBDA_MAX)
        for n in range(len(x)):
            row, point = out[n], x[n]
            inside = M_MIN <= point[0] <= M_MAX and sm.SCALE_W <= point[2] <= highest
            if not (inside and point[1] > 0.0 and 0.0 <= point[18] < 1.0):
                row[:] = np.nan
                continue
            low_energy_couplings(table, point, c)
            c_gamma = point[_CW] + point[_CB]
            left, right = complex(c[0], c[1]), complex(point[17], 0.0)
            vector, axial = right + left, right - left
            row[COUPLING], row[COUPLING + 1] = vector.real, vector.imag
            row[COUPLING + 2], row[COUPLING + 3] = axial.real, axial.imag
            vector2 = vector.real**2 + vector.imag**2
            axial2 = axial.real**2 + axial.imag**2
            row[COUPLING + 4] = math.sqrt(vector2)
            for k in range(2, N_LOW):
                row[COUPLING + 3 + k] = c[k]
            row[COUPLING + 3 + N_LOW] = c_gamma
            ctau = write_widths(point, c, c_gamma, choice, t, loop, work, row)
            unit = 1.0 / point[1] ** 2
            write_b_decays(point, form_factors, unit * vector2, unit * axial2, row)
            error, escapes = row[SPREAD + 2], row[ESCAPE : ESCAPE + 6]
            write_escapes(point[0], ctau, error, row[B_DECAY], point[18], d, grid, escapes)
            write_searches(point, ctau, d, grid, row)
            row[GUARD] = row[B_DECAY] + row[B_DECAY + 2]
            row[GUARD + 1] = guards.br_bs_mumu(point[0], point[1], row[TOTAL + 1], left - right, c[3])
            row[GUARD + 2] = guards.delta_m_s(point[0], point[1], left, right)

    return alp_kernel


@cache
def kernel() -> Callable[..., None]:
    """The compiled kernel."""
    return _make(source_fingerprint(__name__))


@cache
def _tables(leading_log: bool, like_alpaca: bool, mean: bool, hadronic: str) -> tuple[Any, ...]:
    grid = escape.mean_directions() if mean else escape.directions()
    return (
        running.coupling_map(leading_log, like_alpaca),
        hadrons.AS_ALPACA if like_alpaca else hadrons.CHOICES[hadronic],
        hadrons.tables(),
        photon_loop_table(),
        transitions.form_factors(like_alpaca),
        grid,
    )


def observables(x: Floats, detectors: Detectors, leading_log: bool, like_alpaca: bool, hadronic: str) -> Floats:
    """All observables (n, N_OBSERVABLES) of points x (n, 19) in the declared orders, Lambda included.

    Rows are NaN outside the range of the model. Every point is computed on its own: its numbers do not depend on
    the others in the batch.
    """
    out = np.empty((len(x), N_OBSERVABLES))
    tables = _tables(leading_log, like_alpaca, detectors.mean, hadronic)
    kernel()(np.ascontiguousarray(x, dtype=np.float64), *tables, detectors, out)
    return out


def _make_plane(fingerprint: str) -> Callable[..., None]:
    @jit_kernel
    def alp_plane_kernel(x: Floats, grid: Floats, d: Detectors, out: Floats) -> None:
        assert len(fingerprint) > 0  # as above
        for n in range(len(x)):
            if 0.0 < x[n, 0] <= M_MAX and x[n, 1] > 0.0:
                write_escapes(x[n, 0], x[n, 1], 0.0, x[n, 2], 0.0, d, grid, out[n])
            else:
                out[n, :] = np.nan

    return alp_plane_kernel


@cache
def plane_kernel() -> Callable[..., None]:
    """The compiled kernel of `alp-plane`."""
    return _make_plane(source_fingerprint(__name__))


def plane_observables(x: Floats, detectors: Detectors) -> Floats:
    """Columns of `write_escapes` (n, 6) of x (n, 3): mass in GeV, c tau in cm, BR(B+ -> K+ a).

    c tau is given here, so that it has no error.
    """
    out = np.empty((len(x), 6))
    grid = escape.mean_directions() if detectors.mean else escape.directions()
    plane_kernel()(np.ascontiguousarray(x, dtype=np.float64), grid, detectors, out)
    return out
