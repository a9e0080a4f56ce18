"""NLO matching conditions of b -> s gamma with charged Higgs bosons, as one table of coefficients.

Every Wilson-coefficient function of Borzumati and Greub, hep-ph/9802391, appendix (also Ciuchini et al.,
hep-ph/9710335; W for the SM: Bobeth, Misiak, Urban, hep-ph/9910220) depends on one mass ratio y = m_t^2/m^2
and can be written

    f(y) = [P_D(y) D + P_LL(y) L^2 + P_L(y) L + P_1(y)] / (y - 1)^5,   L = ln y,  D = Li2(1 - 1/y)

with polynomials P. A function is therefore a (4, 6) array of coefficients, a "log form": sums of functions
are sums of arrays, and all of them are evaluated with the same 24 monomials. The poles at y = 1 cancel;
close to it a Taylor series, worked out here from the same coefficients, replaces the closed form, which
would lose every digit there.

Suffixes: YY multiplies Y_a^2, XY multiplies X_a Y_a, SM is the W boson at x = m_t^2/m_W^2. The NLO
functions split as C^1 = W + M ln(mu_W^2/m^2) + T (ln(m_t^2/mu_W^2) - 4/3).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from terranova.models.physics._jit import jit
from terranova.models.physics.special import dilog
from terranova.types import Floats

POLE = 5
DEGREE = 5
N_MONOMIALS = 4 * (DEGREE + 1)
N_TAYLOR = 32
TAYLOR_RADIUS = 0.35
"""The series converges for |y - 1| < 1; 0.35^32 = 3e-15."""

_BASIS = {"D": 0, "LL": 1, "L": 2, "1": 3}

# Each term is (basis function, polynomial from the highest power down, power of 1/(y-1)); the whole is
# multiplied by factor * y.
_Terms = tuple[tuple[str, tuple[float, ...], int], ...]


def _log_form(factor: float, *terms: tuple[str, tuple[float, ...], int]) -> Floats:
    """Bring factor * y * sum of terms to the common denominator (y - 1)^5; coefficients from y^0 upwards."""
    form = np.zeros((4, DEGREE + 1))
    for basis, polynomial, pole in terms:
        numerator = np.array([0.0, *polynomial[::-1]])
        for _ in range(POLE - pole):
            numerator = np.convolve(numerator, [-1.0, 1.0])
        form[_BASIS[basis], : len(numerator)] += factor * numerator
    return form


def times_log(form: Floats) -> Floats:
    """Multiply a log form by L; it must not contain L^2 or D."""
    if np.any(form[:2]):
        raise ValueError("L^3 and D*L are outside the basis")
    return np.array([form[0], form[2], form[3], form[0]])


def _leading_order() -> dict[str, Floats]:
    """C0: hep-ph/9802391; C_YY(y) = C_SM(y)/3."""
    c7_sm = _log_form(1 / 24, ("1", (-8, 3, 12, -7), 4), ("L", (18, -12, 0), 4))
    c8_sm = _log_form(1 / 8, ("1", (-1, 6, -3, -2), 4), ("L", (-6, 0), 4))
    return {
        "C7_SM": c7_sm,
        "C8_SM": c8_sm,
        "C7_YY": c7_sm / 3,
        "C8_YY": c8_sm / 3,
        "C7_XY": _log_form(1 / 12, ("1", (-5, 8, -3), 3), ("L", (6, -4), 3)),
        "C8_XY": _log_form(1 / 4, ("1", (-1, 4, -3), 3), ("L", (-2,), 3)),
    }


def _top_mass_shift() -> dict[str, Floats]:
    """T = 8 y dC0/dy: the response of C0 to the scheme of the top mass."""
    t7_sm = _log_form(1 / 3, ("1", (47, -63, 9, 7), 5), ("L", (-18, -30, 24, 0), 5))
    t8_sm = _log_form(2, ("1", (-1, -9, 9, 1), 5), ("L", (6, 6, 0), 5))
    return {
        "T7_SM": t7_sm,
        "T8_SM": t8_sm,
        "T7_YY": t7_sm / 3,
        "T8_YY": t8_sm / 3,
        "T7_XY": _log_form(2 / 3, ("1", (13, -20, 7), 4), ("L", (-6, -4, 4), 4)),
        "T8_XY": _log_form(2, ("1", (-1, -4, 5), 4), ("L", (4, 2), 4)),
    }


def _two_loop() -> dict[str, Floats]:
    """W, the genuine two-loop part at mu_W = m, and the charged-Higgs part EH of C4."""
    e_h = _log_form(1 / 36, ("1", (7, -36, 45, -16), 4), ("L", (18, -12), 4))
    w7_yy = _log_form(
        2 / 9,
        ("D", (8, -37, 18, 0), 4),
        ("LL", (3, 23, -14, 0), 5),
        ("L", (21 / 9, -192 / 9, -174 / 9, 251 / 9, -50 / 9), 5),
        ("1", (-1202 / 108, 7569 / 108, -5436 / 108, 797 / 108), 4),
    )
    w8_yy = _log_form(
        1 / 6,
        ("D", (13, -17, 30, 0), 4),
        ("LL", (-17, -31, 0), 5),
        ("L", (42 / 36, 318 / 36, 1353 / 36, 817 / 36, -226 / 36), 5),
        ("1", (-4451 / 216, 7650 / 216, -18153 / 216, 1130 / 216), 4),
    )
    w7_xy = _log_form(
        4 / 3,
        ("D", (8 / 3, -28 / 3, 12 / 3), 3),
        ("LL", (3 / 3, 14 / 3, -8 / 3), 4),
        ("L", (4 / 3, -24 / 3, 2 / 3, 6 / 3), 4),
        ("1", (-2, 13, -7), 3),
    )
    w8_xy = _log_form(
        1 / 3,
        ("D", (17 / 2, -25 / 2, 36 / 2), 3),
        ("LL", (-17, -19), 4),
        ("L", (14 / 4, -12 / 4, 187 / 4, 3 / 4), 4),
        ("1", (-3 * 29 / 8, 3 * 44 / 8, -3 * 143 / 8), 3),
    )
    return {
        "E_H": e_h,
        "W7_YY": w7_yy - 4 / 9 * e_h,
        "W8_YY": w8_yy - e_h / 6,
        "W7_XY": w7_xy,
        "W8_XY": w8_xy,
    }


def w_sm(x: float) -> tuple[float, float]:
    """W7 and W8 of the SM at x = m_t^2/m_W^2, far from x = 1; hep-ph/9802391, hep-ph/9910220."""
    d, log = x - 1.0, math.log(x)
    li2 = dilog(1.0 - 1.0 / x)
    w7 = (
        np.polyval([-16, -122, 80, -8, 0], x) * li2 / (9 * d**4)
        + np.polyval([6, 46, -28, 0, 0], x) * log**2 / (3 * d**5)
        + np.polyval([-102, -588, -2262, 3244, -1364, 208], x) * log / (81 * d**5)
        + np.polyval([1646, 12205, -10740, 2509, -436], x) / (486 * d**4)
    )
    w8 = (
        np.polyval([-4, 40, 41, 1, 0], x) * li2 / (6 * d**4)
        + np.polyval([-17, -31, 0, 0], x) * log**2 / (2 * d**5)
        + np.polyval([-210, 1086, 4893, 2857, -1994, 280], x) * log / (216 * d**5)
        + np.polyval([737, -14102, -28209, 610, -508], x) / (1296 * d**4)
    )
    return float(w7), float(w8)


def e_0(x: float) -> float:
    """W-boson part of C4 at mu_W = m_W; hep-ph/9802391."""
    d, log = x - 1.0, math.log(x)
    rational = x * (x * x + 11 * x - 18) / (12 * d**3)
    return rational + x * x * (4 * x * x - 16 * x + 15) * log / (6 * d**4) - 2 / 3 * log - 2 / 3


def charged_higgs_forms() -> Mapping[str, Floats]:
    """All functions of y as log forms: C, T, W, M for C7 and C8, suffix _YY or _XY, and E_H."""
    forms = {**_leading_order(), **_top_mass_shift(), **_two_loop()}
    for kind in ("YY", "XY"):
        # Scale dependence: running of m_t (T) and mixing under the anomalous dimension, M = T + gamma^T C0
        # / 2.
        c7, c8 = forms[f"C7_{kind}"], forms[f"C8_{kind}"]
        forms[f"M7_{kind}"] = forms[f"T7_{kind}"] + 0.5 * (32 / 3 * c7 - 32 / 9 * c8)
        forms[f"M8_{kind}"] = forms[f"T8_{kind}"] + 0.5 * (28 / 3 * c8)
    return forms


def _basis_series(length: int) -> Floats:
    """Taylor series in d = y - 1 of D, L^2, L and 1: (4, length)."""
    n = np.arange(1, length)
    log = np.concatenate([[0.0], (-1.0) ** (n + 1) / n])
    inverse_y = (-1.0) ** np.arange(length)
    # dD/dy = L / (y (y-1)) because Li2'(z) = -ln(1-z)/z at z = 1 - 1/y.
    slope = np.convolve(np.append(log[1:], 0.0), inverse_y)[:length]
    li2 = np.concatenate([[0.0], slope[:-1] / n])
    one = np.zeros(length)
    one[0] = 1.0
    return np.array([li2, np.convolve(log, log)[:length], log, one])


def taylor_series(form: Floats) -> Floats:
    """Coefficients (N_TAYLOR,) of a log form in powers of y - 1.

    Raises:
        ValueError: the poles at y = 1 do not cancel, so a coefficient must be wrong.
    """
    length = N_TAYLOR + POLE
    # The last basis coefficient is lost in the division by d; it is not needed after the cut.
    basis = _basis_series(length + 1)
    numerator = np.zeros(length)
    for row, series in zip(form, basis, strict=True):
        shifted = np.polynomial.Polynomial(row)(np.polynomial.Polynomial([1.0, 1.0])).coef
        numerator += np.convolve(series, shifted)[:length]
    if np.max(np.abs(numerator[:POLE])) > 1e-12 * max(1.0, float(np.max(np.abs(form)))):
        raise ValueError("the poles of a matching function at y = 1 do not cancel")
    return numerator[POLE:]


@jit
def monomials(y: float, w: Floats) -> int:
    """Fill w (N_TAYLOR,) with what multiplies the coefficients at y.

    Returns:
        N_TAYLOR if the entries are powers of y - 1 (close to 1), else N_MONOMIALS for the closed form,
        ordered as the flattened coefficient array.
    """
    d = y - 1.0
    if abs(d) < TAYLOR_RADIUS:
        w[0] = 1.0
        for n in range(1, N_TAYLOR):
            w[n] = w[n - 1] * d
        return N_TAYLOR
    log = math.log(y)
    d2 = d * d
    pole = 1.0 / (d2 * d2 * d)
    li2 = dilog(1.0 - 1.0 / y)
    power = pole
    for k in range(DEGREE + 1):
        w[k] = power * li2
        w[k + 6] = power * log * log
        w[k + 12] = power * log
        w[k + 18] = power
        power *= y
    return N_MONOMIALS


@jit
def evaluate_form(closed: Floats, taylor: Floats, w: Floats, count: int) -> float:
    """Value of one log form with the monomials w: coefficients closed (N_MONOMIALS,), taylor (N_TAYLOR,)."""
    total = 0.0
    if count == N_TAYLOR:
        for n in range(N_TAYLOR):
            total += taylor[n] * w[n]
    else:
        for n in range(N_MONOMIALS):
            total += closed[n] * w[n]
    return total
