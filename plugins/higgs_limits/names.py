"""The names of HiggsTools, arXiv:2210.09332: colliders, productions, decays, chains and couplings.

A file that names another one is not read: a typing error in a channel would otherwise count as a rate of zero.
"""

from __future__ import annotations

from typing import Final

COLLIDERS: Final = ("LEP", "LHC8", "LHC13")
DEFAULT_COLLIDER: Final = "LHC13"

CHARGES: Final = ("neutral", "single", "double")
CP_VALUES: Final = ("even", "odd", "undefined")
COUPLINGS: Final = ("effCPeTopYuk", "effCPoTopYuk", "effVV", "alphaCPTauYuk")
CHAINS: Final = ("Z", "W")
REFERENCES: Final = ("SMHiggs", "SMHiggsEW", "SMHiggsInterp")

TOP_DECAYS: Final = ("brtHc", "brtHu", "brtHpb")
"""Productions that are a branching ratio of the top, the same at every collider."""

COMBINED: Final = {"H": ("ggH", "bbH", "qqH"), "HZ": ("qqHZ", "ggHZ", "bbHZ"), "Ht": ("tchanHt", "schanHt")}
"""Productions that are the sum of others."""

_NEUTRAL_PRODUCTIONS = (
    *("ggH", "bbH", "vbfH", "HW", "qqHZ", "ggHZ", "bbHZ", "Htt", "tchanHt", "schanHt", "HtW", "qqH"),
    *("eeHZ", "eeHbb", "eeHtautau", "brtHc", "brtHu", "H", "HZ", "Ht"),
    *(f"{quarks}Hgam" for quarks in ("uu", "dd", "cc", "ss", "bb", "uc", "ds", "db", "sb")),
)
_QUARK_PAIRS = ("ud", "us", "ub", "cd", "cs", "cb")
_CHARGED_PRODUCTIONS = (
    *("Hpmtb", "qqHpm", "vbfHpm", "HpmW", "HpmZ", "brtHpb"),
    *(f"{quarks}H{sign}gam" for sign in "pm" for quarks in _QUARK_PAIRS),
)
PRODUCTIONS: Final = {
    "neutral": ("none", "pair", *_NEUTRAL_PRODUCTIONS),
    "single": ("none", "pair", *_CHARGED_PRODUCTIONS),
    "double": ("none", "pair"),
}
"""Charge -> the productions that a particle of it can have."""

DECAYS: Final = {
    "neutral": (
        *("none", "uu", "dd", "cc", "ss", "tt", "bb", "ee", "mumu", "tautau", "WW", "ZZ", "Zgam", "gamgam", "gg"),
        *("directInv", "inv", "emu", "etau", "mutau", "uc", "ds", "db", "sb"),
    ),
    "single": ("none", *_QUARK_PAIRS, "tb", "enu", "munu", "taunu", "WZ", "Wgam"),
    "double": (
        *("none", "WWsamesign", "eesamesign", "mumusamesign", "tautausamesign", "emusamesign", "etausamesign"),
        "mutausamesign",
    ),
}
"""Charge -> the decays that a particle of it can have."""

ALL_PRODUCTIONS: Final = tuple(dict.fromkeys(name for names in PRODUCTIONS.values() for name in names))
ALL_DECAYS: Final = tuple(dict.fromkeys(name for names in DECAYS.values() for name in names))
