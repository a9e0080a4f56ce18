"""The CP-conserving two-Higgs-doublet model with a softly broken Z2, types I and II."""

import numpy as np

from terranova import LogUniform, Model, Observable, Parameter, Uniform
from thdm2 import physics

TAN_BETA = Parameter("tan_beta", LogUniform(0.3, 50.0), "1", r"\tan\beta", "ratio of the vacuum expectation values")
MASSES = (
    Parameter("m_H", Uniform(130.0, 1000.0), "GeV", "m_H", "mass of the heavier CP-even scalar"),
    Parameter("m_A", Uniform(80.0, 1000.0), "GeV", "m_A", "mass of the CP-odd scalar"),
    Parameter("m_C", Uniform(80.0, 1000.0), "GeV", r"m_{H^\pm}", "mass of the charged scalar"),
)
ALPHA = Parameter("alpha", Uniform(-np.pi / 2, np.pi / 2), "1", r"\alpha", "mixing angle of the CP-even scalars")
M12SQ = Parameter("m12sq", LogUniform(10.0, 1e6), "GeV^2", "m_{12}^2", "soft breaking of the Z2 symmetry")
COS_BA = Parameter("cos_ba", Uniform(-1.0, 1.0), "1", r"\cos(\beta-\alpha)", "how far from alignment")
M = Parameter("M", Uniform(0.0, 1000.0), "GeV", "M", "sqrt(m12^2 / (sin beta cos beta))")
DECAYS = ("gamgam", "ZZ", "WW", "tautau", "bb")
STRENGTHS = tuple(f"{how}_{what}" for how in ("ggF", "VBF", "VH", "ttH") for what in DECAYS)


class THDM2(Model):
    """Two Higgs doublets; the lighter CP-even scalar has 125 GeV.

    Args:
        type: of the Yukawa couplings: 1 or 2.
        coordinates: "masses" scans alpha and m12^2; "natural" scans cos(beta - alpha) and M instead, in which what
            is allowed is not a narrow valley.
    """

    name = "thdm2"
    version = "1"
    description = "CP-conserving two-Higgs-doublet model, types I and II"
    citations = ("arXiv:1106.0034 G. Branco et al., theory and phenomenology of two-Higgs-doublet models",)
    planes = (("cos_ba", "tan_beta"), ("m_H", "m_A"), ("m_A", "m_C"))

    def __init__(self, type: int = 2, coordinates: str = "masses") -> None:
        if type not in (1, 2):
            raise ValueError(f"type is {type!r}, expected 1 or 2")
        if coordinates not in ("masses", "natural"):
            raise ValueError(f"coordinates is {coordinates!r}, expected masses or natural")
        self.type, self.natural = type, coordinates == "natural"
        self.parameters = (COS_BA if self.natural else ALPHA, TAN_BETA, *MASSES, M if self.natural else M12SQ)
        other = [
            Observable(p.name, p.unit, p.latex, p.description)
            for p in ((ALPHA, M12SQ) if self.natural else (COS_BA, M))
        ]
        self.observables = (
            *other,
            Observable("S", latex="S", description="oblique parameter"),
            Observable("T", latex="T", description="oblique parameter"),
            Observable("largest_eigenvalue", description="of the scattering matrix of scalars at high energy"),
            Observable("boundedness", description="positive where the potential is bounded from below"),
            *(Observable(f"mu_{name}", latex=rf"\mu_\mathrm{{{name.replace('_', '-')}}}") for name in STRENGTHS),
        )

    def evaluate(self, points):
        tan_beta, m_H, m_A, m_C = (points[name] for name in ("tan_beta", "m_H", "m_A", "m_C"))
        beta = np.arctan(tan_beta)
        product = np.sin(beta) * np.cos(beta)
        if self.natural:
            cos_ba, M2 = points["cos_ba"], points["M"] ** 2
            alpha, m12sq = beta - np.arccos(cos_ba), M2 * product
        else:
            alpha, m12sq = points["alpha"], points["m12sq"]
            cos_ba, M2 = np.cos(beta - alpha), m12sq / product
        # Only relative signs of the couplings of h are physical: its coupling to W and Z is taken positive.
        sign = np.where(np.sin(beta - alpha) < 0.0, -1.0, 1.0)
        coupling = physics.couplings(alpha, tan_beta, m_H, m_A, m_C, m12sq)
        S, T = physics.oblique(cos_ba, m_H, m_A, m_C)
        up = np.cos(alpha) / np.sin(beta)
        down = up if self.type == 1 else -np.sin(alpha) / np.cos(beta)
        charged = physics.to_charged(coupling, alpha, tan_beta)
        mu = physics.strengths(*(sign * g for g in (np.sin(beta - alpha), up, down, charged)), m_C)
        return {
            "alpha": np.arctan(np.tan(alpha)),
            "m12sq": m12sq,
            "cos_ba": sign * cos_ba,
            "M": np.sign(M2) * np.sqrt(np.abs(M2)),
            "S": S,
            "T": T,
            "largest_eigenvalue": np.abs(physics.unitarity(coupling)).max(axis=0),
            "boundedness": physics.boundedness(coupling),
            **{f"mu_{name}": value for name, value in mu.items()},
        }
