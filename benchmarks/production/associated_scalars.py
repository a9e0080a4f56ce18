"""Tables of pp -> H+- phi and of pp -> tt A over tt H at 13 TeV, as in models/thdm3/tables.json.

    python benchmarks/production/associated_scalars.py PDF4LHC21_mc_0000.dat NNPDF23_lo_as_0130_qed_0000.dat

prints both tables, and how they compare with published numbers. The files hold parton densities in the format of
LHAPDF, as they come with Pythia 8: PDF4LHC21 (arXiv:2203.05506) for pairs, and NNPDF2.3 at leading order
(arXiv:1308.0598) for ratios at leading order, with which they agree with published ones.

pp -> W* -> H+- phi is the Drell-Yan process with another final state: the cross section of partons at leading order
times what QCD radiates from the quarks, here to order alpha_s, at the scale of the mass of the pair.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
from parton_densities import GLUON, PartonDensities
from scipy.interpolate import CubicSpline
from top_pair import gauge_violation, odd_over_even

from terranova.models.physics import running, sm

ENERGY = 13000.0
GEV2_PB = 0.3893793721e9
"""(hbar c)^2 in GeV^2 pb."""
CKM2 = {
    (2, 1): 0.97373**2,
    (2, 3): 0.2243**2,
    (2, 5): 0.00382**2,
    (4, 1): 0.221**2,
    (4, 3): 0.975**2,
    (4, 5): 0.0408**2,
}
"""|V|^2 of up-type (2, 4) and down-type (1, 3, 5) quarks; PDG 2022, doi:10.1093/ptep/ptac097."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(120)


def luminosity(pdf: PartonDensities, tau: float, q: float, pairs: list[tuple[int, int, float]]) -> float:
    """Sum over pairs of c * integral dx/x [f_a(x) f_b(tau/x) + f_b(x) f_a(tau/x)], both beams."""
    half = -0.5 * math.log(tau)
    y = half * _NODES
    x1, x2 = math.sqrt(tau) * np.exp(y), math.sqrt(tau) * np.exp(-y)
    x1, x2 = np.minimum(x1, 1.0), np.minimum(x2, 1.0)
    flavours = {f for a, b, _ in pairs for f in (a, b)}
    f1 = {f: pdf.xf(f, x1, q) for f in flavours}
    f2 = {f: pdf.xf(f, x2, q) for f in flavours}
    total = sum(c * (f1[a] * f2[b] + f1[b] * f2[a]) for a, b, c in pairs)
    return float(np.sum(_WEIGHTS * total)) * half / tau


QUARKS = [pair for (u, d), v2 in CKM2.items() for pair in ((u, -d, v2), (-u, d, v2))]
"""u dbar -> W+ and ubar d -> W-."""
WITH_GLUONS = [
    pair
    for (u, d), v2 in CKM2.items()
    for pair in ((GLUON, u, v2), (GLUON, -d, v2), (GLUON, -u, v2), (GLUON, d, v2))
]


def radiation(pdf: PartonDensities, m: float, next_order: bool) -> float:
    """S dsigma/dM^2 over the cross section of partons at shat = M^2, both charges.

    Coefficients of order alpha_s of the Drell-Yan process for scales equal to M: Altarelli, Ellis, Martinelli,
    doi:10.1016/0550-3213(79)90116-0, in the form of Ellis, Stirling, Webber, section 9.1.
    """
    tau = (m / ENERGY) ** 2
    lowest = luminosity(pdf, tau, m, QUARKS)
    if not next_order:
        return lowest
    a = running.alpha_s(m) / (2.0 * math.pi)
    c_f, t_r = 4.0 / 3.0, 0.5
    total = lowest * (1.0 + a * c_f * (2.0 * math.pi**2 / 3.0 - 8.0))
    # Plus distribution on [tau, 1]: z = 1 - (1 - tau) t^2 takes the end-point logarithm away.
    nodes, weights = np.polynomial.legendre.leggauss(60)
    t, w = 0.5 * (nodes + 1.0), 0.5 * weights
    d = (1.0 - tau) * t**2
    jacobian = 2.0 * (1.0 - tau) * t * w
    for k in range(len(t)):
        z = 1.0 - d[k]
        quarks = luminosity(pdf, tau / z, m, QUARKS)
        gluons = luminosity(pdf, tau / z, m, WITH_GLUONS)
        log = math.log(d[k])
        plus = 4.0 * log / d[k] * ((1.0 + z * z) * quarks / z - 2.0 * lowest)
        rest = -2.0 * (1.0 + z * z) / d[k] * math.log(z) * quarks / z
        d_g = t_r * ((z * z + d[k] ** 2) * math.log(d[k] ** 2 / z) + 0.5 + 3.0 * z - 3.5 * z * z)
        total += a * jacobian[k] * (c_f * (plus + rest) + d_g * gluons / z)
    # What the subtraction leaves out below z = tau: 2 * 4 * integral_0^tau ln(1-z)/(1-z).
    total += a * c_f * 8.0 * lowest * 0.5 * math.log(1.0 - tau) ** 2
    return total


class PairProduction:
    """sigma(pp -> H+- phi) in pb, both charges, for a coupling (g/2) W (H d phi - phi d H)."""

    def __init__(self, pdf: PartonDensities, next_order: bool = True) -> None:
        self._ln_m = np.linspace(math.log(100.0), math.log(9000.0), 140)
        values = [radiation(pdf, math.exp(x), next_order) for x in self._ln_m]
        self._spline = CubicSpline(self._ln_m, np.log(values))

    def __call__(self, m1: float, m2: float) -> float:
        """The cross section for masses m1, m2 in GeV."""
        least = m1 + m2
        nodes, weights = np.polynomial.legendre.leggauss(200)
        low, high = math.log(least), math.log(9000.0)
        # M grows from threshold with the cube of the variable, so that the integrand is smooth there.
        u, w = 0.5 * (nodes + 1.0), 0.5 * weights
        ln_m = low + (high - low) * u**2
        jacobian = 2.0 * (high - low) * u * w
        s = np.exp(2.0 * ln_m)
        factor = (1.0 - (m1 + m2) ** 2 / s) * (1.0 - (m1 - m2) ** 2 / s)
        g4 = (2.0 * sm.M_W / sm.VEV) ** 4
        parton = g4 * s * np.maximum(factor, 0.0) ** 1.5 / (2304.0 * math.pi * (s - sm.M_W**2) ** 2)
        # dM^2 = 2 M^2 dlnM
        return float(np.sum(jacobian * 2.0 * s * parton * np.exp(self._spline(ln_m)))) / ENERGY**2 * GEV2_PB


PUBLISHED = {
    (108.0, 107.0): 0.38127, (200.75, 107.0): 0.096804, (293.5, 107.0): 0.033220, (386.25, 107.0): 0.013805,
    (479.0, 107.0): 0.0065143, (108.0, 201.0): 0.096356, (200.75, 201.0): 0.038379, (293.5, 201.0): 0.016899,
    (386.25, 201.0): 0.0082095, (479.0, 201.0): 0.0042888, (108.0, 295.0): 0.032821, (200.75, 295.0): 0.016766,
    (293.5, 295.0): 0.0087229, (386.25, 295.0): 0.0047257, (479.0, 295.0): 0.0026849, (108.0, 389.0): 0.013593,
    (200.75, 389.0): 0.0080199, (293.5, 389.0): 0.0046843, (386.25, 389.0): 0.0027699, (479.0, 389.0): 0.0016848,
    (108.0, 483.0): 0.0063491, (200.75, 483.0): 0.0041649, (293.5, 483.0): 0.0026368, (386.25, 483.0): 0.0016690,
    (479.0, 483.0): 0.0010615,
}  # fmt: skip
"""sigma in pb for (m of H+-, m of phi): NNLO by K factors, arXiv:2103.07484, as in the tests of HiggsTools."""

SUMS = [round(200.0 * 10.0 ** (k / 40.0), 1) for k in range(41)]
"""m1 + m2 in GeV, from 200 to 2000."""
ASYMMETRIES = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
"""((m1 - m2)/(m1 + m2))^2: at most 0.67 for masses of 100 to 1000 GeV."""
TTA_MASSES = [
    100.0,
    125.0,
    150.0,
    175.0,
    200.0,
    250.0,
    300.0,
    350.0,
    400.0,
    450.0,
    500.0,
    600.0,
    700.0,
    800.0,
    900.0,
    1000.0,
]


def pair_table(cross_section: PairProduction) -> list[list[float]]:
    """sigma in pb at each of SUMS and ASYMMETRIES."""
    return [
        [
            float(f"{cross_section(0.5 * m * (1 + math.sqrt(r)), 0.5 * m * (1 - math.sqrt(r))):.5g}")
            for r in ASYMMETRIES
        ]
        for m in SUMS
    ]


PUBLISHED_RATIOS = {123.0: 0.337, 124.0: 0.344, 125.0: 0.351, 126.0: 0.351, 127.0: 0.356}
"""tt A over tt H at 8 TeV for equal couplings, as in the combination tool of CMS (file ttA_8TeV.txt)."""


def main(for_pairs: Path, for_ratios: Path) -> None:
    """Print both tables as JSON, and the comparison with published numbers to the standard error."""
    cross_section = PairProduction(PartonDensities(for_pairs))
    print(f"{'m(H+-)':>8} {'m(phi)':>8} {'published, pb':>14} {'here/published':>15}", file=sys.stderr)
    for (m1, m2), published in PUBLISHED.items():
        print(f"{m1:8g} {m2:8g} {published:14.4g} {cross_section(m1, m2) / published:15.3f}", file=sys.stderr)
    lowest_order = PartonDensities(for_ratios)
    print(f"tt A over tt H; gauge invariance holds to {gauge_violation():.0e}", file=sys.stderr)
    for m, published in PUBLISHED_RATIOS.items():
        ratio = odd_over_even(lowest_order, [m], 8000.0)[0]
        print(f"{m:8g} {'8 TeV':>8} {published:14.4g} {ratio / published:15.3f}", file=sys.stderr)
    ratios = [float(f"{r:.4g}") for r in odd_over_even(lowest_order, TTA_MASSES, ENERGY)]
    tables = {
        "sigma_hphi_13TeV": {"sum": SUMS, "asymmetry": ASYMMETRIES, "y": pair_table(cross_section)},
        "tta_over_tth_13TeV": {"m": TTA_MASSES, "y": ratios},
    }
    print(json.dumps(tables))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
