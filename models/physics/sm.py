"""Standard Model inputs: one table, each number with its source.

Masses and widths in GeV. These are the inputs of the reference vectors of the models; change one here and
every model follows.
"""

from __future__ import annotations

import math
from typing import Final

# --- Electroweak inputs -----------------------------------------------------------------------------------
G_F: Final = 1.1663787e-5
"""Fermi constant in GeV^-2; PDG review 2018-2022, doi:10.1093/ptep/ptac097, from MuLan arXiv:1211.0960."""

M_W: Final = 80.379
"""W mass; PDG 2018-2020 average, doi:10.1093/ptep/ptaa104."""

M_Z: Final = 91.1876
"""Z mass; LEP/SLD combination hep-ex/0509008."""

SIN2_W: Final = 1.0 - (M_W / M_Z) ** 2
"""Sine squared of the weak angle in the on-shell scheme: the definition of S, T, U in arXiv:0802.4353."""

COS2_W: Final = 1.0 - SIN2_W

VEV: Final = 1.0 / math.sqrt(math.sqrt(2.0) * G_F)
"""Electroweak vacuum expectation value, 246.2197 GeV."""

ALPHA_EM: Final = 1.0 / 137.035999
"""Fine-structure constant at q^2 = 0, for on-shell photons; CODATA, doi:10.1103/RevModPhys.93.025010."""

# --- Strong coupling and fermion masses -------------------------------------------------------------------
ALPHA_S_MZ: Final = 0.1180
"""Strong coupling at M_Z; LHC Higgs working group, arXiv:1610.07922 table 1."""

M_TOP: Final = 172.5
"""Top pole mass; arXiv:1610.07922 table 1."""

M_BOTTOM_POLE: Final = 4.78
"""Bottom pole mass in loops; PDG quark-mass review, doi:10.1093/ptep/ptac097 (4.92 in arXiv:1610.07922)."""

M_BOTTOM_MSBAR: Final = 4.18
"""MS-bar bottom mass at its own scale; arXiv:1610.07922 table 1."""

M_CHARM_POLE: Final = 1.67
"""Charm pole mass in loops; PDG quark-mass review, doi:10.1093/ptep/ptac097."""

M_TAU: Final = 1.77686
"""Tau mass; PDG 2018-2022, doi:10.1093/ptep/ptac097."""

V_TB: Final = 0.9991
"""CKM element; PDG fit, doi:10.1093/ptep/ptac097."""

V_CS: Final = 0.9735
"""CKM element; PDG fit, doi:10.1093/ptep/ptac097."""

V_CB: Final = 0.0411
"""CKM element; PDG average, doi:10.1093/ptep/ptac097."""

TOP_WIDTH_BW: Final = 1.35
"""Width of t -> b W at NLO QCD; hep-ph/9302295 evaluated at M_TOP."""

# --- The 125 GeV Higgs boson ------------------------------------------------------------------------------
M_HIGGS: Final = 125.0
"""Higgs mass at which the widths below are tabulated."""

HIGGS_WIDTH: Final = 4.088e-3
"""Total width of the SM Higgs boson of 125 GeV; arXiv:1610.07922 (YR4) appendix tables."""

_YR4_BRANCHING = {
    "bb": 0.5824,
    "tautau": 0.06272,
    "mumu": 2.176e-4,
    "cc": 0.02891,
    "ss": 2.48e-4,
    "gg": 0.08187,
    "gamgam": 2.270e-3,
    "Zgam": 1.533e-3,
    "WW": 0.2137,
    "ZZ": 0.02619,
}
"""SM branching ratios at 125.0 GeV; arXiv:1610.07922 (YR4) as tabulated in the CMS combination tool."""

HIGGS_BRANCHING: Final[dict[str, float]] = {
    channel: value / sum(_YR4_BRANCHING.values()) for channel, value in _YR4_BRANCHING.items()
}
"""The same, divided by their sum (1.00006: the printed numbers are rounded)."""

# --- Inputs of models with charged-lepton and dark-matter observables -------------------------------------
# PDG review 2024, doi:10.1103/PhysRevD.110.030001, unless said otherwise.
M_W_2024: Final = 80.3692
"""World average of the W mass."""

SIN2_EFF: Final = 0.23122
"""MS-bar sine squared of the weak angle at M_Z: couplings of light fermions to the Z boson."""

ALPHA_MZ: Final = 1.0 / 127.95
"""MS-bar fine-structure constant at M_Z, 1/127.951(9) rounded; PDG 2022, doi:10.1093/ptep/ptac097."""

M_LEPTON: Final = (0.51099895e-3, 0.1056583755, 1.77693)
"""Masses of electron, muon and tau."""

HBAR: Final = 6.582119569e-25
"""GeV s; exact in the SI."""

HBAR_C_CM: Final = 1.973269804e-14
"""GeV cm; exact in the SI."""

LEPTON_WIDTH: Final = (0.0, HBAR / 2.1969811e-6, HBAR / 290.3e-15)
"""Total widths of electron, muon and tau, from their lifetimes."""

Z_WIDTH: Final = 2.4955
"""Total width of the Z boson."""

M_HIGGS_2024: Final = 125.2
"""Mass of the Higgs boson: world average 125.20 +- 0.11."""

M_TOP_2024: Final = 172.57
"""Top pole mass."""

M_BOTTOM_AT_MH: Final = 2.8
"""Running bottom mass at the scale m_h, rounded; arXiv:1610.07922."""

M_NUCLEON: Final = 0.93891875
"""Mean of proton and neutron."""

PLANCK_MASS: Final = 1.22089e19
"""1/sqrt(G_N)."""
