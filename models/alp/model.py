"""The plugin class of the axion-like particle in B decays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from terranova import Model
from terranova.models.alp.escape import BOOST_BABAR, BOOST_BELLE2, LENGTH_BABAR, LENGTH_BELLE2
from terranova.models.alp.hadrons import CHOICES
from terranova.models.alp.observables import OBSERVABLES
from terranova.models.alp.parameters import BENCHMARKS, four_pi, parameters
from terranova.types import Floats

RUNNINGS = ("full", "leading-log")
ESCAPES = ("isotropic", "mean-momentum")


def check_choice(option: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a word that is none of the choices.

    Raises:
        ValueError: with the choices.
    """
    if value not in choices:
        raise ValueError(f"{option} must be {' or '.join(repr(c) for c in choices)}, got {value!r}")


def check_lengths(**lengths: float) -> None:
    """Refuse lengths and boosts that are not positive.

    Raises:
        ValueError: with the name of the option.
    """
    for option, value in lengths.items():
        if not value > 0:
            raise ValueError(f"{option} must be positive, got {value!r}")


class AxionLikeParticle(Model):
    """Axion-like particle with couplings to all SM fields: B -> K(*) a, its decays, and where it escapes detection.

    Args:
        scale: "free": Lambda is the parameter Lam; "4pi-fa": it is 4 pi f_a.
        running: "full": one-loop renormalisation group; "leading-log": for comparison only, wrong by up to six.
        hadronic: which description of the hadronic width: "1811.03474", "2501.04525", "alpaca": chiral
            perturbation theory as ALPaca 1.2.0 has it, far too low from 1 to 1.9 GeV, or "perturbative": quarks and
            gluons from 1 GeV on.
        escape: "isotropic" directions of the ALP; "mean-momentum": as ALPaca 1.2.0 has it.
        length_belle2: distance in cm beyond which Belle II does not see a decay.
        length_babar: the same for BaBar.
        boost_babar: beta gamma of the Upsilon(4S) at BaBar.
        like_alpaca: repeat the choices and known mistakes of ALPaca 1.2.0, to compare with it; its hadronic width,
            too, with a jump at 1.4 GeV, whatever `hadronic` says.
    """

    name = "alp"
    version = "2"
    description = "Axion-like particle in B decays: couplings, widths, lifetime, escape probabilities"
    planes = (("ctau", "BR_BpKa", "ma"), ("ma", "ctau", "BR_BpKa"), ("fa", "BR_BpKa"), ("ctau", "BRinv_belle2"))
    citations = (
        "arXiv:2012.12272 running and matching of ALP couplings",
        "arXiv:2110.10698 ALPs in B decays",
        "arXiv:1708.00443 decays of ALPs",
        "arXiv:1811.03474 hadronic decays of ALPs coupled to gluons",
        "arXiv:2310.03524 hadronic decays of ALPs coupled to fermions",
        "arXiv:2501.04525 hadronic decays of ALPs, invariant under chiral rotations",
        "arXiv:2305.13383 SensCalc, from which hadronic widths are taken",
        "arXiv:2508.08354 ALPaca, with which hadronic widths were tabulated",
        "arXiv:2604.07520 the use case",
    )

    def __init__(
        self,
        scale: str = "free",
        running: str = "full",
        hadronic: str = "1811.03474",
        escape: str = "isotropic",
        length_belle2: float = LENGTH_BELLE2,
        length_babar: float = LENGTH_BABAR,
        boost_babar: float = BOOST_BABAR,
        like_alpaca: bool = False,
    ) -> None:
        check_choice("running", running, RUNNINGS)
        check_choice("hadronic", hadronic, tuple(CHOICES))
        check_choice("escape", escape, ESCAPES)
        check_lengths(length_belle2=length_belle2, length_babar=length_babar, boost_babar=boost_babar)
        self.parameters = parameters(scale)
        self.observables = OBSERVABLES
        known = {parameter.name for parameter in self.parameters}
        self.benchmarks = {
            name: {k: v for k, v in point.items() if k in known} for name, point in BENCHMARKS.items()
        }
        self._hadronic = hadronic
        self._leading_log = running == "leading-log"
        self._mean = escape == "mean-momentum"
        self._geometry = (float(BOOST_BELLE2), float(length_belle2), float(boost_babar), float(length_babar))
        self._like_alpaca = like_alpaca

    def evaluate(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        """Compute every observable; see `Model.evaluate`.

        They are NaN unless m_a is in [0.3, 4.78] GeV, Lambda in [100, 1e17] GeV and br_dark in [0, 1).
        """
        x = np.column_stack([points[parameter.name] for parameter in self.parameters])
        out = self.evaluate_array(x)
        return {o.name: out[:, i] for i, o in enumerate(self.observables)}

    def evaluate_array(self, x: Floats) -> Floats:
        """Compute observables (n, k) of the points x (n, 19), or (n, 18) with scale 4pi-fa."""
        from terranova.models.alp.kernel import Detectors, observables

        if len(self.parameters) == 18:
            x = np.insert(x, 2, [four_pi(f_a) for f_a in x[:, 1]], axis=1)
        detectors = Detectors(*self._geometry, self._mean)
        return observables(x, detectors, self._leading_log, self._like_alpaca, self._hadronic)
