"""Declaration of the observables, in the order of the kernel's columns."""

from __future__ import annotations

from collections.abc import Iterator

from terranova import Observable

CHANNELS = {
    "ee": "ee",
    "mumu": r"\mu\mu",
    "tautau": r"\tau\tau",
    "gamgam": r"\gamma\gamma",
    "hadrons": r"\mathrm{hadrons}",
}
"""Decays whose branching ratios are given."""
PARTS = {
    "gg": "gg",
    "cc": "cc",
    "3pi": r"3\pi",
    "etapipi": r"\eta\pi\pi",
    "etappipi": r"\eta'\pi\pi",
    "gampipi": r"\gamma\pi\pi",
    "omegaomega": r"\omega\omega",
    "4pi": r"4\pi",
    "KKpi": r"K\bar{K}\pi",
    "KstKst": r"K^*\bar{K}^*",
    "phiphi": r"\phi\phi",
}
"""Parts of the hadronic width. gg and cc are given at all masses, whether they are in it or not."""
B_DECAYS = {
    "BR_BpKa": (r"B^+ \to K^+ a", "B+ -> K+ a"),
    "BR_B0K0a": (r"B^0 \to K^0 a", "B0 -> K0 a"),
    "BR_BpKsta": (r"B^+ \to K^{*+} a", "B+ -> K*+ a"),
    "BR_B0Ksta": (r"B^0 \to K^{*0} a", "B0 -> K*0 a"),
    "BR_Bsphia": (r"B_s \to \phi a", "B_s -> phi a"),
}


def _couplings() -> Iterator[Observable]:
    for chirality in ("V", "A"):
        for part, word in (("re", "real"), ("im", "imaginary")):
            label = rf"\mathrm{{{part.capitalize()}}}\, c_{{sb}}^{chirality}"
            yield Observable(f"c_sb{chirality}_{part}", "1", label, f"b -> s coupling, {chirality}, {word} part")
    yield Observable("abs_c_sbV", "1", "|c_{sb}^V|", "absolute value of the vector coupling b -> s")
    for name, latex in (("ee", "ee"), ("mumu", r"\mu\mu"), ("tautau", r"\tau\tau")):
        yield Observable(f"c_{name}", "1", f"c_{{{latex}}}", f"axial coupling to {name} below the weak scale")
    for name in ("uu", "dd", "ss", "cc", "bb"):
        yield Observable(f"c_{name}", "1", f"c_{{{name}}}", f"axial coupling to {name} at 5 GeV")
    yield Observable("c_gamma", "1", r"c_\gamma", "coupling to photons, c_W + c_B")


def _decays() -> Iterator[Observable]:
    for name, latex in {**CHANNELS, **PARTS}.items():
        yield Observable(f"W_{name}", "GeV", rf"\Gamma(a \to {latex})", f"width of a to {name}")
    yield Observable("W_SM", "GeV", r"\Gamma(a \to \mathrm{SM})", "width of a to visible particles")
    yield Observable("width", "GeV", r"\Gamma_a", "total width, at least 1e-60")
    for name, latex in CHANNELS.items():
        yield Observable(f"BRa_{name}", "1", rf"\mathrm{{BR}}(a \to {latex})", f"branching ratio of a to {name}")
    yield Observable("ctau", "cm", r"c\tau_a", "proper decay length", scale="log")
    yield Observable("log10_ctau", "1", r"\log_{10} c\tau_a/\mathrm{cm}", "its decadic logarithm, in cm")
    words = "largest over smallest hadronic width of the published descriptions"
    yield Observable("hadronic_spread", "1", r"\Gamma_\mathrm{max}/\Gamma_\mathrm{min}", words, scale="log")
    words = "1 where they agree within a factor 2, else 0"
    yield Observable("hadrons_reliable", "1", r"\mathrm{hadrons\ reliable}", words)
    words = "standard deviation of ln c tau, half the logarithm of its spread over the descriptions"
    yield Observable("ctau_theory", "1", r"\sigma(\ln c\tau_a)", words)


def escape_observables() -> Iterator[Observable]:
    """What `alp-plane` has, too."""
    for name, latex, words in (
        ("belle2", "B2", "Belle II, B+ -> K+ a"),
        ("babar", "BaBar", "BaBar, B+ -> K+ a"),
    ):
        yield Observable(
            f"Pinv_{name}", "1", rf"P_{{\mathrm{{{latex}}}}}", f"probability to be invisible in {words}"
        )
        label = rf"\mathrm{{BR}}\, P_{{\mathrm{{{latex}}}}}"
        yield Observable(f"BRinv_{name}", "1", label, f"BR times that probability, {words}", scale="log")
        yield _escape_error(name, latex, words)


def _escape_error(name: str, latex: str, words: str) -> Observable:
    label = rf"\sigma(\ln P_{{\mathrm{{{latex}}}}})"
    return Observable(f"Pinv_{name}_theory", "1", label, f"relative error of that probability by c tau's, {words}")


def _b_decays() -> Iterator[Observable]:
    for name, (latex, words) in B_DECAYS.items():
        yield Observable(name, "1", rf"\mathrm{{BR}}({latex})", f"branching ratio of {words}", scale="log")
    yield from escape_observables()
    yield Observable("BRinv_babar_Kst", "1", r"\mathrm{BR}(K^{*+})\, P_{\mathrm{BaBar}}", "B+ -> K*+ a, invisible")
    yield _escape_error("babar_Kst", r"BaBar}, K^*\mathrm{", "BaBar, B+ -> K*+ a")
    yield Observable("BRinv_K0", "1", r"\mathrm{BR}(K^0)\, P_{\mathrm{B2}}", "B0 -> K0 a, invisible, Belle")
    yield Observable("BRinv_Kst0", "1", r"\mathrm{BR}(K^{*0})\, P_{\mathrm{B2}}", "B0 -> K*0 a, invisible, Belle")
    yield Observable("BR_Kmumu", "1", r"\mathrm{BR}(B^+ \to K^+ a(\mu\mu))", "B+ -> K+ a, a -> mu mu")
    yield Observable("BR_Kstmumu", "1", r"\mathrm{BR}(B^0 \to K^{*0} a(\mu\mu))", "B0 -> K*0 a, a -> mu mu")
    yield Observable("BR_Kee", "1", r"\mathrm{BR}(B^+ \to K^+ a(ee))", "B+ -> K+ a, a -> e e")
    yield Observable("BR_Bp_new", "1", r"\mathrm{BR}(B^+ \to K^{(*)+} a)", "sum over K+ and K*+")
    yield Observable("BR_Bsmumu", "1", r"\mathrm{BR}(B_s \to \mu\mu)", "time-integrated")
    yield Observable("DMs", "ps^-1", r"\Delta m_s", "mass difference of the B_s mesons")


OBSERVABLES = (*_couplings(), *_decays(), *_b_decays())
COLUMN = {observable.name: i for i, observable in enumerate(OBSERVABLES)}
"""Column of each observable in the kernel's output."""
