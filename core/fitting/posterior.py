"""Weighted points of a posterior, however they were sampled."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from terranova.fitting.convergence import Diagnosis
from terranova.fitting.packages import needed
from terranova.types import Floats, Ints

CITATIONS = {
    "nautilus": "arXiv:2306.16923 nautilus, importance nested sampling with neural networks",
    "dynesty": "arXiv:1904.02180 dynesty, nested sampling after J. Skilling, Bayesian Anal. 1 (2006) 833",
    "emcee": "arXiv:1202.3665 emcee, with differential evolution after C. J. F. ter Braak, Stat. Comput. 16 (2006) "
    "239; convergence: arXiv:1903.08008",
}


@dataclass(frozen=True)
class Correction:
    """How a posterior that a surrogate proposed was corrected.

    Attributes:
        used: False when the surrogate did not serve and the model itself was sampled.
        calls: predictions of the surrogate.
        weighted: its points that the model evaluated and that are weighted.
        effective: effective number of points among them.
        shape: of the tail of the weights; above 0.7 they are not to be believed (arXiv:1507.02646).
        attempts: how often the surrogate was sampled.
    """

    used: bool
    calls: int
    weighted: int
    effective: float
    shape: float
    attempts: int


@dataclass(frozen=True)
class Posterior:
    """Weighted points of the posterior. The prior is that of the parameters, flat in the unit cube.

    Attributes:
        method: "nested" or "mcmc".
        names: of the columns: parameters, then observables.
        values: (n, names).
        loglike: (n,)
        weights: (n,), which sum to 1.
        chain: (n,) number of the walker; 0 for nested sampling.
        effective: effective number of independent points.
        log_evidence: natural logarithm of the evidence; None for mcmc.
        log_evidence_error: its statistical error; None for mcmc.
        converged: whether the criterion of the method was met.
        evaluations: spent on it.
        correction: if a surrogate proposed it.
        ensembles: independent ones that the walkers belong to, one after the other; 0 for nested sampling.
        reasons: why it has not converged, in phrases; nothing if it has.
        diagnoses: what chains say of each parameter and observable; nothing for nested sampling.
        sampler: the package that sampled it: a key of `CITATIONS`.
        ends: free parameter -> the ends of its prior, before which it has not fallen off: see `posterior_at_ends`.
    """

    method: str
    names: tuple[str, ...]
    values: Floats
    loglike: Floats
    weights: Floats
    chain: Ints
    effective: float
    log_evidence: float | None
    log_evidence_error: float | None
    converged: bool
    evaluations: int
    correction: Correction | None = None
    ensembles: int = 0
    reasons: tuple[str, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    sampler: str = ""
    ends: Mapping[str, str] = field(default_factory=dict)

    @property
    def citation(self) -> str:
        """What to cite for it."""
        return CITATIONS[self.sampler or {"nested": "nautilus", "mcmc": "emcee"}[self.method]]

    def column(self, name: str) -> Floats:
        """(n,) values of a parameter or observable."""
        return np.asarray(self.values[:, self.names.index(name)])

    def mean(self, name: str) -> tuple[float, float]:
        """Return mean and standard deviation of a parameter or observable."""
        values = self.column(name)
        centre = float(np.average(values, weights=self.weights))
        return centre, math.sqrt(float(np.average((values - centre) ** 2, weights=self.weights)))

    def credible(self, name: str, level: float) -> tuple[float, float]:
        """Return the central credible interval of a parameter or observable."""
        values = self.column(name)
        order = np.argsort(values, kind="stable")
        below = np.cumsum(self.weights[order]) - 0.5 * self.weights[order]
        ends = np.interp([0.5 - level / 2, 0.5 + level / 2], below, values[order])
        return float(ends[0]), float(ends[1])

    def equal_weights(self, rng: np.random.Generator) -> Ints:
        """Return rows drawn so that all count the same: as many as the effective number of points.

        Systematic resampling: a row of weight w is drawn n w times, rounded up or down.
        """
        n = max(1, int(self.effective))
        places = (np.arange(n) + rng.random()) / n
        rows = np.searchsorted(np.cumsum(self.weights), places)
        return rng.permutation(np.minimum(rows, len(self.weights) - 1)).astype(np.int64)

    def to_arviz(self) -> Any:
        """Return the posterior as an `arviz.InferenceData`, each walker a chain; nested sampling has one.

        Weighted points are drawn again with equal weights. Columns that are not finite everywhere are left out.

        Raises:
            PluginMissing: arviz is not installed.
        """
        with needed("arviz", "arviz"):
            import arviz
        rows, chains = self.equal_weights(np.random.default_rng(0)), 1
        if self.method == "mcmc" and len(np.unique(self.weights)) == 1:
            rows, chains = np.argsort(self.chain, kind="stable"), len(np.unique(self.chain))
        finite = [name for i, name in enumerate(self.names) if np.isfinite(self.values[:, i]).all()]
        return arviz.from_dict(
            posterior={name: self.column(name)[rows].reshape(chains, -1) for name in finite},
            sample_stats={"lp": self.loglike[rows].reshape(chains, -1)},
        )
