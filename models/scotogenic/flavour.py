"""Rates of lepton-flavour violation, anomalous magnetic and electric dipole moments.

Sources: Kuno, Okada, hep-ph/9909265 and Hisano et al., hep-ph/9510309 (decays to three leptons); Toma, Vicente,
arXiv:1312.2840 (scotogenic model); Kitano, Koike, Okada, hep-ph/0203110 (conversion in nuclei); Arganda,
Herrero, Portoles, arXiv:0803.2039 (tau -> l P).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Final

import numpy as np

from terranova.models.physics import sm
from terranova.models.physics._jit import jit, jit_lean_kernel, source_fingerprint
from terranova.models.physics.loops import abs2, over
from terranova.models.physics.zero_momentum import NODES, fill_propagators
from terranova.models.scotogenic import vertices
from terranova.models.scotogenic.spectrum import Spectrum, collect_masses
from terranova.models.scotogenic.vertices import G_Z, LEFT, LEPTON_CHARGE, RIGHT, S2, box
from terranova.types import Array, Floats

E2: Final = 4.0 * math.pi * sm.ALPHA_EM
E: Final = math.sqrt(E2)
M_Z2: Final = sm.M_Z**2

# Pseudoscalar mesons: decay constants (GeV) and masses. f_pi: FLAG, arXiv:2111.09849; eta and eta' in the
# quark-flavour basis, f_s = 1.34 f_pi and phi = 39.3 degrees: Feldmann, Kroll, Stech, hep-ph/9802409.
F_PI: Final = 0.1302
F_S: Final = 1.34 * F_PI
PHI: Final = math.radians(39.3)
MESONS: Final = (
    (0.1349768, F_PI / math.sqrt(2.0)),
    (0.547862, 0.5 * F_S * math.sin(PHI)),
    (0.95778, -0.5 * F_S * math.cos(PHI)),
)

NUCLEI: Final = (
    (0.0362, 0.0161, 0.0173, 0.7054e6),  # Al
    (0.0864, 0.0396, 0.0468, 2.59e6),  # Ti
    (0.189, 0.0974, 0.146, 13.07e6),  # Au
    (0.161, 0.0834, 0.128, 13.45e6),  # Pb
)
"""Overlap integrals D, V^p, V^n in m_mu^(5/2), and capture rates in 1/s: hep-ph/0203110, tables I and VIII. Those
of Al, Ti and Au are also those of flavio, arXiv:1810.08132; those of lead were not found again. All reproduce the
ratios to mu -> e gamma for a pure dipole printed in that paper."""


@jit
def to_photon(i: int, j: int, D: Array) -> float:
    """BR(l_i -> l_j gamma)."""
    size = abs2(D[RIGHT, j, i]) + abs2(D[LEFT, j, i])
    return sm.ALPHA_EM * sm.M_LEPTON[i] ** 3 * size / (1024.0 * math.pi**4) / sm.LEPTON_WIDTH[i]


@jit
def to_three_leptons(
    i: int, j: int, k: int, ll: int, D: Array, A1: Array, Z: Array, s: Array, t: Array, m_chi: Floats,
    mixing: Floats, i2: Floats, i0: Floats, psi_box: Floats,
) -> float:  # fmt: skip
    """BR(l_i -> l_j l_k antilepton_ll): three equal ones, j k k with a penguin into the pair k, or two equal j = k
    and another antilepton, which only boxes make.
    """
    m = sm.M_LEPTON[i]
    norm = E2 * E2 * m**5 / (512.0 * math.pi**3) / sm.LEPTON_WIDTH[i]
    box_l = over(box(LEFT, i, j, k, ll, s, t, m_chi, mixing, i2, i0, psi_box), E2)
    box_r = over(box(RIGHT, i, j, k, ll, s, t, m_chi, mixing, i2, i0, psi_box), E2)
    if j == k and ll != j:
        return norm * (2.0 / 3.0) * (abs2(box_l) + abs2(box_r))
    a2_r = over(-D[RIGHT, j, i], 16.0 * math.pi**2 * m)
    a2_l = over(-D[LEFT, j, i], 16.0 * math.pi**2 * m)
    z = G_Z / (E2 * M_Z2)
    z_l, z_r = z * Z[LEFT, j, i], z * Z[RIGHT, j, i]
    g_l, g_r = LEPTON_CHARGE[LEFT], LEPTON_CHARGE[RIGHT]
    c_ll, c_lr = A1[LEFT, j, i] + z_l * g_l + box_l, A1[LEFT, j, i] + z_l * g_r
    c_rr, c_rl = A1[RIGHT, j, i] + z_r * g_r + box_r, A1[RIGHT, j, i] + z_r * g_l
    dipole = abs2(a2_r) + abs2(a2_l)
    log = math.log(m / sm.M_LEPTON[k])
    if j == k:
        vector = (2.0 / 3.0) * (abs2(c_ll) + abs2(c_rr)) + (abs2(c_lr) + abs2(c_rl)) / 3.0
        mixed = (a2_r.conjugate() * (2.0 * c_ll + c_lr) + a2_l.conjugate() * (2.0 * c_rr + c_rl)).real
        three: float = norm * (vector + dipole * (16.0 / 3.0 * log - 22.0 / 3.0) - (4.0 / 3.0) * mixed)
        return three
    vector = (abs2(c_ll) + abs2(c_rr) + abs2(c_lr) + abs2(c_rl)) / 3.0
    mixed = (a2_r.conjugate() * (c_ll + c_lr) + a2_l.conjugate() * (c_rr + c_rl)).real
    rate: float = norm * (vector + dipole * (16.0 / 3.0 * log - 8.0) - (4.0 / 3.0) * mixed)
    return rate


@jit
def to_meson(j: int, meson: int, Z: Array) -> float:
    """BR(tau -> l_j P) by Z exchange; P = pi0, eta, eta'."""
    mass, f = MESONS[meson]
    size = abs2(Z[LEFT, j, 2]) + abs2(Z[RIGHT, j, 2])
    coupling = G_Z * 0.5 * f / M_Z2
    m = sm.M_LEPTON[2]
    width = size * coupling * coupling * m**3 * (1.0 - (mass / m) ** 2) ** 2 / (32.0 * math.pi)
    return width / sm.LEPTON_WIDTH[2]


@jit
def conversion(nucleus: int, D: Array, A1: Array, Z: Array) -> float:
    """Rate of mu -> e conversion over muon capture, coherent."""
    overlap, v_p, v_n, capture = NUCLEI[nucleus]
    m = sm.M_LEPTON[1]
    kappa = math.sqrt(2.0) * E2 / sm.G_F
    z = -math.sqrt(2.0) / sm.G_F * G_Z / M_Z2 * 0.5
    # Vector couplings T3 - 2 Q s^2 of u and d.
    g_u, g_d = 0.5 - 4.0 / 3.0 * S2, -0.5 + 2.0 / 3.0 * S2
    nucleons = (2.0 * g_u + g_d) * v_p + (g_u + 2.0 * g_d) * v_n
    total = 0.0
    for c in range(2):
        a2 = over(-D[1 - c, 0, 1], 16.0 * math.pi**2 * m)
        amplitude = kappa * (A1[c, 0, 1] * v_p - a2 * (overlap / (8.0 * E))) + z * Z[c, 0, 1] * nucleons
        total += abs2(amplitude)
    return 2.0 * sm.G_F**2 * m**5 * total / (capture * sm.HBAR)


@jit
def z_decay(i: int, j: int, Z: Array, zslope: Array) -> float:
    """BR(Z -> l_i l_j), both charge combinations; slope in q^2 to leading order in v^2/M^2."""
    total = 0.0
    for c in range(2):
        total += abs2(Z[c, j, i] - M_Z2 * G_Z * zslope[c, j, i])
    return 2.0 * sm.M_Z * total / (24.0 * math.pi) / sm.Z_WIDTH


@jit
def magnetic_moment(i: int, D: Array) -> float:
    """Contribution to (g - 2)/2 of lepton i."""
    moment: float = sm.M_LEPTON[i] * D[RIGHT, i, i].real / (8.0 * math.pi**2)
    return moment


@jit
def electric_moment(i: int, D: Array) -> float:
    """|d_i| in e cm."""
    moment: float = abs(D[RIGHT, i, i].imag) / (16.0 * math.pi**2) * sm.HBAR_C_CM
    return moment


N_RATES: Final = 29
DECAYS: Final = np.array(
    [(1, 0, 0, 0), (2, 0, 0, 0), (2, 1, 1, 1), (2, 0, 1, 1), (2, 1, 0, 0), (2, 1, 1, 0), (2, 0, 0, 1)]
)
"""l_i -> l_j l_k antilepton_l of BR_mu_3e ... BR_tau_mubar_ee."""


@jit
def write_rates(D: Array, A1: Array, Z: Array, slope: Array, out: Floats) -> None:
    """Fill out (29,) with what needs no boxes; the decays to three leptons are entries 3 to 9."""
    n = 0
    for i in range(1, 3):
        for j in range(i):
            out[n] = to_photon(i, j, D)
            out[20 + n] = z_decay(i, j, Z, slope)
            n += 1
    for j in range(2):
        for k in range(3):
            out[10 + 3 * j + k] = to_meson(j, k, Z)
    for k in range(4):
        out[16 + k] = conversion(k, D, A1, Z)
    for k in range(3):
        out[23 + 2 * k] = magnetic_moment(k, D)
        out[24 + 2 * k] = electric_moment(k, D)


def _make(fingerprint: str) -> Callable[..., None]:
    """Build the loop over points; the fingerprint of the sources makes stale machine code impossible."""

    @jit_lean_kernel
    def flavour_kernel(
        points: Floats, m2: Floats, mixing: Floats, u: Array, m_chi: Floats, G: Array, all2: Floats, P: Floats,
        s: Array, t: Array, D: Array, A1: Array, Z: Array, slope: Array, c0: Floats, i2: Floats, i0: Floats,
        c0_psi: Floats, c0_mixed: Floats, psi_box: Floats, c0_eta: Floats, out: Floats,
    ) -> None:  # fmt: skip
        assert len(fingerprint) > 0  # read, so that it becomes part of the cache key
        for n in range(len(points)):
            x, scalars, mix, w, chi, row = points[n], m2[n], mixing[n], u[n], m_chi[n], out[n]
            m_psi = x[13]
            collect_masses(chi, m_psi, scalars, all2)
            fill_propagators(all2, P)
            vertices.lepton_couplings(x, G[n], w, mix, s, t)
            vertices.photon(s, t, chi, m_psi, scalars, D, A1, slope)
            vertices.box_integrals(P, c0, i2, i0)
            vertices.psi_integrals(P, c0_psi, c0_mixed, psi_box)
            vertices.eta_integrals(P, c0_eta)
            vertices.z_vertex(s, t, w, mix, chi, m_psi, scalars, c0, c0_psi, c0_mixed, c0_eta, Z)
            write_rates(D, A1, Z, slope, row)
            for k in range(7):
                i, j, l1, l2 = DECAYS[k, 0], DECAYS[k, 1], DECAYS[k, 2], DECAYS[k, 3]
                row[3 + k] = to_three_leptons(i, j, l1, l2, D, A1, Z, s, t, chi, mix, i2, i0, psi_box)

    return flavour_kernel


@cache
def _kernel() -> Callable[..., None]:
    return _make(source_fingerprint(__name__))


def rates(x: Floats, s: Spectrum, G: Array) -> Floats:
    """The 29 observables BR_mu_egamma ... d_tau (n, 29) of points x (n, d) with couplings G (n, 3, 3)."""
    out = np.empty((len(x), N_RATES))
    all2, P = np.empty(9), np.empty((9, len(NODES)))
    couplings = np.empty((2, 3, 3), complex), np.empty((2, 4, 3), complex)
    loops, boxes, vectors = np.empty((4, 2, 3, 3), complex), np.empty((3, 4, 4)), np.empty((4, 4))
    _kernel()(x, s.m2, s.mixing, s.u, s.m_chi, G, all2, P, *couplings, *loops, *boxes, *vectors, out)
    return out
