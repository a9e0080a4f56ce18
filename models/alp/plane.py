"""The reduced model: branching ratio and lifetime as parameters."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from terranova import Fixed, LogUniform, Model, Parameter
from terranova.models.alp.escape import BOOST_BABAR, BOOST_BELLE2, LENGTH_BABAR, LENGTH_BELLE2
from terranova.models.alp.model import ESCAPES, check_choice, check_lengths
from terranova.models.alp.observables import escape_observables
from terranova.types import Floats


class LifetimePlane(Model):
    """Branching ratio and lifetime of an invisible-enough particle in B+ -> K+ a, whatever its couplings are.

    Args:
        escape: "isotropic" directions of the ALP; "mean-momentum": as ALPaca 1.2.0 has it.
        length_belle2: distance in cm beyond which Belle II does not see a decay.
        length_babar: the same for BaBar.
        boost_babar: beta gamma of the Upsilon(4S) at BaBar.
    """

    name = "alp-plane"
    version = "2"
    description = "B+ -> K+ a with lifetime and branching ratio as parameters: escape from Belle II and BaBar"
    planes = (("ctau", "BR_BpKa", "Pinv_belle2"), ("ctau", "BRinv_belle2"))
    citations = ("arXiv:2110.10698 ALPs in B decays", "arXiv:2604.07520 the use case")
    parameters = (
        Parameter("ma", Fixed(2.0), "GeV", "m_a", "mass of the particle", 2.0),
        Parameter("ctau", LogUniform(1.0, 1e5), "cm", r"c\tau_a", "proper decay length", 200.0),
        Parameter(
            "BR_BpKa",
            LogUniform(1e-6, 1e-3),
            "1",
            r"\mathrm{BR}(B^+ \to K^+ a)",
            "branching ratio of B+ -> K+ a",
            9e-6,
        ),
    )
    observables = tuple(escape_observables())

    def __init__(
        self,
        escape: str = "isotropic",
        length_belle2: float = LENGTH_BELLE2,
        length_babar: float = LENGTH_BABAR,
        boost_babar: float = BOOST_BABAR,
    ) -> None:
        check_choice("escape", escape, ESCAPES)
        check_lengths(length_belle2=length_belle2, length_babar=length_babar, boost_babar=boost_babar)
        self._mean = escape == "mean-momentum"
        self._geometry = (float(BOOST_BELLE2), float(length_belle2), float(boost_babar), float(length_babar))

    def evaluate(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        """Compute escape probabilities and their products with the branching ratio; see `Model.evaluate`."""
        from terranova.models.alp.kernel import Detectors, plane_observables

        x = np.column_stack([points["ma"], points["ctau"], points["BR_BpKa"]])
        out = plane_observables(x, Detectors(*self._geometry, self._mean))
        return {o.name: out[:, i] for i, o in enumerate(self.observables)}
