"""Signal strengths of h1 in one decay, over all ways of production: what averages of experiments are of.

A fit that holds the relative cross sections of production at their SM values measures about the sum over them, with
the SM cross sections as weights. Those of 13 TeV are taken: most of the data.
"""

from __future__ import annotations

from terranova.models.physics._jit import jit
from terranova.models.thdm3.higgs import SignalRatios
from terranova.types import Floats

# Cross sections in pb at 13 TeV and 125.0 GeV: LHC Higgs working group, arXiv:1610.07922 (gluon fusion to N3LO), as
# tabulated in the CMS combination tool. Single top, 0.15 % of the sum, is left out.
GGF, VBF, WH, ZH, TTH, BBH = 48.58, 3.782, 1.373, 0.8839, 0.5071, 0.488
_INV_SUM = 1.0 / (GGF + VBF + WH + ZH + TTH + BBH)


@jit
def production(r: SignalRatios) -> float:
    """Cross section of h1, summed over gluon fusion, vector bosons, tops and bottoms, over the SM one."""
    return (GGF * r.ggf + (VBF + WH + ZH) * r.ww + TTH * r.cc + BBH * r.bb) * _INV_SUM


@jit
def write_inclusive(r: SignalRatios, column: int, row: Floats) -> None:
    """Six columns in the order of `observables.INCLUSIVE_DECAYS`; muons and tau leptons have the same coupling."""
    sigma = production(r) / r.width
    row[column] = sigma * r.gamgam
    row[column + 1], row[column + 2] = sigma * r.ww, sigma * r.ww
    row[column + 3], row[column + 4] = sigma * r.tautau, sigma * r.tautau
    row[column + 5] = sigma * r.zgam
