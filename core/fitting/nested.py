"""Nested sampling of a posterior, which also gives the evidence."""

from __future__ import annotations

import math
import warnings

import numpy as np

from terranova.fitting.likelihood import Likelihood
from terranova.fitting.packages import needed, one_thread
from terranova.fitting.posterior import Posterior
from terranova.fitting.progress import Say
from terranova.types import Floats


def nested(
    likelihood: Likelihood, seed: int, *, live: int = 1000, effective: int = 4000, say: Say = lambda _: None
) -> Posterior:
    """Sample the posterior and integrate the evidence with nautilus.

    Args:
        likelihood: the likelihood.
        seed: of all random numbers.
        live: number of live points.
        effective: wanted effective number of points.
        say: told how far it is.
    """
    with needed("nautilus"):
        import nautilus
    before = likelihood.evaluations
    periodic = np.flatnonzero(likelihood.problem.model.space.periodic)
    lowest = -1e100  # what is excluded must have a rank, too
    d = likelihood.dimension

    def loglike(u: Floats) -> Floats:
        loglikes = np.maximum(likelihood.loglike(u[:, :d]), lowest)
        say(f"nested sampling: {likelihood.evaluations - before:,} evaluations")
        return loglikes

    with warnings.catch_warnings(), one_thread():
        warnings.simplefilter("ignore")
        sampler = nautilus.Sampler(
            lambda u: u,
            loglike,
            n_dim=max(d, 2),  # the least it can do; nothing depends on the second axis then, nor does the evidence
            n_live=live,
            n_batch=max(100, live // 10),
            vectorized=True,
            pass_dict=False,
            seed=seed,
            periodic=periodic if len(periodic) else None,
        )
        # Points of the exploration decided where its regions end: with them the evidence comes out too small.
        finished = sampler.run(n_eff=effective, discard_exploration=True, verbose=False)
        u, log_weights, loglikes = sampler.posterior()
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    kept = (weights > 0) & (loglikes > lowest)
    size = float(1.0 / (weights**2).sum())
    return Posterior(
        method="nested",
        names=likelihood.names,
        values=likelihood.values_at(u[kept, :d]),
        loglike=loglikes[kept],
        weights=weights[kept] / weights[kept].sum(),
        chain=np.zeros(int(kept.sum()), dtype=np.int64),
        effective=size,
        log_evidence=float(sampler.log_z),
        log_evidence_error=1.0 / math.sqrt(float(sampler.n_eff)),
        converged=bool(finished),
        evaluations=likelihood.evaluations - before,
    )
