"""The compiled kernel: all observables of many points in one pass."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from terranova.models.alp import escape, guards, running, transitions, widths
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
ESCAPE = COLUMN["Pinv_belle2"]
SEARCH = COLUMN["BRinv_babar_Kst"]
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
    x: Floats, c: Floats, c_gamma: float, hadrons: Floats, loop: Floats, work: Floats, row: Floats
) -> float:
    """Columns of the ALP's decays; returns c tau in cm."""
    m_a, f_a, c_g, dark = x[0], x[1], x[_CG], x[18]
    ee, mumu, tautau, uu, dd, ss, cc, bb = c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9]
    unit = 1.0 / f_a**2
    widths.interpolate(hadrons, m_a, work)
    row[WIDTH] = unit * widths.to_fermions(ee, -1.0, False, sm.M_E, m_a, c_g, c_gamma, loop)
    row[WIDTH + 1] = unit * widths.to_fermions(mumu, -1.0, False, sm.M_MU, m_a, c_g, c_gamma, loop)
    row[WIDTH + 2] = unit * widths.to_fermions(tautau, -1.0, False, sm.M_TAU, m_a, c_g, c_gamma, loop)
    row[WIDTH + 3] = unit * widths.to_photons(m_a, f_a, c_g, c_gamma, c[2:5], uu, dd, ss, cc, bb, work)
    gluons = unit * widths.to_gluons(m_a, c_g, uu, dd, ss, cc, bb)
    charm = unit * widths.to_fermions(cc, 2.0 / 3.0, True, sm.M_C, m_a, c_g, c_gamma, loop)
    row[PART], row[PART + 1] = gluons, charm
    exclusive = 0.0
    for k in range(widths.N_EXCLUSIVE):
        row[PART + 2 + k] = unit * widths.exclusive(work, k, c_g, uu, dd, ss)
        exclusive += row[PART + 2 + k]
    perturbative = gluons + charm
    row[WIDTH + 4] = perturbative if m_a > widths.M_PERTURBATIVE and perturbative > exclusive else exclusive
    visible = row[WIDTH] + row[WIDTH + 1] + row[WIDTH + 2] + row[WIDTH + 3] + row[WIDTH + 4]
    total: float = max(visible / (1.0 - dark), WIDTH_FLOOR)
    row[TOTAL], row[TOTAL + 1] = visible, total
    for k in range(5):
        row[BRANCHING + k] = row[WIDTH + k] / total
    ctau: float = sm.HBARC_CM / total
    row[LENGTH], row[LENGTH + 1] = ctau, math.log10(ctau)
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
def write_escapes(m_a: float, ctau: float, br: float, dark: float, d: Detectors, grid: Floats, out: Floats) -> None:
    """Columns of P_inv and BR P_inv at Belle II and BaBar of B+ -> K+ a."""
    p = escape.escape_probability(m_a, ctau, sm.M_BP, sm.M_KP, d.boost_belle2, d.length_belle2, grid, d.mean)
    out[0] = p + (1.0 - p) * dark
    out[1] = br * out[0]
    p = escape.escape_probability(m_a, ctau, sm.M_BP, sm.M_KP, d.boost_babar, d.length_babar, grid, d.mean)
    out[2] = p + (1.0 - p) * dark
    out[3] = br * out[2]


@jit
def write_searches(x: Floats, ctau: float, d: Detectors, grid: Floats, row: Floats) -> None:
    """Columns that searches read besides those of `write_escapes`."""
    p = escape.escape_probability(x[0], ctau, sm.M_BP, sm.M_KSTP, d.boost_babar, d.length_babar, grid, d.mean)
    row[SEARCH] = row[B_DECAY + 2] * (p + (1.0 - p) * x[18])
    row[SEARCH + 1] = row[B_DECAY + 1] * row[ESCAPE]
    row[SEARCH + 2] = row[B_DECAY + 3] * row[ESCAPE]
    row[SEARCH + 3] = row[B_DECAY] * row[BRANCHING + 1]
    row[SEARCH + 4] = row[B_DECAY + 3] * row[BRANCHING + 1]
    row[SEARCH + 5] = row[B_DECAY] * row[BRANCHING]


def _make(fingerprint: str) -> Callable[..., None]:
    """Build the loop over points; the fingerprint of the sources makes stale machine code impossible."""

    @jit_kernel
    def alp_kernel(
        x: Floats,
        table: Floats,
        hadrons: Floats,
        loop: Floats,
        form_factors: Floats,
        grid: Floats,
        d: Detectors,
        out: Floats,
    ) -> None:
        assert len(fingerprint) > 0  # read, so that it becomes part of the cache key
        c, work = np.empty(N_LOW), np.empty(hadrons.shape[1])
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
            ctau = write_widths(point, c, c_gamma, hadrons, loop, work, row)
            unit = 1.0 / point[1] ** 2
            write_b_decays(point, form_factors, unit * vector2, unit * axial2, row)
            write_escapes(point[0], ctau, row[B_DECAY], point[18], d, grid, row[ESCAPE : ESCAPE + 4])
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
def _tables(leading_log: bool, like_alpaca: bool, mean: bool) -> tuple[Floats, ...]:
    grid = escape.mean_directions() if mean else escape.directions()
    return (
        running.coupling_map(leading_log, like_alpaca),
        widths.hadron_table(),
        photon_loop_table(),
        transitions.form_factors(like_alpaca),
        grid,
    )


def observables(x: Floats, detectors: Detectors, leading_log: bool = False, like_alpaca: bool = False) -> Floats:
    """All observables (n, N_OBSERVABLES) of points x (n, 19) in the declared orders, Lambda included.

    Rows are NaN outside the range of the model. Every point is computed on its own: its numbers do not depend on
    the others in the batch.
    """
    out = np.empty((len(x), N_OBSERVABLES))
    tables = _tables(leading_log, like_alpaca, detectors.mean)
    kernel()(np.ascontiguousarray(x, dtype=np.float64), *tables, detectors, out)
    return out


def _make_plane(fingerprint: str) -> Callable[..., None]:
    @jit_kernel
    def alp_plane_kernel(x: Floats, grid: Floats, d: Detectors, out: Floats) -> None:
        assert len(fingerprint) > 0  # as above
        for n in range(len(x)):
            if 0.0 < x[n, 0] <= M_MAX and x[n, 1] > 0.0:
                write_escapes(x[n, 0], x[n, 1], x[n, 2], 0.0, d, grid, out[n])
            else:
                out[n, :] = np.nan

    return alp_plane_kernel


@cache
def plane_kernel() -> Callable[..., None]:
    """The compiled kernel of `alp-plane`."""
    return _make_plane(source_fingerprint(__name__))


def plane_observables(x: Floats, detectors: Detectors) -> Floats:
    """P_inv and BR P_inv at Belle II and BaBar (n, 4) of x (n, 3): mass in GeV, c tau in cm, BR(B+ -> K+ a)."""
    out = np.empty((len(x), 4))
    grid = escape.mean_directions() if detectors.mean else escape.directions()
    plane_kernel()(np.ascontiguousarray(x, dtype=np.float64), grid, detectors, out)
    return out
