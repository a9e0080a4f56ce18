"""The plugin classes of the T1-2-A scotogenic model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from terranova import Model
from terranova.models.scotogenic.observables import LATER, observables
from terranova.models.scotogenic.parameters import VARIANTS, parameters
from terranova.types import Floats


class Scotogenic(Model):
    """T1-2-A scotogenic model: two singlet fermions, a vector-like doublet, a scalar doublet and a singlet."""

    version: ClassVar[str] = "2"
    citations: ClassVar[tuple[str, ...]] = (
        "arXiv:2505.08862 the scan this model follows",
        "arXiv:1308.3655 the class of models: T1-2-A",
        "hep-ph/0103065 Casas-Ibarra parametrisation",
        "arXiv:1312.2840 lepton-flavour violation in the scotogenic model",
        "hep-ph/0203110 mu - e conversion",
        "doi:10.1016/0550-3213(91)90438-4 thermal averages, and hep-ph/9704361 with coannihilation",
        "arXiv:1606.07494 degrees of freedom in the early universe",
    )
    planes: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("m_dm", "Omega_h2", "dm_type"),
        ("m_dm", "sigma_SI_cm2", "dm_type"),
        ("da_mu", "BR_mu_egamma", "dm_type"),
        ("BR_mu_egamma", "CR_Ti", "dm_type"),
        ("m_psi", "m_etap", "dm_type"),
        ("m_phi_1", "m_chi_1", "dm_type"),
    )
    variant: ClassVar[str]

    def __init__(self) -> None:
        self.parameters = parameters(self.variant)
        self.observables = observables(solved=self.variant != "full43")
        self._index = VARIANTS.index(self.variant)

    def evaluate(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        """Compute every observable of stage 0; see `Model.evaluate`."""
        x = np.column_stack([points[parameter.name] for parameter in self.parameters])
        out = self.evaluate_array(x)
        return {o.name: out[:, i] for i, o in enumerate(self.observables) if o.stage == 0}

    def evaluate_array(self, x: Floats) -> Floats:
        """Compute observables (n, k) of the points x (n, d); the columns of the relic density are NaN."""
        from terranova.models.scotogenic.kernel import observables as compute

        first = compute(x, self._index)
        out = np.full((len(x), len(self.observables)), np.nan)
        stages = len(self.observables) - len(LATER)
        out[:, :stages] = first[:, :stages]
        return out

    def slha(self, values: Mapping[str, float]) -> Mapping[str, Mapping[int | tuple[int, ...], Any]]:
        """Return a point as SPheno reads it; see `Model.slha`. The couplings must be among the values."""
        from terranova.models.scotogenic.parameters import G_NAMES, N_BASE
        from terranova.models.scotogenic.slha_map import DEFAULT, read_map

        inputs = [p.name for p in self.parameters[:N_BASE]] + list(G_NAMES)
        first = [o.name for o in self.observables if o.stage == 0]
        return read_map(DEFAULT, inputs, first).blocks(values)

    def evaluate_stage(self, stage: int, x: Floats, observables: Floats) -> Floats:
        """Fill in `Omega_h2`, `sigv_cm3s` and `Omega_error` of the points x (m, d)."""
        from terranova.models.scotogenic.relic import relic_density

        filled = observables.copy()
        filled[:, -len(LATER) :] = relic_density(x, self._index)
        return filled


class Seeded(Scotogenic):
    """A variant that suggests starting points; real angles cannot align flavours."""

    def seeds(self, rng: np.random.Generator, n: int, windows: Mapping[str, tuple[float, float]]) -> Floats:
        """Casas-Ibarra solutions, aligned in flavour if the window of da_mu asks for an anomaly."""
        from terranova.models.scotogenic.alignment import seeds

        return seeds(rng, n, windows, self.variant)


class ScotogenicCI37(Scotogenic):
    """Neutrino data and three real Casas-Ibarra angles as parameters, 37 in all."""

    name = "scotogenic-ci37"
    description = "T1-2-A scotogenic model, neutrino data built in, real angles (37 parameters)"
    variant = "ci37"


class ScotogenicCI37C(Seeded):
    """Neutrino data and three complex Casas-Ibarra angles as parameters, 37 in all."""

    name = "scotogenic-ci37c"
    description = "T1-2-A scotogenic model, neutrino data built in, complex angles (37 parameters)"
    variant = "ci37c"


class ScotogenicFull43(Seeded):
    """All couplings as parameters, 43 in all."""

    name = "scotogenic-full43"
    description = "T1-2-A scotogenic model, all couplings free (43 parameters)"
    variant = "full43"
