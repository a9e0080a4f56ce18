"""From the couplings at Lambda to those below the weak scale: one linear map for each Lambda.

One-loop running, arXiv:2012.12272 eqs. (18)-(20), is linear in the couplings, and so is the matching at 100 GeV.
The differential equation is solved once for the matrix and tabulated in ln Lambda, with slopes: full accuracy at
the cost of a matrix product for each point.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from terranova.models.alp import inputs as sm
from terranova.models.physics.low_energy import alpha_s
from terranova.types import Floats

GROUPS = ("cqL", "cuR", "cdR", "clL", "ceR")
"""Fermion couplings; NAME is the same for all generations, NAME3 is added to the third."""
COUPLINGS = (*GROUPS, *(f"{name}3" for name in GROUPS), "cG", "cW", "cB")
"""Columns of the map."""
LOW_ENERGY = ("sb_re", "sb_im", "ee", "mumu", "tautau", "uu", "dd", "ss", "cc", "bb")
"""Rows of the map: left-handed b -> s coupling (k_D)_sb, then axial couplings c_fR - c_fL."""
TREE = len(COUPLINGS)
"""One column more: for c23L, a left-handed b -> s coupling at Lambda."""

STEP = 0.05
LOG_LAMBDA_MAX = math.log(1e17 / sm.SCALE_W)
"""The table ends at Lambda = 1e17 GeV."""
LOW_SCALE = 5.0
"""GeV; below it the couplings to quarks do not run any further."""

_FULL = (*(f"{name}{generation}" for name in GROUPS for generation in "123"), "cG", "cW", "cB")
_INDEX = {name: i for i, name in enumerate(_FULL)}
_N = len(_FULL)
_LOOP = 1.0 / (16.0 * math.pi**2)


def _row(terms: dict[str, float]) -> Floats:
    row = np.zeros(_N)
    for name, value in terms.items():
        row[_INDEX[name]] += value
    return row


def _anomalous_dimension() -> Floats:
    """Matrices (6, 18, 18) that multiply (alpha_s^2, alpha_2^2, alpha_1^2, y_t^2, y_b^2, y_tau^2).

    16 pi^2 dc/d ln mu is their sum; arXiv:2012.12272 eqs. (18)-(20), arXiv:2012.09017.
    """
    strong, weak, hyper, top, bottom, tau = range(6)
    parts = np.zeros((6, _N, _N))
    # Combinations that field redefinitions leave alone, eq. (20).
    g_gluon, g_w, g_b = _row({"cG": 1.0}), _row({"cW": 1.0}), _row({"cB": 1.0})
    for i in "123":
        g_gluon += _row({f"cqL{i}": -1.0, f"cuR{i}": 0.5, f"cdR{i}": 0.5})
        g_w += _row({f"cqL{i}": -1.5, f"clL{i}": -0.5})
        g_b += _row({f"cuR{i}": 4 / 3, f"cdR{i}": 1 / 3, f"cqL{i}": -1 / 6, f"ceR{i}": 1.0, f"clL{i}": -0.5})
    gauge = {  # coefficients of alpha_s^2, alpha_2^2, alpha_1^2
        "cqL": (-16.0, -9.0, -1.0 / 3.0),
        "cuR": (16.0, 0.0, 16.0 / 3.0),
        "cdR": (16.0, 0.0, 4.0 / 3.0),
        "clL": (0.0, -9.0, -3.0),
        "ceR": (0.0, 0.0, 12.0),
    }
    x_top, x_bottom = _row({"cqL3": 3.0, "cuR3": -3.0}), _row({"cdR3": 3.0, "cqL3": -3.0})
    x_tau = _row({"ceR3": 1.0, "clL3": -1.0})
    for name, coefficients in gauge.items():
        sign = {"cuR": -2.0, "cdR": 2.0, "ceR": 2.0}.get(name, 0.0)  # of X, eq. (19)
        for i in "123":
            at = _INDEX[f"{name}{i}"]
            for part, coefficient, g in zip((strong, weak, hyper), coefficients, (g_gluon, g_w, g_b), strict=True):
                parts[part, at] += coefficient * g
            for part, x in zip((top, bottom, tau), (x_top, x_bottom, x_tau), strict=True):
                parts[part, at] += sign * x
    for part, left, right in ((top, "cqL3", "cuR3"), (bottom, "cqL3", "cdR3"), (tau, "clL3", "ceR3")):
        parts[part, _INDEX[left]] += _row({left: 1.0, right: -1.0})
        parts[part, _INDEX[right]] += _row({right: 2.0, left: -2.0})
    return parts * _LOOP


def _standard_model(p: Floats) -> Floats:
    """d/d ln mu of (alpha_s, alpha_1, alpha_2, y_t, y_b, y_tau): one loop, six flavours, hep-ph/0207271."""
    a_s, a_1, a_2, y_t, y_b, y_tau = p
    trace = 3.0 * y_t**2 + 3.0 * y_b**2 + y_tau**2
    g_s, g_1, g_2 = 4.0 * math.pi * a_s, 4.0 * math.pi * a_1, 4.0 * math.pi * a_2
    top = 1.5 * (y_t**2 - y_b**2) + trace - 2.25 * g_2 - 17.0 / 12.0 * g_1 - 8.0 * g_s
    bottom = 1.5 * (y_b**2 - y_t**2) + trace - 2.25 * g_2 - 5.0 / 12.0 * g_1 - 8.0 * g_s
    tau = 1.5 * y_tau**2 + trace - 2.25 * g_2 - 3.75 * g_1
    gauge = np.array([-7.0 * a_s**2, 41.0 / 6.0 * a_1**2, -19.0 / 6.0 * a_2**2]) / (2.0 * math.pi)
    return np.concatenate([gauge, _LOOP * np.array([y_t * top, y_b * bottom, y_tau * tau])])


_START = np.array([sm.ALPHA_S_W, sm.ALPHA_1_W, sm.ALPHA_2_W, sm.Y_TOP_W, sm.Y_BOTTOM_W, sm.Y_TAU_W])


def _weights(p: Floats) -> Floats:
    return np.array([p[0] ** 2, p[2] ** 2, p[1] ** 2, p[3] ** 2, p[4] ** 2, p[5] ** 2])


@cache
def evolution(leading_log: bool = False) -> tuple[Floats, Floats, Floats]:
    """Solve for the evolution from Lambda down to 100 GeV.

    Args:
        leading_log: expand to first order in ln(Lambda/100 GeV) with the couplings of Lambda instead. Wrong by up
            to a factor of six where a coupling first arises at second order; for comparison only.

    Returns:
        t (m,) = ln(Lambda/100 GeV); matrices (m, 18, 18) over generations and cG, cW, cB; and the factors (m,) by
        which an off-diagonal (c_q)_i3 is reduced.
    """
    from scipy.integrate import solve_ivp

    t = np.arange(0.0, LOG_LAMBDA_MAX + STEP, STEP)
    parts = _anomalous_dimension()

    def slope(_: float, y: Floats) -> Floats:
        p, u = y[:6], y[6:-1].reshape(_N, _N)
        gamma = np.tensordot(_weights(p), parts, axes=1)
        return np.concatenate([_standard_model(p), (-u @ gamma).ravel(), [_LOOP * p[3] ** 2]])

    start = np.concatenate([_START, np.eye(_N).ravel(), [0.0]])
    y = solve_ivp(slope, (0.0, t[-1]), start, t_eval=t, rtol=1e-10, atol=1e-13, method="DOP853").y.T
    if leading_log:
        gamma = np.array([np.tensordot(_weights(p), parts, axes=1) for p in y[:, :6]])
        u = np.eye(_N) - t[:, None, None] * gamma
        return t, u, 1.0 - 0.5 * _LOOP * t * y[:, 3] ** 2
    return t, y[:, 6:-1].reshape(len(t), _N, _N), np.exp(-0.5 * y[:, -1])


def _gauge_loops(charge: float, isospin: float, like_alpaca: bool) -> Floats:
    """Row (18,) of alpha_em^2 times the loops of W, Z and photon on a fermion; arXiv:2012.12272 section 3.

    Right-handed fermions have no W loop, and the other two with the opposite sign: only then does the sum with the
    running not depend on the scale of matching. ALPaca 1.2.0 gives both chiralities the same sign and a W loop.
    """
    s2, c2, delta = sm.SIN2_W, 1.0 - sm.SIN2_W, -11.0 / 3.0
    log_w, log_z = math.log((sm.SCALE_W / sm.M_W) ** 2), math.log((sm.SCALE_W / sm.M_Z) ** 2)
    left = isospin != 0.0
    z = isospin - charge * s2
    c_w, c_b = _row({"cW": 1.0}), _row({"cB": 1.0})
    row = 2.0 * charge * z / (s2 * c2) * (log_z + 1.5 + delta) * (c2 * c_w - s2 * c_b)
    row += z**2 / (s2 * c2) ** 2 * (log_z + 0.5 + delta) * (c2**2 * c_w + s2**2 * c_b)
    if not left and not like_alpaca:
        row = -row
    if left or like_alpaca:
        row += 0.5 / s2**2 * (log_w + 0.5 + delta) * c_w
    return sm.ALPHA_EM_W**2 * row


def _threshold(charge: float, isospin: float, like_alpaca: bool) -> Floats:
    """Row (18,) that the matching at 100 GeV adds to the coupling of a chiral fermion."""
    c_tt = _row({"cuR3": 1.0, "cqL3": -1.0})
    top = sm.Y_TOP_W**2 * (isospin - charge * sm.SIN2_W) * math.log((sm.SCALE_W / sm.M_TOP) ** 2)
    return 3.0 / (8.0 * math.pi**2) * (top * c_tt + _gauge_loops(charge, isospin, like_alpaca))


def _down_left(i: int, j: int) -> np.ndarray:
    """Row (18,), complex, of (k_D)_ij: tree level and the W-top loop; arXiv:2012.12272 section 3.

    The loop belongs to the diagonal too: without it c_bb would depend on the scale of matching.
    """
    x = (sm.M_TOP / sm.M_W) ** 2
    g = (1.0 - x + math.log(x)) / (1.0 - x) ** 2
    log_t = math.log((sm.SCALE_W / sm.M_TOP) ** 2)
    xi = np.conj(sm.CKM_W[:, i]) * sm.CKM_W[:, j]
    row = xi[0] * _row({"cqL1": 1.0}) + xi[1] * _row({"cqL2": 1.0}) + xi[2] * _row({"cqL3": 1.0})
    boson = 1.5 * sm.ALPHA_EM_W / (math.pi * sm.SIN2_W) * (1.0 - x + x * math.log(x)) / (1.0 - x) ** 2
    loop = _row(
        {
            "cqL3": 2.0 * (-0.25 * log_t - 0.375 + 0.75 * g) + 1.0,
            "cuR3": 0.5 * log_t - 0.25 - 1.5 * g,
            "cW": -boson,
        }
    )
    return np.asarray(row + sm.Y_TOP_W**2 * _LOOP * xi[2] * loop)


def matching(like_alpaca: bool = False) -> Floats:
    """Matrix (10, 18) from the couplings of the unbroken phase at 100 GeV to those of LOW_ENERGY just below."""
    up, down, lepton = (2.0 / 3.0, 0.5), (-1.0 / 3.0, -0.5), (-1.0, -0.5)

    def right(name: str, charge: float) -> Floats:
        return _row({name: 1.0}) + _threshold(charge, 0.0, like_alpaca)

    def left(name: str, charge: float, isospin: float) -> Floats:
        return _row({name: 1.0}) + _threshold(charge, isospin, like_alpaca)

    rows = {}
    sb = _down_left(1, 2)
    rows["sb_re"], rows["sb_im"] = sb.real, sb.imag
    for i, name in enumerate(("ee", "mumu", "tautau"), start=1):
        rows[name] = right(f"ceR{i}", lepton[0]) - left(f"clL{i}", *lepton)
    for i, name in ((1, "uu"), (2, "cc")):
        rows[name] = right(f"cuR{i}", up[0]) - left(f"cqL{i}", *up)
    for i, name in enumerate(("dd", "ss", "bb"), start=1):
        rows[name] = right(f"cdR{i}", down[0]) - _down_left(i - 1, i - 1).real - _threshold(*down, like_alpaca)
    return np.array([rows[name] for name in LOW_ENERGY])


def with_qcd_running(matched: Floats, c_gluon: Floats) -> Floats:
    """Columns (10, k) of couplings below 100 GeV, and cG (k,) of each, with the quark couplings at LOW_SCALE."""
    quarks = [LOW_ENERGY.index(name) for name in ("uu", "dd", "ss", "cc", "bb")]
    low = matched.copy()
    low[quarks] += qcd_shift() * (c_gluon + 0.5 * matched[quarks].sum(axis=0))
    return low


def tree_level(u: Floats, reduced: float, like_alpaca: bool = False) -> Floats:
    """Couplings (10,) just below 100 GeV from (k_D)_sb = (k_D)_bs = 1 at Lambda, and nothing else.

    SU(2) makes it the matrix V k_D V^+ of c_q: its diagonal runs as any other, and induces couplings to leptons.

    Args:
        u: (18, 18) of `evolution`.
        reduced: its factor for off-diagonal elements of the third generation.
        like_alpaca: as in `matching`.
    """
    ckm = sm.CKM_W
    k_d = np.zeros((3, 3))
    k_d[1, 2] = k_d[2, 1] = 1.0
    c_q = ckm @ k_d @ ckm.conj().T
    diagonal = _row({f"cqL{i + 1}": float(c_q[i, i].real) for i in range(3)})
    out = matching(like_alpaca) @ u @ diagonal
    mixed = c_q - np.diag(np.diag(c_q))
    heavy = mixed.copy()
    heavy[:2, :2] = 0.0
    x = (sm.M_TOP / sm.M_W) ** 2
    g = (1.0 - x + math.log(x)) / (1.0 - x) ** 2
    loop = -0.25 * math.log((sm.SCALE_W / sm.M_TOP) ** 2) - 0.375 + 0.75 * g
    low = mixed - heavy + reduced * (1.0 + sm.Y_TOP_W**2 * _LOOP * loop) * heavy
    low = ckm.conj().T @ low @ ckm
    out[:2] += low[1, 2].real, low[1, 2].imag
    for i, name in enumerate(("dd", "ss", "bb")):
        out[LOW_ENERGY.index(name)] -= low[i, i].real
    return np.asarray(out, dtype=float)


def qcd_shift() -> float:
    """What five flavours of running from 100 GeV to LOW_SCALE add to every c_qq, for cG + sum c_qq/2 = 1.

    dc_qq/d ln mu = 2 (alpha_s/pi)^2 (cG + sum c_qq/2), the continuation of arXiv:2012.12272 eq. (18) below the weak
    scale. The bracket falls as exp(-5/2 I), I being the integral of 2 (alpha_s/pi)^2, so that the shift is exact.
    """
    nodes, weights = np.polynomial.legendre.leggauss(20)
    low, high = math.log(LOW_SCALE), math.log(sm.SCALE_W)
    log_mu = low + 0.5 * (high - low) * (nodes + 1.0)
    values = [2.0 * (alpha_s(math.exp(t)) / math.pi) ** 2 for t in log_mu]
    integral = 0.5 * (high - low) * float(np.sum(weights * np.array(values)))
    return -(1.0 - math.exp(-2.5 * integral)) / 2.5


@cache
def coupling_map(leading_log: bool = False, like_alpaca: bool = False) -> Floats:
    """The map from the couplings at Lambda to low energies, tabulated for interpolation.

    Args:
        leading_log: see `evolution`.
        like_alpaca: match and run as ALPaca 1.2.0 does.

    Returns:
        (m, 2, 10, 14): at t = 0, STEP, ...; values and slopes in t; rows LOW_ENERGY; columns COUPLINGS and TREE.
    """
    from scipy.interpolate import CubicSpline

    t, u, reduced = evolution(leading_log)
    to_generations = np.zeros((_N, TREE))
    for column, name in enumerate(COUPLINGS):
        generations = [name] if name in _INDEX else [f"{name}{i}" for i in "123"]
        for generation in generations:
            to_generations[_INDEX[generation], column] = 1.0
    values = np.zeros((len(t), len(LOW_ENERGY), TREE + 1))
    values[:, :, :TREE] = matching(like_alpaca) @ u @ to_generations
    values[:, :, TREE] = [tree_level(u_t, float(r), like_alpaca) for u_t, r in zip(u, reduced, strict=True)]
    # ALPaca 1.2.0 divides by 16 pi^2 once too often below the weak scale: in effect nothing runs there.
    if not like_alpaca:
        c_gluon = np.zeros(TREE + 1)
        c_gluon[COUPLINGS.index("cG")] = 1.0
        values = np.array([with_qcd_running(v, c_gluon) for v in values])
    return np.ascontiguousarray(np.stack([values, CubicSpline(t, values).derivative()(t)], axis=1))
