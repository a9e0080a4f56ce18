"""Declaration of the observables, in the order of the kernel's columns."""

from __future__ import annotations

from collections.abc import Iterator

from terranova import Observable
from terranova.models.scotogenic.parameters import COUPLINGS, latex

_LFV = (
    ("BR_mu_egamma", r"\mathrm{BR}(\mu\to e\gamma)"),
    ("BR_tau_egamma", r"\mathrm{BR}(\tau\to e\gamma)"),
    ("BR_tau_mugamma", r"\mathrm{BR}(\tau\to\mu\gamma)"),
    ("BR_mu_3e", r"\mathrm{BR}(\mu\to 3e)"),
    ("BR_tau_3e", r"\mathrm{BR}(\tau\to 3e)"),
    ("BR_tau_3mu", r"\mathrm{BR}(\tau\to 3\mu)"),
    ("BR_tau_e_mumu", r"\mathrm{BR}(\tau^-\to e^-\mu^+\mu^-)"),
    ("BR_tau_mu_ee", r"\mathrm{BR}(\tau^-\to\mu^-e^+e^-)"),
    ("BR_tau_ebar_mumu", r"\mathrm{BR}(\tau^-\to e^+\mu^-\mu^-)"),
    ("BR_tau_mubar_ee", r"\mathrm{BR}(\tau^-\to\mu^+e^-e^-)"),
    ("BR_tau_e_pi", r"\mathrm{BR}(\tau\to e\pi)"),
    ("BR_tau_e_eta", r"\mathrm{BR}(\tau\to e\eta)"),
    ("BR_tau_e_etap", r"\mathrm{BR}(\tau\to e\eta')"),
    ("BR_tau_mu_pi", r"\mathrm{BR}(\tau\to\mu\pi)"),
    ("BR_tau_mu_eta", r"\mathrm{BR}(\tau\to\mu\eta)"),
    ("BR_tau_mu_etap", r"\mathrm{BR}(\tau\to\mu\eta')"),
    ("CR_Al", r"\mathrm{CR}(\mu\to e,\mathrm{Al})"),
    ("CR_Ti", r"\mathrm{CR}(\mu\to e,\mathrm{Ti})"),
    ("CR_Au", r"\mathrm{CR}(\mu\to e,\mathrm{Au})"),
    ("CR_Pb", r"\mathrm{CR}(\mu\to e,\mathrm{Pb})"),
    ("BR_Z_emu", r"\mathrm{BR}(Z\to e\mu)"),
    ("BR_Z_etau", r"\mathrm{BR}(Z\to e\tau)"),
    ("BR_Z_mutau", r"\mathrm{BR}(Z\to\mu\tau)"),
)

OSCILLATIONS = ("dm21", "dm31", "s12", "s13", "s23", "dcp")


CANDIDATES = (r"$\phi_1$", "$A$", r"$\chi_1$")


def _neutrinos(suffix: str) -> Iterator[Observable]:
    said = "from the one-loop mass matrix"
    yield Observable(f"dm21{suffix}", "eV^2", r"\Delta m^2_{21}", f"solar mass splitting {said}")
    yield Observable(f"dm31{suffix}", "eV^2", r"\Delta m^2_{31}", f"atmospheric mass splitting {said}")
    for angle in ("12", "13", "23"):
        yield Observable(f"s{angle}{suffix}", "1", rf"\sin^2\theta_{{{angle}}}", f"mixing {said}")
    yield Observable(f"dcp{suffix}", "deg", r"\delta", f"Dirac phase {said}, in [64, 424)")
    for k in (1, 2, 3):
        yield Observable(f"mnu_eV_{k}", "eV", rf"m_{{\nu_{k}}}", "neutrino mass, ascending")
    yield Observable("sum_mnu_eV", "eV", r"\sum m_\nu", "sum of the neutrino masses")
    yield Observable("mee_eV", "eV", "|m_{ee}|", "effective mass of neutrinoless double beta decay")


def _flavour() -> Iterator[Observable]:
    for name, label in _LFV:
        yield Observable(name, "1", label, "lepton-flavour violation at leading order", scale="log")
    for lepton, label in (("e", "e"), ("mu", r"\mu"), ("tau", r"\tau")):
        yield Observable(f"da_{lepton}", "1", rf"\Delta a_{label}", "new contribution to (g-2)/2", scale="symlog")
        yield Observable(f"edm_{lepton}_ecm", "e cm", rf"|d_{label}|", "electric dipole moment", scale="log")


def _theory() -> Iterator[Observable]:
    yield Observable("bfb", "1", r"\mathrm{BFB}", "smallest copositivity condition; >= 0 if bounded below")
    yield Observable("unitarity_max", "1", r"|\Lambda|_\mathrm{max}", "largest eigenvalue of scalar scattering")
    for name in "STU":
        yield Observable(name, "1", name, "oblique parameter of scalars and fermions")
    yield Observable("chi2_STU", "1", r"\chi^2_{STU}", "chi2 of S, T, U")
    yield Observable("mh", "GeV", "m_h", "Higgs mass at tree level")
    yield Observable("mu_gamgam", "1", r"\mu_{\gamma\gamma}", "width of h -> gamma gamma over the SM")
    yield Observable("BR_h_inv", "1", r"\mathrm{BR}_\mathrm{inv}", "branching ratio of h to odd neutral states")


def _dark_matter() -> Iterator[Observable]:
    yield Observable("m_dm", "GeV", "m_\\mathrm{DM}", "mass of the lightest neutral odd state", scale="log")
    yield Observable("dm_type", "1", "\\mathrm{type}", "0: phi1, 1: A, 2: chi1", categories=CANDIDATES)
    yield Observable("dm_neutral", "1", "", "1 if no charged odd state is lighter, else 0")
    yield Observable("dm_excess", "1", "", "ln(m_dm over the mass of the lightest charged odd state)")
    yield Observable(
        "sigma_SI_cm2", "cm^2", r"\sigma_\mathrm{SI}", "spin-independent, per nucleon, tree level", scale="log"
    )
    yield Observable("LZ_limit_cm2", "cm^2", r"\sigma_\mathrm{LZ}", "limit of LZ at this mass", scale="log")
    yield Observable(
        "sigma_over_LZ", "1", r"\sigma_\mathrm{SI}/\sigma_\mathrm{LZ}", "ratio to that limit", scale="log"
    )
    yield Observable("dm_split", "GeV", r"\Delta m", "mass splitting to the partner by Z exchange")
    yield Observable("dm_zw", "1", "z^2", "squared coupling to Z and that partner, relative to a doublet's")
    yield Observable("dm_gap", "GeV", r"\delta", "smallest splitting to a partner with z^2 > 1e-6; 1e4 if none")


def _masses() -> Iterator[Observable]:
    yield Observable("max_quartic", "1", r"|\lambda|_\mathrm{max}", "largest quartic coupling")
    yield Observable("max_yuk", "1", r"|g|_\mathrm{max}", "largest Yukawa coupling")
    for k in (1, 2):
        yield Observable(f"m_phi_{k}", "GeV", rf"m_{{\phi_{k}}}", "CP-even odd scalar", scale="log")
    yield Observable("m_A", "GeV", "m_A", "CP-odd scalar", scale="log")
    yield Observable("m_etap", "GeV", r"m_{\eta^+}", "charged scalar", scale="log")
    for k in (1, 2, 3, 4):
        yield Observable(f"m_chi_{k}", "GeV", rf"m_{{\chi_{k}}}", "neutral fermion", scale="log")
    yield Observable("m_psi", "GeV", r"m_\psi", "charged fermion, tree level", scale="log")
    yield Observable("tachyon", "1", "", "1 if a squared scalar mass is not positive, else 0")
    yield Observable("m2_min", "GeV^2", r"m^2_\mathrm{min}", "smallest squared scalar mass")
    for k in (1, 2, 3):
        yield Observable(f"ML_sv_{k}", "GeV", "", "singular value of the loop matrix M_L, descending")


def _couplings() -> Iterator[Observable]:
    for name in COUPLINGS:
        for part in ("re", "im"):
            yield Observable(
                f"{part}_{name}", "1", rf"\mathrm{{{part.title()}}}\,{latex(name)}", "solved for by Casas-Ibarra"
            )


OMEGA = Observable("Omega_h2", "1", r"\Omega h^2", "relic density of the lightest odd state by freeze-out", stage=1)
SIGMA_V = Observable(
    "sigv_cm3s", "cm^3/s", r"\langle\sigma v\rangle", "effective cross section at m/T = 25", stage=1
)
OMEGA_ERROR = Observable(
    "Omega_error", "1", r"\Delta\Omega/\Omega", "estimated relative error of Omega_h2", stage=1, scale="log"
)
LATER = (OMEGA, SIGMA_V, OMEGA_ERROR)
"""Columns of stage 1, of which `relic.relic_density` is the array."""

FIRST = (*_neutrinos(""), *_flavour(), *_theory(), *_dark_matter(), *_masses())
"""Columns of stage 0 that all variants have."""

COLUMN = {o.name: i for i, o in enumerate(FIRST)}
N_KERNEL = len(FIRST) + 18
"""Columns of the kernel: those, and the couplings G."""


def observables(solved: bool) -> tuple[Observable, ...]:
    """Observables of a variant.

    Args:
        solved: True for Casas-Ibarra, where the oscillation data are parameters and the couplings G are results.
            What the loop gives for the data has then the names dm21_loop, dm31_loop, ...
    """
    if not solved:
        return (*FIRST, *LATER)
    renamed = (*_neutrinos("_loop"), *FIRST[11:])
    return (*renamed, *_couplings(), *LATER)
