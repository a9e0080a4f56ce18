"""Posteriors that a surrogate proposes and the model decides: importance sampling."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from terranova.errors import RunError
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.posterior import Correction, Posterior
from terranova.fitting.progress import Say
from terranova.fitting.surrogate.likelihood import SurrogateLikelihood
from terranova.fitting.surrogate.training import SurrogateTrainer
from terranova.types import Floats, Ints

POWER = 0.75
"""A posterior is sampled from this power of the surrogate's likelihood: its tails reach beyond the true ones."""

TRIES = 4
"""A surrogate is trained again so often, with the points by which it failed, until it is good enough."""

_FIRST = 300
"""Points by which a surrogate is judged before the others are evaluated."""

WORST_SHAPE = 0.7
"""Shape of the tail of the weights above which their variance says nothing (arXiv:1507.02646)."""

_LEAST = 0.35
"""Share of effective points below which training again is cheaper than going on."""


def corrected_posterior(
    trainer: SurrogateTrainer,
    sample: Callable[[Likelihood], Posterior],
    wanted: int,
    rng: np.random.Generator,
    say: Say,
) -> Posterior:
    """Sample the surrogate's posterior and weight true evaluations of its points: importance sampling.

    With L the likelihood and q what was sampled, a point weighs L / q, and the evidence is that of q times the
    mean weight. Where the weights show that the surrogate is not good enough, even after training again, the model
    is sampled.

    Args:
        trainer: the surrogate.
        sample: samples the posterior of a likelihood.
        wanted: effective number of points.
        rng: of all random numbers.
        say: told how far it is.
    """
    likelihood, before, calls = trainer.likelihood, trainer.likelihood.evaluations, trainer.calls
    for attempt in range(TRIES):
        if not trainer.usable:
            break
        surrogate_likelihood = trainer.surrogate_likelihood(POWER)
        try:
            proposal = sample(surrogate_likelihood)
        except RunError:
            break
        population = proposal.equal_weights(rng)
        weighted = _WeightedPoints(likelihood, surrogate_likelihood, proposal, population)
        weighted.evaluate(min(_FIRST, wanted))
        if weighted.reliable:
            weighted.evaluate(
                math.ceil(1.05 * wanted / weighted.share / max(0.5, 1.0 - wanted / proposal.effective))
            )
        say(
            f"posterior: {len(weighted.log_weights):,} points of the surrogate, {weighted.effective:,.0f} effective"
        )
        if weighted.reliable:
            correction = Correction(
                used=True,
                calls=trainer.calls - calls,
                weighted=len(weighted.log_weights),
                effective=weighted.effective,
                shape=weighted.shape,
                attempts=attempt + 1,
            )
            return weighted.posterior(correction, likelihood.evaluations - before, wanted)
        trainer.refit()
    say("posterior: the surrogate does not serve, the model is sampled")
    posterior = sample(likelihood)
    correction = Correction(False, trainer.calls - calls, 0, posterior.effective, math.nan, TRIES)
    return replace(posterior, correction=correction, evaluations=likelihood.evaluations - before)


class _WeightedPoints:
    """Points of the surrogate's posterior with their true log-likelihoods and weights.

    Args:
        likelihood: the likelihood.
        surrogate_likelihood: what was sampled.
        proposal: its posterior.
        population: rows of `proposal` that count the same, in random order.
    """

    def __init__(
        self,
        likelihood: Likelihood,
        surrogate_likelihood: SurrogateLikelihood,
        proposal: Posterior,
        population: Ints,
    ) -> None:
        self._likelihood, self._proposal, self._population = likelihood, proposal, population
        self._u = surrogate_likelihood.places(proposal)
        self._values: list[Floats] = []
        self._loglike: list[Floats] = []
        self.log_weights: Floats = np.empty(0)

    def evaluate(self, number: int) -> None:
        """Evaluate until so many points are, as far as there are."""
        rows = self._population[len(self.log_weights) : number]
        if not len(rows):
            return
        batch = self._likelihood.batch(self._u[rows])
        self._values.append(np.column_stack([batch.x, batch.observables]))
        self._loglike.append(batch.loglike)
        self.log_weights = np.concatenate([self.log_weights, batch.loglike - self._proposal.loglike[rows]])

    @property
    def weights(self) -> Floats:
        """(n,) in units of the largest."""
        top = self.log_weights.max(initial=-np.inf)
        return np.exp(self.log_weights - top) if np.isfinite(top) else np.zeros(len(self.log_weights))

    @property
    def effective(self) -> float:
        """Effective number of points: of the weights, and of the chain that they were drawn from."""
        w = self.weights
        if not w.any():
            return 0.0
        return float(1.0 / ((w**2).sum() / w.sum() ** 2 + 1.0 / self._proposal.effective))

    @property
    def share(self) -> float:
        """Of the points that are effective."""
        w = self.weights
        return float(w.sum() ** 2 / (w**2).sum() / len(w)) if w.any() else 0.0

    @property
    def shape(self) -> float:
        """Of the tail of the weights."""
        return tail_shape(self.weights)

    @property
    def reliable(self) -> bool:
        """Whether the weights can be believed."""
        return self.share >= _LEAST and self.shape <= WORST_SHAPE

    def posterior(self, correction: Correction, evaluations: int, wanted: int) -> Posterior:
        """Return the points with weights that sum up to one, and the evidence that follows."""
        w, proposal = self.weights, self._proposal
        reasons = proposal.reasons
        if correction.effective < 0.8 * wanted:
            reasons += (f"{correction.effective:,.0f} of {wanted:,} effective points after weighting",)
        kept = w > 0.0
        evidence = error = None
        if proposal.log_evidence is not None and proposal.log_evidence_error is not None:
            mean = float(w.mean())
            evidence = proposal.log_evidence + float(self.log_weights.max()) + math.log(mean)
            error = math.hypot(proposal.log_evidence_error, float(w.std()) / mean / math.sqrt(len(w)))
        return Posterior(
            method=proposal.method,
            names=self._likelihood.names,
            values=np.concatenate(self._values)[kept],
            loglike=np.concatenate(self._loglike)[kept],
            weights=w[kept] / w.sum(),
            chain=np.zeros(int(kept.sum()), dtype=np.int64),
            effective=correction.effective,
            log_evidence=evidence,
            log_evidence_error=error,
            converged=proposal.converged and correction.effective >= 0.8 * wanted,
            evaluations=evaluations,
            correction=correction,
            reasons=reasons,
            sampler=proposal.sampler,
        )


def tail_shape(weights: Floats) -> float:
    """Return the shape k of a generalised Pareto distribution fitted to the largest weights.

    Above 0.7 an importance sampling estimate is not to be believed. Source: arXiv:1507.02646; the fit is that of
    J. Zhang and M. A. Stephens, Technometrics 51 (2009) 316, with the weak prior of arXiv:1507.02646.
    """
    n = len(weights)
    count = int(min(0.2 * n, 3.0 * math.sqrt(n)))
    ordered = np.sort(weights)
    if count < 5:
        return math.inf
    tail = ordered[-count:] - ordered[-count - 1]
    if tail[-1] <= 1e-12 * ordered[-1]:
        return -math.inf  # all the same
    tail = np.maximum(tail, 1e-300)
    m = 30 + int(math.sqrt(count))
    quarter = max(float(tail[int(count / 4 + 0.5) - 1]), 1e-12 * float(tail[-1]))
    theta = 1.0 / tail[-1] + (1.0 - np.sqrt(m / (np.arange(1, m + 1) - 0.5))) / (3.0 * quarter)
    k = np.log1p(-theta[:, None] * tail).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        loglike = count * (np.log(-theta / k) - k - 1.0)
    loglike = np.where(np.isfinite(loglike), loglike, -np.inf)
    share = np.exp(loglike - loglike.max())
    best = float((theta * share).sum() / share.sum())
    shape = float(np.log1p(-best * tail).mean())
    return (count * shape + 10.0 * 0.5) / (count + 10.0)
