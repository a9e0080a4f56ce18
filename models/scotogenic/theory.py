"""What follows from the spectrum without flavour: theory, electroweak data, dark matter, masses."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

from terranova.models.physics import oblique_data
from terranova.models.physics._jit import jit, jit_lean_kernel, source_fingerprint
from terranova.models.scotogenic import direct, electroweak, spectrum
from terranova.models.scotogenic.observables import COLUMN
from terranova.models.scotogenic.spectrum import Spectrum
from terranova.types import Array, Floats

THEORY = COLUMN["bfb"]
DARK = COLUMN["m_dm"]
MASSES = COLUMN["max_quartic"]


@jit
def write_masses(
    b: spectrum.Base, x: Floats, G: Array, lowest: float, m2: Floats, m_chi: Floats, row: Floats
) -> None:
    """Largest couplings, masses and the tachyon flag."""
    quartic = max(max(abs(b.lam_h), abs(b.lam_4s)), max(abs(b.lam_4eta), abs(b.lam_s)))
    quartic = max(quartic, max(abs(b.lam_s_eta), abs(b.lam_eta)))
    row[MASSES] = max(quartic, max(abs(b.lam_eta_p), abs(b.lam_eta_pp)))
    yukawa = 0.0
    for k in range(4):
        yukawa = max(yukawa, math.hypot(x[14 + 2 * k], x[15 + 2 * k]))
    for k in range(3):
        yukawa = max(yukawa, abs(x[22 + k]))
        for i in range(3):
            yukawa = max(yukawa, abs(G[i, k]))
    row[MASSES + 1] = yukawa
    for k in range(4):
        row[MASSES + 2 + k] = math.sqrt(m2[k])
        row[MASSES + 6 + k] = m_chi[k]
    row[MASSES + 10] = b.m_psi
    row[MASSES + 11] = 1.0 if lowest <= 0.0 else 0.0
    row[MASSES + 12] = lowest


@jit
def write_theory(
    b: spectrum.Base, x: Floats, u: Array, m_chi: Floats, m2: Floats, mixing: Floats, row: Floats
) -> None:
    """Boundedness, unitarity, oblique parameters, Higgs boson."""
    row[THEORY], row[THEORY + 1] = electroweak.boundedness(b), electroweak.unitarity(b)
    s, t, uu = electroweak.scalar_oblique(m2, mixing)
    s_f, t_f, u_f = electroweak.fermion_oblique(u, m_chi, b.m_psi)
    s, t, uu = s + s_f, t + t_f, uu + u_f
    row[THEORY + 2], row[THEORY + 3], row[THEORY + 4] = s, t, uu
    row[THEORY + 5] = oblique_data.chi2_oblique(s, t, uu)
    row[THEORY + 6] = math.sqrt(2.0 * b.lam_h) * spectrum.V
    row[THEORY + 7] = electroweak.gamma_gamma(b.lam_eta, m2[3])
    row[THEORY + 8] = electroweak.invisible(b, x, u, m_chi, m2, mixing)


@jit
def write_dark_matter(
    b: spectrum.Base, x: Floats, u: Array, m_chi: Floats, m2: Floats, mixing: Floats, row: Floats
) -> None:
    """The candidate and its direct detection."""
    c = direct.candidate(u, m_chi, b.m_psi, m2, mixing)
    sigma = direct.nucleon_cross_section(b, x, u, mixing, c.kind, c.mass)
    limit = direct.lz_limit(c.mass)
    row[DARK], row[DARK + 1] = c.mass, c.kind
    row[DARK + 2], row[DARK + 3] = 1.0 if c.excess <= 0.0 else 0.0, c.excess
    row[DARK + 4], row[DARK + 5], row[DARK + 6] = sigma, limit, sigma / limit
    row[DARK + 7], row[DARK + 8], row[DARK + 9] = c.split, c.z2, c.gap


def _make(fingerprint: str) -> Callable[..., None]:
    """Build the loop over points; the fingerprint of the sources makes stale machine code impossible."""

    @jit_lean_kernel
    def theory_kernel(
        points: Floats, m2: Floats, mixing: Floats, lowest: Floats, u: Array, m_chi: Floats, G: Array, out: Floats
    ) -> None:
        assert len(fingerprint) > 0  # read, so that it becomes part of the cache key
        for n in range(len(points)):
            x, scalars, mix, w, chi, row = points[n], m2[n], mixing[n], u[n], m_chi[n], out[n]
            b = spectrum.read_base(x)
            write_theory(b, x, w, chi, scalars, mix, row)
            write_dark_matter(b, x, w, chi, scalars, mix, row)
            write_masses(b, x, G[n], lowest[n], scalars, chi, row)

    return theory_kernel


@cache
def _kernel() -> Callable[..., None]:
    return _make(source_fingerprint(__name__))


def write(x: Floats, s: Spectrum, G: Array, out: Floats) -> None:
    """Fill columns bfb to m2_min of out (n, N_KERNEL) for points x (n, d).

    Args:
        s: their spectrum.
        G: their couplings (n, 3, 3).
    """
    _kernel()(x, s.m2, s.mixing, s.lowest, s.u, s.m_chi, G, out)
