"""Direct searches for the new scalars: cross sections, and limits reduced to curves through two published
points.

The limits are illustrative. Each is the power law through the two end points quoted in the abstract of the
search; structure in between, widths, and channels not listed are ignored. Published exclusions need
HiggsTools.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import NamedTuple

from terranova.models.physics._jit import jit
from terranova.models.physics.tables import log_table
from terranova.types import Floats

TABLES = json.loads((Path(__file__).parent / "tables.json").read_text())


def _table(name: str) -> Floats:
    return log_table(TABLES[name]["m"], TABLES[name]["y"])


SIGMA_GG = _table("sigma_gg_13TeV")
SIGMA_BB = _table("sigma_bb_13TeV")
SIGMA_TBH = _table("sigma_tbh_13TeV")
WIDTH_WW = _table("width_ww")
WIDTH_ZZ = _table("width_zz")

TBH_X2_WEIGHT = 2.8e-4
"""Weight of X^2 relative to Y^2 in pp -> tbH: 2.6e-4 to 3.0e-4 in the tables of the LHC Higgs working group."""

SIGMA_TTBAR = 831.76
"""pp -> t tbar at 13 TeV in pb, NNLO+NNLL for m_t = 172.5 GeV; arXiv:1112.5675, LHC top working group."""


class PowerLaw(NamedTuple):
    """Upper limit y0 (m/m0)^exponent for m above m0 (GeV), constant below."""

    log_m0: float
    log_y0: float
    exponent: float


def through(m0: float, y0: float, m1: float, y1: float) -> PowerLaw:
    """The power law through the points (m0, y0) and (m1, y1)."""
    return PowerLaw(math.log(m0), math.log(y0), math.log(y1 / y0) / math.log(m1 / m0))


@jit
def limit(law: PowerLaw, log_m: float) -> float:
    """Limit at mass exp(log_m)."""
    return math.exp(law.log_y0 + law.exponent * max(log_m - law.log_m0, 0.0))


# 95 % CL limits in pb. End points marked (m) are from memory of the abstract, the others were read in it.
TAU_TAU = through(60.0, 10.0, 3500.0, 0.3e-3)
"""phi -> tau tau; CMS arXiv:2208.02717 (m)."""

Z_Z = through(240.0, 0.215, 1900.0, 2.0e-3)
"""gg -> H -> ZZ; ATLAS arXiv:2009.14791 (m)."""
Z_Z_FROM = 200.0

H_H = through(251.0, 0.595, 3000.0, 1.1e-3)
"""gg -> H -> hh; ATLAS-CONF-2021-052."""
H_H_FROM = 251.0

Z_H = through(220.0, 1.3, 5000.0, 0.3e-3)
"""gg -> A -> Zh; ATLAS arXiv:2207.00230."""
Z_H_FROM = 220.0

TAU_NU = through(90.0, 4.2, 2000.0, 2.5e-3)
"""pp -> tbH+, H+ -> tau nu; ATLAS arXiv:1807.07915."""

T_B = through(200.0, 3.6, 2000.0, 0.036)
"""pp -> tbH+, H+ -> tb; ATLAS arXiv:2102.10076."""
T_B_FROM = 200.0

# 95 % CL limits on BR(t -> b H+) BR(H+ -> X).
TOP_TAU_NU = through(90.0, 0.25e-2, 160.0, 0.031e-2)
"""ATLAS arXiv:1807.07915."""

TOP_C_B = 0.42e-2
"""ATLAS arXiv:2302.11739, taken flat in mass."""

TOP_C_S = 3.6e-2
"""ATLAS arXiv:2407.10096, taken flat in mass (m)."""

TOP_DECAY_TO = 160.0
"""Largest charged-Higgs mass of the t -> b H+ searches for tau nu and cb."""
TOP_C_S_TO = 168.0
