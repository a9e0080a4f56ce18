"""What the kernel computes of each new scalar, in the order of its columns: rates and branching ratios.

`scalars.py` fills these columns, `observables.py` declares them.
"""

from __future__ import annotations

from typing import Final

EVEN_RATES: Final = ("width", "sigma_gg", "sigma_bb", "sigma_VBF", "sigma_ttH", "kappa_t")
"""Of h2 and h3: total width, cross sections, coupling to the top quark."""
ODD_RATES: Final = ("width", "sigma_gg", "sigma_bb", "sigma_ttA", "kappa_t")
"""Of A1 and A2."""
NEUTRAL_PARTNERS: Final = ("h1", "h2", "h3", "A1", "A2")
"""What a charged scalar is produced with by a virtual W boson."""
CHARGED_RATES: Final = ("width", "sigma_tbH", "br_t_b", *(f"sigma_H{state}" for state in NEUTRAL_PARTNERS))
"""Of H1+ and H2+."""

FERMIONS: Final = ("tautau", "mumu", "bb", "cc", "tt")
EVEN_DECAYS: Final = (
    *FERMIONS,
    *("gg", "gamgam", "Zgam", "WW", "ZZ"),
    *("h1h1", "h1h", "hh", "A1A1", "A1A2", "A2A2", "HpHm"),
    *("ZA1", "ZA2", "WH1p", "WH2p"),
)
"""h stands for the other one of h2 and h3."""
ODD_DECAYS: Final = (
    *FERMIONS,
    *("gg", "gamgam", "Zgam"),
    *("h1A", "h2A", "h3A", "HpHm"),
    *("Zh1", "Zh2", "Zh3", "WH1p", "WH2p"),
)
"""A stands for the other one of A1 and A2."""
CHARGED_DECAYS: Final = (
    *("taunu", "munu", "tb", "cb", "cs"),
    *("Hph1", "Hph2", "Hph3", "HpA1", "HpA2"),
    *("Wh1", "Wh2", "Wh3", "WA1", "WA2"),
)
"""Hp stands for the other one of H1+ and H2+."""

N_EVEN: Final = len(EVEN_RATES) + len(EVEN_DECAYS)
N_ODD: Final = len(ODD_RATES) + len(ODD_DECAYS)
N_CHARGED: Final = len(CHARGED_RATES) + len(CHARGED_DECAYS)


def decay_names(channels: tuple[str, ...], state: str) -> tuple[str, ...]:
    """Return the channels of a state with the other one of its kind by name: "h1h" of h2 is "h1h3".

    Args:
        channels: one of the tuples above.
        state: "h2", "h3", "A1", "A2", "H1p" or "H2p".
    """
    other = {"h2": "h3", "h3": "h2", "A1": "A2", "A2": "A1", "H1p": "H2p", "H2p": "H1p"}[state]
    named = {"h1h": f"h1{other}", "hh": other * 2, **{f"h{i}A": f"h{i}{other}" for i in (1, 2, 3)}}
    if state in ("H1p", "H2p"):
        named = {c: other + c.removeprefix("Hp") for c in channels if c.startswith("Hp")}
    return tuple(named.get(channel, channel) for channel in channels)
