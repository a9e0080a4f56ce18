"""The plugin class of the Z3 three-Higgs-doublet model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from terranova import Model
from terranova.models.thdm3.observables import OBSERVABLES, VACUUM_DEPTH
from terranova.models.thdm3.parameters import parameters
from terranova.types import Floats

BFB_FACTORS = (1.0, 2.0)


class ThreeHiggsDoublet(Model):
    """Z3 three-Higgs-doublet model with real couplings, softly broken, Type-Z Yukawa couplings.

    Args:
        tan_beta_prior: prior of both tan beta: "linear" is flat in tan beta, "arctan" flat in beta.
        bfb_factor: weight of |lambda_10,11,12| in the boundedness conditions: 1 (sufficient) or 2 (stricter).
        vacuum: add `vacuum_depth`, a search for deeper minima, for points that pass everything else.
    """

    name = "thdm3"
    version = "4"
    description = "Z3 three-Higgs-doublet model: theory, electroweak, Higgs, flavour and direct-search observables"
    planes = (("mH1", "mC1", "T"), ("mA1", "mC1", "T"), ("tanb1", "tanb2", "BR_bsgamma"), ("S", "T", "mC1"))
    citations = (
        "arXiv:2402.07661 the scan this model follows",
        "arXiv:0802.4353 oblique parameters",
        "hep-ph/9802391 B -> X_s gamma at NLO",
        "arXiv:1610.07922 Higgs widths and cross sections",
    )

    def __init__(self, tan_beta_prior: str = "linear", bfb_factor: float = 1.0, vacuum: bool = False) -> None:
        if bfb_factor not in BFB_FACTORS:
            raise ValueError(f"bfb_factor must be 1 or 2, got {bfb_factor!r}")
        self.bfb_factor = float(bfb_factor)
        self.parameters = parameters(tan_beta_prior)
        self.observables = (*OBSERVABLES, VACUUM_DEPTH) if vacuum else OBSERVABLES

    def evaluate(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        """Compute every observable of stage 0; see `Model.evaluate`."""
        x = np.column_stack([points[parameter.name] for parameter in self.parameters])
        out = self.evaluate_array(x)
        return {o.name: out[:, i] for i, o in enumerate(self.observables) if o.stage == 0}

    def evaluate_array(self, x: Floats) -> Floats:
        """Compute observables (n, k) of the points x (n, 16); the column of a later stage is NaN."""
        from terranova.models.thdm3.kernel import observables

        out = observables(x, self.bfb_factor)
        if len(self.observables) > out.shape[1]:
            out = np.column_stack([out, np.full(len(out), np.nan)])
        return out

    def evaluate_stage(self, stage: int, x: Floats, observables: Floats) -> Floats:
        """Fill in `vacuum_depth` of the points x (m, 16)."""
        from terranova.models.thdm3.vacuum import vacuum_depth

        filled = observables.copy()
        filled[:, -1] = vacuum_depth(x, observables)
        return filled
