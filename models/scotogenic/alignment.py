"""Starting points of the scotogenic model: Casas-Ibarra solutions, aligned in flavour for a large muon g-2.

Delta a_mu of 10^-9 needs g_Psi^mu g_R^mu of 10^-2 through the chirality flip, while mu -> e gamma allows the same
product for electrons to be 10^-5 of it. Aligned points have g_Psi = (0, lambda, 0) exactly. With t the first row of
T^-1 and w_j = U_mu j/sqrt(m_j), t R = lambda w, lambda^2 = t.t/w.w, is solved by R = H_t (1 + SO(2, C)) H_w with
complex Householder reflections H_v: v -> sqrt(v.v) e_1. Then g_R^mu follows from Delta a_mu, which is linear in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from terranova.models.scotogenic.kernel import observables
from terranova.models.scotogenic.neutrinos import EV, M_NU1, pmns
from terranova.models.scotogenic.observables import COLUMN, N_KERNEL
from terranova.models.scotogenic.observables import observables as declared
from terranova.models.scotogenic.parameters import N_BASE, VARIANTS, parameters
from terranova.models.scotogenic.spectrum import V
from terranova.types import Array, Bools, Floats

CI37C = VARIANTS.index("ci37c")
ANOMALY: Final = 1e-9
"""From here on a lower bound on Delta a_mu calls for alignment."""

SMALL_Y: Final = (1e-4, 1.5e-4)
"""Range of the components of y_1 and y_2 of aligned points: g_Psi^mu goes with 1/y, and must be about 0.1."""

LARGE_ALPHA: Final = (600.0, 1000.0)
SMALL_SPLIT: Final = (1e-8, 1e-4)
"""alpha and lambda'' of aligned points: the flip needs mixing of S and eta."""

THERMAL: Final = 1100.0
"""Mass in GeV at which a fermion doublet alone is all dark matter (docs/physics/scotogenic.md)."""

FREEZE_OUT: Final = 25.0
"""Typical m/T at freeze-out."""

SPREAD: Final = (0.3, 0.9)
"""Range of the gap between doublet and singlet, in units of its estimate: as found, not derived."""

ABOVE: Final = (1.02, 1.3)
"""Range of the masses of scalars and of singlets that play no part, in units of M_Psi: near, because the flip goes
with their inverse square.
"""

PSI_BOX: Final = (300.0, 5000.0)
SCALAR_BOX: Final = (1e5, 9e6)
"""Boxes of the fermion masses in GeV and of the squared scalar masses in GeV^2."""

SMALL_G_R: Final = (1e-6, 1e-5)
"""Range of g_R of electron and tau of aligned points."""

MAX_COUPLING: Final = 1.5
LEAST_G_PSI: Final = 0.03
"""With smaller g_Psi^mu no perturbative g_R^mu gives the anomaly."""

MAX_IMAGINARY: Final = 1.5
LEAST_COUPLING: Final = 1e-7
MU_R: Final = 23
DRAWS: Final = 256
MOST_ROUNDS: Final = 100
"""Draws of a round, and rounds until points that are not accepted have to do."""


def seeds(rng: np.random.Generator, n: int, windows: Mapping[str, tuple[float, float]], variant: str) -> Floats:
    """Draw n starting points (n, d) of `ci37c` or `full43`, accepted by all windows but that of the relic density.

    Args:
        windows: observable -> accepted interval; that of da_mu decides on alignment.
    """
    low, high = windows.get("da_mu", (-math.inf, math.inf))
    aligned = low > ANOMALY
    accepted: list[Floats] = []
    others: list[Floats] = []
    for _ in range(MOST_ROUNDS):
        x = _draw(rng, DRAWS, windows.get("mh", (0.0, 1e3)))
        if aligned:
            x = _align(rng, x, low, min(high, 10.0 * low))
        else:
            _thermal_masses(rng, x[: DRAWS // 2])
        if variant == "full43":
            x = _as_full43(x)
        inside = _inside(x, variant, windows)
        accepted.append(x[inside])
        others.append(x[~inside])
        if sum(map(len, accepted)) >= n:
            break
    points = np.concatenate([*accepted, *others])[:n]
    if len(points) < n:
        raise ValueError("no starting points in the box of the model's parameters")
    return points


def _inside(x: Floats, variant: str, windows: Mapping[str, tuple[float, float]]) -> Bools:
    """True (n,) for points whose observables are all accepted, the relic density aside."""
    out = observables(x, VARIANTS.index(variant))
    inside = np.ones(len(x), dtype=bool)
    for k, observable in enumerate(declared(solved=variant != "full43")):
        if observable.stage == 0 and observable.name in windows:
            low, high = windows[observable.name]
            inside &= (out[:, k] >= low) & (out[:, k] <= high)
    return inside


def _draw(rng: np.random.Generator, n: int, mh: tuple[float, float]) -> Floats:
    """Points of ci37c (n, 37) from the priors, lamH from the window of the Higgs mass."""
    priors = [p.prior for p in parameters("ci37c")]
    u = rng.random((n, len(priors)))
    x = np.column_stack([prior.to_physical(u[:, k]) for k, prior in enumerate(priors)])
    box = priors[0].support
    low, high = (min(max(0.5 * (m / V) ** 2, box[0]), box[1]) for m in mh)
    x[:, 0] = low + (high - low) * u[:, 0]
    return x


def _signed_log(rng: np.random.Generator, shape: tuple[int, int], box: tuple[float, float]) -> Floats:
    size = np.exp(rng.uniform(math.log(box[0]), math.log(box[1]), shape))
    return np.asarray(size * rng.choice((-1.0, 1.0), shape))


def _couplings(rows: Floats) -> Array:
    """G (n, 3, 3) of rows of the kernel."""
    parts = rows[:, N_KERNEL - 18 :].reshape(-1, 3, 3, 2)
    return np.asarray(parts[..., 0] + 1j * parts[..., 1])


def _align(rng: np.random.Generator, x: Floats, low: float, high: float) -> Floats:
    """Choose angles and g_R such that g_Psi = (0, lambda, 0) and da_mu is in the window; keep what fits the box."""
    n = len(x)
    x[:, 7] = _signed_log(rng, (n, 1), SMALL_SPLIT)[:, 0]
    x[:, 10] = _signed_log(rng, (n, 1), LARGE_ALPHA)[:, 0]
    _thermal_masses(rng, x)
    x[:, 14:22] = _signed_log(rng, (n, 8), SMALL_Y)
    x[:, 22:25] = _signed_log(rng, (n, 3), SMALL_G_R)
    x[:, 25:31] = 0.0
    U = np.empty((n, 3, 3), complex)
    for k in range(n):
        pmns(x[k, 33], x[k, 34], x[k, 35], math.radians(x[k, 36]), 0.0, 0.0, U[k])
    m1 = np.full(n, M_NU1)
    root_m = np.sqrt(EV * np.column_stack([m1, np.sqrt(m1**2 + x[:, 31]), np.sqrt(m1**2 + x[:, 32])]))
    # Without rotation G = T^-1 D^(1/2) U^dagger.
    t = np.einsum("nk,nkj->nj", _couplings(observables(x, CI37C))[:, 0], U) / root_m
    w = U[:, 1] / root_m
    scale = np.sqrt(np.einsum("nj,nj->n", t, t) / np.einsum("nj,nj->n", w, w))
    strong = np.abs(scale) > LEAST_G_PSI
    x, t, w, n = x[strong], t[strong], w[strong] * scale[strong, None], int(strong.sum())
    angle = rng.uniform(0.0, 2.0 * math.pi, n) + 1j * rng.uniform(-0.5, 0.5, n)
    turn = np.zeros((n, 3, 3), complex)
    turn[:, 0, 0] = 1.0
    turn[:, 1, 1] = turn[:, 2, 2] = np.cos(angle)
    turn[:, 1, 2], turn[:, 2, 1] = np.sin(angle), -np.sin(angle)
    z = _angles(_householder(t) @ turn @ _householder(w))
    x[:, 25:31:2], x[:, 26:32:2] = z.real % (2.0 * math.pi), z.imag
    # Delta a_mu = a + b g_R^mu, for psi and chi loops with a flip of chirality.
    target = rng.uniform(low + 0.25 * (high - low), high - 0.25 * (high - low), n)
    probe = x.copy()
    probe[:, MU_R] = 1e-2
    moments = [observables(points, CI37C)[:, COLUMN["da_mu"]] for points in (x, probe)]
    slope = (moments[1] - moments[0]) / (probe[:, MU_R] - x[:, MU_R])
    with np.errstate(divide="ignore", invalid="ignore"):
        g_r = x[:, MU_R] + (target - moments[0]) / slope
    x[:, MU_R] = g_r
    fits = np.isfinite(x).all(axis=1) & (np.abs(z.imag) < MAX_IMAGINARY).all(axis=1)
    kept: Floats = x[fits & (np.abs(g_r) < MAX_COUPLING) & (np.abs(g_r) > SMALL_G_R[0])]
    return kept


def _thermal_masses(rng: np.random.Generator, x: Floats) -> None:
    """Set masses of fermions and scalars (n, ...) such that the relic density is about right.

    LZ would see scalar dark matter: the flip needs mixing of S and eta. What remains is a singlet F that freezes
    out together with a doublet lighter than `THERMAL`. With 8 states of the doublet above 2 of the singlet,
    sigma_eff/sigma = (8 E/(2 + 8 E))^2, E = exp(-x (M_Psi/M_F - 1)): Griest, Seckel, Phys. Rev. D 43 (1991) 3191.
    """
    n = len(x)
    low, high = PSI_BOX
    ratio = rng.uniform(1.1 * low / THERMAL, 0.78, n)
    x[:, 13] = ratio * THERMAL
    gap = np.log(4.0 * (1.0 - ratio) / ratio) / FREEZE_OUT
    x[:, 11:13] = x[:, 13, None] * np.exp(rng.uniform(math.log(ABOVE[0]), math.log(ABOVE[1]), (n, 2)))
    dark = np.clip(x[:, 13] / (1.0 + gap * rng.uniform(*SPREAD, n)), low, high)
    x[np.arange(n), 11 + rng.integers(0, 2, n)] = dark
    # The lighter scalar at m: (M_SS - m^2)(M_RR - m^2) = (alpha v)^2 for the squared masses of S and eta_R.
    mixing = np.abs(x[:, 10, None]) * V * np.exp(np.outer(rng.uniform(-1.0, 1.0, n), (1.0, -1.0)))
    m2 = (x[:, 13] * np.exp(rng.uniform(math.log(ABOVE[0]), math.log(ABOVE[1]), n))) ** 2
    lam = np.column_stack([x[:, 3], x[:, 5] + x[:, 6] + x[:, 7]])
    x[:, 8:10] = np.clip(m2[:, None] + mixing - 0.5 * V**2 * lam, *SCALAR_BOX)


def _householder(v: Array) -> Array:
    """Reflections (n, 3, 3), complex orthogonal and symmetric, that take v (n, 3) to sqrt(v.v) e_1."""
    u = v.copy()
    u[:, 0] -= np.sqrt(np.einsum("nj,nj->n", v, v))
    norm = np.einsum("nj,nj->n", u, u)
    return np.asarray(np.eye(3) - 2.0 * np.einsum("ni,nj->nij", u, u) / norm[:, None, None])


def _angles(R: Array) -> Array:
    """Complex z (n, 3) with R = R23(z1) R13(z2) R12(z3), det R = 1."""
    z2 = np.arcsin(R[:, 0, 2])
    cosine = np.cos(z2)
    z1 = -1j * np.log((R[:, 2, 2] + 1j * R[:, 1, 2]) / cosine)
    z3 = -1j * np.log((R[:, 0, 0] + 1j * R[:, 0, 1]) / cosine)
    return np.column_stack([z1, z2, z3])


def _as_full43(x: Floats) -> Floats:
    """The same points with G as parameters; those whose couplings leave the box are dropped."""
    G = _couplings(observables(x, CI37C)).reshape(-1, 9)
    parts = np.stack([G.real, G.imag], axis=-1).reshape(-1, 18)
    fits = np.isfinite(parts).all(axis=1) & (np.abs(parts) < MAX_COUPLING).all(axis=1)
    parts = np.where(np.abs(parts) < LEAST_COUPLING, np.copysign(LEAST_COUPLING, parts), parts)
    points: Floats = np.column_stack([x[:, :N_BASE], parts])[fits]
    return points
