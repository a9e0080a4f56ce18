"""Declaration of the parameters: couplings at the scale Lambda, priors and defaults."""

from __future__ import annotations

import math

from terranova import Fixed, LogUniform, Parameter, Prior, SignedLogUniform, Uniform

M_MIN, M_MAX = 0.3, 4.78
"""GeV; range of the ALP mass in which the model is defined: from the tables of widths to m_B - m_K."""

SCALES = ("free", "4pi-fa")
_FERMIONS = {
    "cqL": ("c_{q_L}", "left-handed quarks"),
    "cuR": ("c_{u_R}", "right-handed up quarks"),
    "cdR": ("c_{d_R}", "right-handed down quarks"),
    "clL": (r"c_{\ell_L}", "left-handed leptons"),
    "ceR": ("c_{e_R}", "right-handed charged leptons"),
}
_SCANNED: dict[str, Prior] = {
    "cqL3": LogUniform(1e-3, 1e1),
    "cG": LogUniform(1e-4, 1e1),
    "cuR": SignedLogUniform(1e-4, 1e1),
    "ceR": SignedLogUniform(1e-4, 1e1),
}
_NONE = Fixed(0.0)

BENCHMARKS = {"fit": {"ma": 2.1, "fa": 1e6, "Lam": 1e6, "cqL3": 0.1277, "cG": 0.125}}
"""Points with names. "fit" explains the excess of Belle II with couplings to quarks and gluons alone: -2 ln L of
the sets of examples/alp_belle2/full.yaml is 8.6 lower there than without couplings. Who chose it is not recorded.
"""


def _coupling(name: str, latex: str, description: str) -> Parameter:
    return Parameter(name, _SCANNED.get(name, _NONE), "1", latex, description, 0.0)


def parameters(scale: str) -> tuple[Parameter, ...]:
    """The parameters in the kernel's order. Couplings that are not scanned are 0; a configuration can free them.

    Those that an evaluation leaves out are 0, too.

    Args:
        scale: "free": Lambda is a parameter; "4pi-fa": it is 4 pi f_a.

    Raises:
        ValueError: another word.
    """
    if scale not in SCALES:
        raise ValueError(f"scale must be 'free' or '4pi-fa', got {scale!r}")
    found = [
        Parameter("ma", Uniform(1.9, 2.9), "GeV", "m_a", "mass of the ALP, from 0.3 to 4.78", 2.1),
        Parameter("fa", Fixed(1e6), "GeV", "f_a", "decay constant; only couplings over f_a matter", 1e6),
    ]
    if scale == "free":
        found.append(
            Parameter("Lam", Fixed(1e6), "GeV", r"\Lambda", "scale of the couplings, from 100 to 1e17", 1e6)
        )
    for name, (latex, words) in _FERMIONS.items():
        found.append(_coupling(name, latex, f"coupling to {words}, all generations"))
    for name, (latex, _) in _FERMIONS.items():
        found.append(_coupling(f"{name}3", f"{latex[:-1]}}}^{{(3)}}", f"added to {name} for the third generation"))
    found += [
        _coupling("cG", "c_G", "coupling to gluons"),
        _coupling("cW", "c_W", "coupling to W bosons"),
        _coupling("cB", "c_B", "coupling to hypercharge"),
        _coupling("c23L", "(c_{d_L})_{sb}", "left-handed b -> s coupling at tree level"),
        _coupling("c23R", "(c_{d_R})_{sb}", "right-handed b -> s coupling at tree level"),
        Parameter("br_dark", _NONE, "1", r"\mathrm{BR}(a \to \mathrm{dark})", "decays to invisible particles", 0.0),
    ]
    return tuple(found)


def four_pi(f_a: float) -> float:
    """Lambda = 4 pi f_a."""
    return 4.0 * math.pi * f_a
