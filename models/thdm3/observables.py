"""Declaration of the observables, in the order of the kernel's columns."""

from __future__ import annotations

from collections.abc import Iterator

from terranova import Observable
from terranova.models.thdm3 import channels

N_UNITARITY = 21

SIGNAL_STRENGTHS = (
    *(("ggF", decay) for decay in ("gamgam", "ZZ", "WW", "tautau")),
    *(("VBF", decay) for decay in ("bb", "gamgam", "ZZ", "WW", "tautau")),
    *(("VH", decay) for decay in ("gamgam", "ZZ", "WW", "tautau", "bb")),
    *(("ttH", decay) for decay in ("gamgam", "ZZ", "WW", "tautau", "bb")),
)
"""Production and decay of the nineteen constrained signal strengths."""

INCLUSIVE_DECAYS = ("gamgam", "ZZ", "WW", "tautau", "mumu", "Zgam")
"""Decays whose signal strength over all production is an observable. H -> bb is seen in a few of them only."""

H1_CHANNELS = ("bb", "tautau", "mumu", "cc", "ss", "gg", "gamgam", "Zgam", "WW", "ZZ")

_LATEX = {
    "bb": "bb",
    "tautau": r"\tau\tau",
    "mumu": r"\mu\mu",
    "cc": "cc",
    "ss": "ss",
    "gg": "gg",
    "gamgam": r"\gamma\gamma",
    "Zgam": r"Z\gamma",
    "WW": "WW",
    "ZZ": "ZZ",
    "taunu": r"\tau\nu",
    "munu": r"\mu\nu",
}


def _theory() -> Iterator[Observable]:
    for k in range(1, 13):
        yield Observable(f"lambda{k}", "1", rf"\lambda_{{{k}}}", f"quartic coupling {k}")


def _kappas() -> Iterator[Observable]:
    yield Observable("kappa_W", "1", r"\kappa_W", "h1 coupling to WW over the SM one")
    yield Observable("kappa_Z", "1", r"\kappa_Z", "h1 coupling to ZZ over the SM one; equal to kappa_W")
    yield Observable("kappa_t", "1", r"\kappa_t", "h1 coupling to up quarks over the SM one")
    yield Observable("kappa_b", "1", r"\kappa_b", "h1 coupling to down quarks over the SM one")
    yield Observable("kappa_tau", "1", r"\kappa_\tau", "h1 coupling to charged leptons over the SM one")
    yield Observable("abs_kappa_b", "1", r"|\kappa_b|", "absolute value of kappa_b")


def _boundedness() -> Iterator[Observable]:
    for entry in ("x11", "x22", "x33", "x12bar", "x13bar", "x23bar", "aux"):
        label = entry.removesuffix("bar")
        yield Observable(f"bfb_{entry}", "1", rf"\mathrm{{BFB}}_{{{label}}}", "copositivity; >= 0 if bounded below")


def _unitarity() -> Iterator[Observable]:
    for k in range(1, N_UNITARITY + 1):
        yield Observable(f"uni_{k:02d}", "1", rf"|\Lambda_{{{k}}}|", f"|eigenvalue {k}| of scalar scattering")
        yield Observable(f"uni_{k:02d}_signed", "1", rf"\Lambda_{{{k}}}", f"eigenvalue {k} of scalar scattering")


def _minimum() -> Iterator[Observable]:
    for k in range(1, 4):
        yield Observable(
            f"m{k}{k}sq", "GeV^2", rf"m_{{{k}{k}}}^2", f"mass term of doublet {k} from the minimum condition"
        )


def _electroweak() -> Iterator[Observable]:
    for name in ("S", "T", "U"):
        yield Observable(name, "1", name, f"oblique parameter {name}, relative to the SM with m_h = 125 GeV")
    yield Observable("chi2_ST", "1", r"\chi^2_{ST}", "chi-squared of S and T with the electroweak fit for U = 0")


def _yukawas() -> Iterator[Observable]:
    for fermion, label in (("t", "t"), ("b", "b"), ("tau", r"\tau")):
        yield Observable(
            f"y_{fermion}", "1", f"y_{{{label}}}", f"Yukawa coupling of the {fermion} to its own doublet"
        )
    for a in (1, 2):
        yield Observable(f"X{a}", "1", f"X_{a}", f"H{a}+ coupling to down quarks; type II has X Y = +1")
        yield Observable(f"Y{a}", "1", f"Y_{a}", f"H{a}+ coupling to up quarks")
        yield Observable(f"Z{a}", "1", f"Z_{a}", f"H{a}+ coupling to charged leptons")


def _higgs() -> Iterator[Observable]:
    for a in (1, 2):
        yield Observable(
            f"g_h1_H{a}H{a}", "GeV", rf"g_{{h_1 H_{a}^+ H_{a}^-}}", f"coefficient of h1 H{a}+ H{a}- in V"
        )
    yield Observable("R_gamgam", "1", r"R_{\gamma\gamma}", "width of h1 to photons over the SM one")
    yield Observable("R_Zgam", "1", r"R_{Z\gamma}", "width of h1 to Z gamma over the SM one")
    yield Observable("R_gg", "1", "R_{gg}", "width of h1 to gluons over the SM one")
    yield Observable("R_width", "1", r"\Gamma/\Gamma_{SM}", "total width of h1 over the SM one")
    yield Observable("width_h1", "GeV", r"\Gamma_{h_1}", "total width of h1")
    for channel in H1_CHANNELS:
        label = rf"BR(h_1 \to {_LATEX[channel]})"
        yield Observable(f"BR_h1_{channel}", "1", label, f"branching ratio of h1 to {channel}")
    yield Observable(
        "R_ggF", "1", r"\sigma_{ggF}/\sigma_{SM}", "gluon-fusion cross section of h1 over the SM one, 13 TeV"
    )
    for production, decay in SIGNAL_STRENGTHS:
        yield _signal_strength(production, decay)
    yield _signal_strength("ggF", "Zgam")


def _signal_strength(production: str, decay: str) -> Observable:
    label = rf"\mu_{{{production}}}^{{{_LATEX[decay]}}}"
    return Observable(f"mu_{production}_{decay}", "1", label, f"signal strength of h1 in {production}, {decay}")


def _inclusive() -> Iterator[Observable]:
    for decay in INCLUSIVE_DECAYS:
        label = rf"\mu^{{{_LATEX[decay]}}}"
        yield Observable(f"mu_{decay}", "1", label, f"signal strength of h1 in {decay}, all production at 13 TeV")


def _flavour() -> Iterator[Observable]:
    yield Observable(
        "BR_bsgamma", "1e-4", r"\mathrm{BR}(B \to X_s\gamma)", "inclusive radiative B decay, E_gamma > 1.6 GeV"
    )
    yield Observable(
        "dms_over_sm",
        "1",
        r"\Delta m_s/\Delta m_s^{SM}",
        "mixing of B_s mesons over the SM: boxes of W, H1+ and H2+",
    )
    yield Observable(
        "bsmumu_over_sm", "1", r"\mathrm{BR}(B_s \to \mu\mu)/\mathrm{SM}", "by Z penguins of W, H1+ and H2+"
    )
    yield Observable("R_b", "1", "R_b", "share of b quarks in hadronic Z decays: vertices of H1+ and H2+")
    yield Observable("kappa_lambda", "1", r"\kappa_\lambda", "cubic self-coupling of h1 over the SM one")


_STATES = {"h2": "h_2", "h3": "h_3", "A1": "A_1", "A2": "A_2", "H1p": "H_1^+", "H2p": "H_2^+"}

_RATES = {
    "width": ("GeV", r"\Gamma_{{{0}}}", "total width of {1}"),
    "sigma_gg": ("pb", r"\sigma(gg \to {0})", "gluon fusion of {1}, 13 TeV"),
    "sigma_bb": ("pb", r"\sigma(bb \to {0})", "production of {1} with b quarks, 13 TeV"),
    "sigma_VBF": ("pb", r"\sigma(qq \to {0} qq)", "vector boson fusion of {1}, 13 TeV"),
    "sigma_ttH": ("pb", r"\sigma(tt {0})", "production of {1} with a top pair, 13 TeV"),
    "sigma_ttA": ("pb", r"\sigma(tt {0})", "production of {1} with a top pair, 13 TeV"),
    "kappa_t": ("1", r"\kappa_t^{{{0}}}", "coupling of {1} to top quarks over that of a SM Higgs boson"),
    "sigma_tbH": (
        "pb",
        r"\sigma(tb {0})",
        "pp -> t b {1}, both charges, 13 TeV; from top decays where they are open",
    ),
    "br_t_b": ("1", r"BR(t \to b {0})", "branching ratio of the top to b {1}"),
    **{
        f"sigma_H{state}": (
            "pb",
            rf"\sigma({{0}} {state[0]}_{state[1]})",
            f"pp -> W* -> {{1}} {state}, both charges, 13 TeV",
        )
        for state in channels.NEUTRAL_PARTNERS
    },
}
"""Unit, LaTeX and description of what is no branching ratio."""


def _scalars() -> Iterator[Observable]:
    tables = (
        (("h2", "h3"), channels.EVEN_RATES, channels.EVEN_DECAYS),
        (("A1", "A2"), channels.ODD_RATES, channels.ODD_DECAYS),
        (("H1p", "H2p"), channels.CHARGED_RATES, channels.CHARGED_DECAYS),
    )
    for states, rates, decays in tables:
        for state in states:
            yield from _scalar(state, rates, channels.decay_names(decays, state))


def _scalar(state: str, rates: tuple[str, ...], decays: tuple[str, ...]) -> Iterator[Observable]:
    label = _STATES[state]
    words = state.replace("p", "+")
    for rate in rates:
        unit, latex, description = _RATES[rate]
        name = f"br_t_b{state}" if rate == "br_t_b" else f"{rate}_{state}"
        yield Observable(name, unit, latex.format(label), description.format(label, words))
    for decay in decays:
        latex = rf"BR({label} \to {_LATEX.get(decay, decay)})"
        yield Observable(f"br_{decay}_{state}", "1", latex, f"branching ratio of {words} to {decay}")


OBSERVABLES = (
    *_theory(),
    *_kappas(),
    *_boundedness(),
    *_unitarity(),
    *_minimum(),
    *_electroweak(),
    *_yukawas(),
    *_higgs(),
    *_flavour(),
    *_scalars(),
    *_inclusive(),
)

VACUUM_DEPTH = Observable(
    "vacuum_depth",
    "1",
    r"\Delta V / v^4",
    "deepest tree-level minimum found minus the electroweak one, over v^4; 0 if none is deeper",
    stage=1,
)

COLUMN = {observable.name: i for i, observable in enumerate(OBSERVABLES)}
"""Column of each observable in the kernel's output."""
