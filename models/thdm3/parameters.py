"""Declaration of the sixteen parameters: box, priors, and a valid default point."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from terranova import Angle, Parameter, Prior, SignedLogUniform, Uniform
from terranova.types import Floats

TAN_BETA_MAX = 10.0

_QUARTER = math.pi / 2


@dataclass(frozen=True)
class ArctanUniform(Prior):
    """tan(beta) with beta flat between arctan(lower) and arctan(upper)."""

    lower: float
    upper: float
    kind: ClassVar[str] = "arctan-uniform"

    def to_physical(self, u: Floats) -> Floats:
        """Map u (n,) in [0, 1] to tan(beta) (n,)."""
        low, high = math.atan(self.lower), math.atan(self.upper)
        return np.clip(np.tan(low + (high - low) * u), self.lower, self.upper)

    def to_unit(self, x: Floats) -> Floats:
        """Inverse of `to_physical`."""
        low, high = math.atan(self.lower), math.atan(self.upper)
        return (np.arctan(x) - low) / (high - low)

    def logpdf(self, x: Floats) -> Floats:
        """Log density 1/(1 + x^2), normalised to the support."""
        inside = (x >= self.lower) & (x <= self.upper)
        norm = math.log(math.atan(self.upper) - math.atan(self.lower))
        return np.where(inside, -np.log1p(x * x) - norm, -np.inf)

    @property
    def support(self) -> tuple[float, float]:
        """Smallest and largest tan(beta)."""
        return self.lower, self.upper


# The default point is aligned (alpha1 = beta1, alpha2 = beta2, alpha3 = -gamma1 = -gamma2) with masses
# degenerate in pairs and soft terms equal to the off-diagonal elements of the charged mass matrix: V4 is
# then lambda (sum phi^dagger phi)^2, h1 is the SM Higgs boson at tree level, and every constraint is
# satisfied.
_DEFAULT = {
    "alpha1": 0.9151007005533605,
    "alpha2": 1.039072259536091,
    "alpha3": 0.4,
    "gamma1": -0.4,
    "gamma2": -0.4,
    "tanb1": 1.3,
    "tanb2": 1.7,
    "mH1": 600.0,
    "mH2": 800.0,
    "mA1": 600.0,
    "mA2": 800.0,
    "mC1": 600.0,
    "mC2": 800.0,
    "m12sq": -2163.3990006678378,
    "m13sq": -118856.60445475888,
    "m23sq": -238028.52420048026,
}


def _parameter(name: str, prior: Prior, unit: str, latex: str, description: str) -> Parameter:
    return Parameter(name, prior, unit, latex, description, _DEFAULT[name])


def parameters(tan_beta_prior: str) -> tuple[Parameter, ...]:
    """The sixteen parameters in the kernel's order.

    Rotations of heavy states among themselves (alpha3, gamma1, gamma2) are periodic: a turn by pi only
    changes the signs of two states. A turn of alpha1 by pi changes the sign of h1, which the kappas see.

    Args:
        tan_beta_prior: "linear" (flat in tan beta) or "arctan" (flat in beta).

    Raises:
        ValueError: another word.
    """
    priors: dict[str, Prior] = {
        "linear": Uniform(0.0, TAN_BETA_MAX),
        "arctan": ArctanUniform(0.0, TAN_BETA_MAX),
    }
    if tan_beta_prior not in priors:
        raise ValueError(f"tan_beta_prior must be 'linear' or 'arctan', got {tan_beta_prior!r}")
    tan_beta = priors[tan_beta_prior]
    angle, turn = Uniform(-_QUARTER, _QUARTER), Angle(-_QUARTER, _QUARTER)
    neutral, other, soft = Uniform(125.0, 1000.0), Uniform(100.0, 1000.0), SignedLogUniform(1e-1, 1e7)
    return (
        _parameter("alpha1", angle, "rad", r"\alpha_1", "CP-even mixing angle in the plane of doublets 1 and 2"),
        _parameter("alpha2", angle, "rad", r"\alpha_2", "CP-even mixing angle in the plane of doublets 1 and 3"),
        _parameter("alpha3", turn, "rad", r"\alpha_3", "CP-even mixing angle of h2 and h3"),
        _parameter("gamma1", turn, "rad", r"\gamma_1", "mixing angle of A1 and A2"),
        _parameter("gamma2", turn, "rad", r"\gamma_2", "mixing angle of H1+ and H2+"),
        _parameter("tanb1", tan_beta, "1", r"\tan\beta_1", "v2/v1"),
        _parameter("tanb2", tan_beta, "1", r"\tan\beta_2", r"v3/sqrt(v1^2 + v2^2)"),
        _parameter("mH1", neutral, "GeV", "m_{h_2}", "mass of the CP-even state h2"),
        _parameter("mH2", neutral, "GeV", "m_{h_3}", "mass of the CP-even state h3"),
        _parameter("mA1", other, "GeV", "m_{A_1}", "mass of the CP-odd state A1"),
        _parameter("mA2", other, "GeV", "m_{A_2}", "mass of the CP-odd state A2"),
        _parameter("mC1", other, "GeV", "m_{H_1^+}", "mass of the charged state H1+"),
        _parameter("mC2", other, "GeV", "m_{H_2^+}", "mass of the charged state H2+"),
        _parameter("m12sq", soft, "GeV^2", "m_{12}^2", "soft Z3-breaking mass term of doublets 1 and 2"),
        _parameter("m13sq", soft, "GeV^2", "m_{13}^2", "soft Z3-breaking mass term of doublets 1 and 3"),
        _parameter("m23sq", soft, "GeV^2", "m_{23}^2", "soft Z3-breaking mass term of doublets 2 and 3"),
    )
