"""Parameters of the three variants: names, boxes and priors.

The published scans give neither ranges nor priors; these boxes are the choice of this program.
"""

from __future__ import annotations

import math

from terranova import Angle, LogUniform, Parameter, Prior, SignedLogUniform, Uniform

VARIANTS = ("ci37", "ci37c", "full43")

N_BASE = 25
TURN = 2.0 * math.pi

# 3 sigma ranges of NuFIT 6.1 (2025), normal ordering with IC24 and SK atmospheric data: those of the constraint set
# scotogenic-neutrino, which says where they come from.
DM21 = (7.236e-5, 7.823e-5)
DM31 = (2.450e-3, 2.576e-3)
S12 = (0.2893, 0.3295)
S13 = (0.02070, 0.02420)
S23 = (0.435, 0.584)
DCP = (125.0, 365.0)


def parameters(variant: str) -> tuple[Parameter, ...]:
    """Parameters of a variant in the kernel's order.

    Args:
        variant: one of `VARIANTS`.
    """
    extra = {"ci37": _real_angles, "ci37c": _complex_angles, "full43": _couplings}
    return (*_base(), *extra[variant]())


def _base() -> tuple[Parameter, ...]:
    """Scalar potential, masses, Yukawa couplings of the new fermions, and g_R."""
    quartic, size = SignedLogUniform(1e-4, 1.0), LogUniform(1e-4, 1.0)
    mass2, mass = LogUniform(1e5, 9e6), LogUniform(300.0, 5000.0)
    yukawa, right = SignedLogUniform(1e-4, 1.5), SignedLogUniform(1e-6, 1.5)
    return (
        Parameter("lamH", Uniform(0.10, 0.20), "1", r"\lambda_H", "quartic coupling of the Higgs doublet", 0.1292),
        Parameter("lam4S", size, "1", r"\lambda_{4S}", "quartic coupling of S", 0.1),
        Parameter("lam4eta", size, "1", r"\lambda_{4\eta}", "quartic coupling of eta", 0.1),
        Parameter("lamS", quartic, "1", r"\lambda_S", "portal S S H H", 0.01),
        Parameter("lamSeta", quartic, "1", r"\lambda_{S\eta}", "portal S S eta eta", 0.01),
        Parameter("lameta", quartic, "1", r"\lambda_\eta", "portal |H|^2 |eta|^2", 0.01),
        Parameter("lametap", quartic, "1", r"\lambda'_\eta", "coupling |H^dagger eta|^2", -0.01),
        Parameter(
            "lametapp", SignedLogUniform(1e-8, 1.0), "1", r"\lambda''_\eta", "coupling (H^dagger eta)^2", -0.001
        ),
        Parameter("MS2", mass2, "GeV^2", "M_S^2", "mass parameter of S", 1e6),
        Parameter("Meta2", mass2, "GeV^2", r"M_\eta^2", "mass parameter of eta", 3e5),
        Parameter(
            "alpha", SignedLogUniform(1e-2, 1e3), "GeV", r"\alpha", "trilinear coupling S H^dagger eta", 10.0
        ),
        Parameter("MF1", mass, "GeV", "M_{F_1}", "Majorana mass of the singlet F1", 2000.0),
        Parameter("MF2", mass, "GeV", "M_{F_2}", "Majorana mass of the singlet F2", 3000.0),
        Parameter("MPsi", mass, "GeV", r"M_\Psi", "mass of the fermion doublets", 1500.0),
        *(
            Parameter(
                f"{part}_y{k}{i}", yukawa, "1", rf"\mathrm{{{part.title()}}}\,y_{{{k}{i}}}", f"Psi{k} H F{i}", 0.1
            )
            for k in (1, 2)
            for i in (1, 2)
            for part in ("re", "im")
        ),
        *(
            Parameter(f"gR{k}", right, "1", f"g_R^{k}", f"coupling e^c_{k} eta Psi1, made real by rephasing", 1e-4)
            for k in (1, 2, 3)
        ),
    )


def _oscillations() -> tuple[Parameter, ...]:
    def flat(name: str, box: tuple[float, float], unit: str, latex: str, what: str, best: float) -> Parameter:
        return Parameter(name, Uniform(*box), unit, latex, what, best)

    return (
        flat("dm21", DM21, "eV^2", r"\Delta m^2_{21}", "solar mass splitting", 7.537e-5),
        flat("dm31", DM31, "eV^2", r"\Delta m^2_{31}", "atmospheric mass splitting", 2.511e-3),
        flat("s12", S12, "1", r"\sin^2\theta_{12}", "solar mixing", 0.3088),
        flat("s13", S13, "1", r"\sin^2\theta_{13}", "reactor mixing", 0.02248),
        flat("s23", S23, "1", r"\sin^2\theta_{23}", "atmospheric mixing", 0.470),
        flat("dcp", DCP, "deg", r"\delta", "Dirac phase", 212.0),
    )


def _real_angles() -> tuple[Parameter, ...]:
    turn = Angle(0.0, TURN)
    return (
        *(Parameter(f"re_z{k}", turn, "rad", f"z_{k}", f"Casas-Ibarra angle {k}, real", 1.0) for k in (1, 2, 3)),
        Parameter("mnu1", LogUniform(1e-6, 0.03), "eV", r"m_{\nu_1}", "lightest neutrino mass", 1e-3),
        *_oscillations(),
        Parameter("alpha21", turn, "rad", r"\alpha_{21}", "Majorana phase", 0.0),
        Parameter("alpha31", turn, "rad", r"\alpha_{31}", "Majorana phase", 0.0),
    )


def _complex_angles() -> tuple[Parameter, ...]:
    turn: Prior = Angle(0.0, TURN)
    width: Prior = Uniform(-1.5, 1.5)
    angles = [
        Parameter(
            f"{part}_z{k}",
            turn if part == "re" else width,
            "rad" if part == "re" else "1",
            rf"\mathrm{{{part.title()}}}\,z_{k}",
            f"Casas-Ibarra angle {k}, {'real' if part == 're' else 'imaginary'} part",
            1.0 if part == "re" else 0.0,
        )
        for k in (1, 2, 3)
        for part in ("re", "im")
    ]
    return (*angles, *_oscillations())


COUPLINGS = tuple(f"{name}{k}" for name in ("gPsi", "gF1_", "gF2_") for k in (1, 2, 3))
"""Names of the nine couplings to lepton doublets, in the order of the rows of G."""

G_NAMES = tuple(f"{part}_{name}" for name in COUPLINGS for part in ("re", "im"))
"""Real and imaginary parts of the couplings, as observables are called."""


def _couplings() -> tuple[Parameter, ...]:
    coupling: Prior = SignedLogUniform(1e-7, 1.5)
    return tuple(
        Parameter(
            f"{part}_{name}",
            coupling,
            "1",
            rf"\mathrm{{{part.title()}}}\,{latex(name)}",
            f"coupling of L_{name[-1]} to {'Psi2 S' if name.startswith('gPsi') else name[1:3] + ' eta'}",
            1e-4,
        )
        for name in COUPLINGS
        for part in ("re", "im")
    )


def latex(name: str) -> str:
    """Label of one of `COUPLINGS`."""
    field = r"\Psi" if name.startswith("gPsi") else f"{{F_{name[2]}}}"
    return f"g_{field}^{name[-1]}"
