"""pp -> t tbar phi at leading order, for a scalar and for a pseudoscalar phi of any mass.

Amplitudes are chains of Dirac matrices at each point of phase space, integrated over Sobol points which both kinds
of phi share: with 8000 of them the ratio of both cross sections is known to 1 %.
"""

from __future__ import annotations

import math

import numpy as np
from parton_densities import GLUON, PartonDensities
from scipy.stats import qmc

from terranova.models.physics import running, sm
from terranova.types import Floats

GEV2_PB = 0.3893793721e9
M_TOP = sm.M_TOP

_SIGMA = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
_ZERO, _ONE = np.zeros((2, 2)), np.eye(2)
GAMMA = np.array([np.block([[_ZERO, _ONE], [_ONE, _ZERO]])] + [np.block([[_ZERO, s], [-s, _ZERO]]) for s in _SIGMA])
GAMMA5 = np.diag([-1.0, -1.0, 1.0, 1.0]).astype(complex)
METRIC = np.array([1.0, -1.0, -1.0, -1.0])
UNIT = np.eye(4)


def dot(a: Floats, b: Floats) -> Floats:
    """Minkowski product of vectors (n, 4)."""
    return np.asarray(np.sum(a * b * METRIC, axis=-1))


def slash(p: Floats) -> Floats:
    """p_mu gamma^mu of vectors (n, 4): (n, 4, 4)."""
    return np.asarray(np.einsum("nm,mij->nij", p * METRIC, GAMMA))


def propagator(p: Floats) -> Floats:
    """(pslash + m_t)/(p^2 - m_t^2)."""
    return np.asarray((slash(p) + M_TOP * UNIT) / (dot(p, p) - M_TOP**2)[:, None, None])


def spin_sum(chains: list[Floats], colours: Floats, k1: Floats, k2: Floats) -> Floats:
    """Sum over spins and colours of ubar(k1) chain v(k2)."""
    top, antitop = slash(k1) + M_TOP * UNIT, slash(k2) - M_TOP * UNIT
    g0 = GAMMA[0]
    total = np.zeros(len(k1))
    barred = [g0 @ np.conj(np.swapaxes(c, 1, 2)) @ g0 for c in chains]
    for i, chain in enumerate(chains):
        for j, bar in enumerate(barred):
            total += colours[i, j] * np.einsum("nii->n", top @ chain @ antitop @ bar).real
    return total


def gluons(
    p1: Floats, p2: Floats, k1: Floats, k2: Floats, k3: Floats, vertex: Floats, polarisations: list
) -> Floats:
    """Sum over spins, colours and the given pairs of polarisations of |M|^2 of g g -> t tbar phi, g_s = y_t = 1."""
    colours = np.array([[16.0 / 3.0, -2.0 / 3.0], [-2.0 / 3.0, 16.0 / 3.0]])
    total = np.zeros(len(p1))
    s12 = 2.0 * dot(p1, p2)
    for e1, e2 in polarisations:
        chains = []
        for (pa, ea), (pb, eb) in (((p1, e1), (p2, e2)), ((p2, e2), (p1, e1))):
            a, b = slash(ea), slash(eb)
            # The line from the top: gluon a first, then b; phi before, between or behind.
            chain = vertex @ propagator(k1 + k3) @ a @ propagator(pb - k2) @ b
            chain = chain + a @ propagator(k1 - pa) @ vertex @ propagator(pb - k2) @ b
            chain = chain + a @ propagator(k1 - pa) @ b @ propagator(-k2 - k3) @ vertex
            chains.append(chain)
        # Three gluons: their vertex with both momenta incoming, over s, and a commutator of colours. Its sign is
        # fixed by gauge invariance, which `gauge_violation` measures.
        current = (
            dot(e1, e2)[:, None] * (p1 - p2) + 2.0 * dot(p2, e1)[:, None] * e2 - 2.0 * dot(p1, e2)[:, None] * e1
        ) / s12[:, None]
        j = slash(current)
        three = vertex @ propagator(k1 + k3) @ j + j @ propagator(-k2 - k3) @ vertex
        chains[0], chains[1] = chains[0] + three, chains[1] - three
        total += spin_sum(chains, colours, k1, k2)
    return total


def quarks(p1: Floats, p2: Floats, k1: Floats, k2: Floats, k3: Floats, vertex: Floats) -> Floats:
    """Sum over spins and colours of |M|^2 of q qbar -> t tbar phi."""
    s12 = 2.0 * dot(p1, p2)
    # L^mu nu of the massless line, with its colours: tr(Ta Tb) tr(Ta Tb) = 8/4.
    lepton = 4.0 * (
        p1[:, :, None] * p2[:, None, :]
        + p2[:, :, None] * p1[:, None, :]
        - 0.5 * s12[:, None, None] * np.diag(METRIC)
    )
    chains = []
    for mu in range(4):
        g = GAMMA[mu]
        chains.append(METRIC[mu] * (vertex @ propagator(k1 + k3) @ g + g @ propagator(-k2 - k3) @ vertex))
    top, antitop = slash(k1) + M_TOP * UNIT, slash(k2) - M_TOP * UNIT
    g0 = GAMMA[0]
    total = np.zeros(len(p1))
    for mu in range(4):
        for nu in range(4):
            bar = g0 @ np.conj(np.swapaxes(chains[nu], 1, 2)) @ g0
            total += lepton[:, mu, nu] * np.einsum("nii->n", top @ chains[mu] @ antitop @ bar).real
    return 2.0 * total / s12**2


def boost(p: Floats, frame: Floats) -> Floats:
    """Vectors (n, 4) of the rest frame of `frame` (n, 4), seen where `frame` moves."""
    m = np.sqrt(dot(frame, frame))
    gamma = frame[:, 0] / m
    eta = frame[:, 1:] / m[:, None]
    along = np.sum(eta * p[:, 1:], axis=1)
    energy = gamma * p[:, 0] + along
    space = p[:, 1:] + eta * (p[:, 0] + along / (1.0 + gamma))[:, None]
    return np.column_stack([energy, space])


def two_body(
    m: Floats, m1: float | Floats, m2: float | Floats, cos: Floats, phi: Floats
) -> tuple[Floats, Floats, Floats]:
    """Momenta of m -> m1 m2 at rest, and their phase space over dcos dphi: p/(16 pi^2 m)."""
    p = np.sqrt(np.maximum((m**2 - (m1 + m2) ** 2) * (m**2 - (m1 - m2) ** 2), 0.0)) / (2.0 * m)
    sin = np.sqrt(np.maximum(1.0 - cos**2, 0.0))
    space = p[:, None] * np.column_stack([sin * np.cos(phi), sin * np.sin(phi), cos])
    first = np.column_stack([np.sqrt(m1**2 + p**2), space])
    second = np.column_stack([np.sqrt(m2**2 + p**2), -space])
    return first, second, p / (16.0 * math.pi**2 * m)


def points(m_phi: float, u: Floats, energy: float) -> tuple[Floats, ...]:
    """Momenta p1, p2, k1, k2, k3 in the frame of the partons, x1, x2 and the weight of Sobol points u (n, 6)."""
    least = 2.0 * M_TOP + m_phi
    tau_min = (least / energy) ** 2
    # tau falls steeply: ln tau = ln tau_min (1 - u^2).
    ln_tau = math.log(tau_min) * (1.0 - u[:, 0] ** 2)
    weight = -math.log(tau_min) * 2.0 * u[:, 0]
    tau = np.exp(ln_tau)
    weight = weight * tau
    y = 0.5 * ln_tau * (2.0 * u[:, 1] - 1.0)
    weight = weight * -ln_tau
    x1, x2 = np.sqrt(tau) * np.exp(y), np.sqrt(tau) * np.exp(-y)
    root_s = energy * np.sqrt(tau)
    n = len(u)
    low, high = 2.0 * M_TOP, root_s - m_phi
    m_tt = low + (high - low) * u[:, 2]
    weight = weight * (high - low) * 2.0 * m_tt / (2.0 * math.pi)
    pair, k3, ps = two_body(root_s, m_tt, m_phi, 2.0 * u[:, 3] - 1.0, np.zeros(n))
    weight = weight * ps * 2.0 * 2.0 * math.pi
    k1, k2, ps = two_body(m_tt, M_TOP, M_TOP, 2.0 * u[:, 4] - 1.0, 2.0 * math.pi * u[:, 5])
    weight = weight * ps * 2.0 * 2.0 * math.pi
    k1, k2 = boost(k1, pair), boost(k2, pair)
    e = 0.5 * root_s
    zero = np.zeros(n)
    p1, p2 = np.column_stack([e, zero, zero, e]), np.column_stack([e, zero, zero, -e])
    return p1, p2, k1, k2, k3, x1, x2, weight / (2.0 * root_s**2)


def vertices() -> tuple[Floats, Floats]:
    """1 and i gamma5."""
    return UNIT.astype(complex), 1j * GAMMA5


def cross_sections(
    pdf: PartonDensities, m_phi: float, energy: float = 13000.0, log2_points: int = 13, seed: int = 1
) -> tuple[float, float]:
    """sigma in pb of tt H and of tt A for Yukawa couplings of a SM Higgs boson, scale m_t + m_phi/2."""
    scale = M_TOP + 0.5 * m_phi
    u = qmc.Sobol(6, seed=seed).random_base2(log2_points)
    p1, p2, k1, k2, k3, x1, x2, weight = points(m_phi, u, energy)
    n = len(u)
    x = np.tile([0.0, 1.0, 0.0, 0.0], (n, 1))
    y = np.tile([0.0, 0.0, 1.0, 0.0], (n, 1))
    f = {k: (pdf.xf(k, x1, scale), pdf.xf(k, x2, scale)) for k in (GLUON, 1, 2, 3, 4, 5, -1, -2, -3, -4, -5)}
    gg = f[GLUON][0] * f[GLUON][1] / (x1 * x2)
    # d sigma = dtau dy f f; both directions of the quark.
    qq = sum(f[k][0] * f[-k][1] + f[-k][0] * f[k][1] for k in (1, 2, 3, 4, 5)) / (x1 * x2)
    couplings = (4.0 * math.pi * running.alpha_s(scale)) ** 2 * (M_TOP / sm.VEV) ** 2
    out = []
    for vertex in vertices():
        m2_gg = gluons(p1, p2, k1, k2, k3, vertex, [(a, b) for a in (x, y) for b in (x, y)]) / (4.0 * 64.0)
        m2_qq = quarks(p1, p2, k1, k2, k3, vertex) / (4.0 * 9.0)
        total = couplings * weight * (gg * m2_gg + qq * m2_qq)
        out.append(float(np.mean(total)) * GEV2_PB)
    return out[0], out[1]


def gauge_violation(m_phi: float = 125.0) -> float:
    """|M|^2 with the momentum of a gluon for its polarisation, over |M|^2: 0 but for rounding."""
    u = qmc.Sobol(6, seed=3).random_base2(6)
    p1, p2, k1, k2, k3, *_ = points(m_phi, u, 13000.0)
    x = np.tile([0.0, 1.0, 0.0, 0.0], (len(u), 1))
    unit = p1 / p1[:, :1]
    worst = 0.0
    for vertex in vertices():
        wrong = gluons(p1, p2, k1, k2, k3, vertex, [(unit, x)])
        right = gluons(p1, p2, k1, k2, k3, vertex, [(x, x)])
        worst = max(worst, float(np.max(np.abs(wrong / right))))
    return worst


def odd_over_even(pdf: PartonDensities, masses: list[float], energy: float, log2_points: int = 13) -> list[float]:
    """sigma(tt A)/sigma(tt H) at each mass for equal couplings; energy of the collider in GeV."""
    pairs = [cross_sections(pdf, m, energy, log2_points) for m in masses]
    return [odd / even for even, odd in pairs]
