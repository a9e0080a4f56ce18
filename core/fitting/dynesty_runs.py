"""Nested sampling with dynesty: an independent check of what nautilus finds."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace

import numpy as np

from terranova.fitting.likelihood import Likelihood
from terranova.fitting.packages import needed
from terranova.fitting.progress import Say
from terranova.types import Floats

LOWEST = -1e100
"""Log-likelihood of what is excluded, for samplers in which it must have a rank."""


@dataclass(frozen=True)
class Draws:
    """Weighted points, and the evidence.

    Attributes:
        u: (n, d) in the unit cube.
        loglike: (n,)
        log_weights: (n,) natural logarithms of the weights, up to a constant.
        log_evidence: natural logarithm of the evidence.
        log_evidence_error: its statistical error.
        effective: effective number of points.
        explored: whether the search for the highest likelihoods came to its end.
    """

    u: Floats
    loglike: Floats
    log_weights: Floats
    log_evidence: float
    log_evidence_error: float
    effective: float
    explored: bool


REMAINING = 0.01
"""A run ends when no more than this of ln Z can be left in the live points."""

_EVERY = 200
"""Evaluations between two words about them."""


def run_dynesty(likelihood: Likelihood, seed: int, live: int, effective: int, evaluations: int, say: Say) -> Draws:
    """Draw points with dynesty, in as many independent runs as the effective number of points needs.

    A run with live points on a plateau ends there, and counts each of them for its share of the volume.
    """
    before = likelihood.evaluations
    parts: list[Draws] = []
    size = 0.0
    while size < effective and (left := evaluations - (likelihood.evaluations - before)) > 0:
        part = _one_run(likelihood, [seed, len(parts)], live, left, say)
        if part is None:
            break
        parts.append(part)
        size += part.effective
        if not part.explored:
            break
    if not parts:
        nothing = np.empty((0, likelihood.dimension))
        return Draws(nothing, np.empty(0), np.empty(0), -math.inf, math.inf, 0.0, explored=False)
    return _joined(parts)


def _one_run(likelihood: Likelihood, seed: list[int], live: int, evaluations: int, say: Say) -> Draws | None:
    """Run once; None where no allowed point was found to begin with."""
    with needed("dynesty"):
        import dynesty
    d = likelihood.dimension
    before = likelihood.evaluations
    rng = np.random.default_rng(seed)
    begin = _allowed(likelihood, live, evaluations, rng, say)
    if begin is None:
        return None
    u, loglikes, drawn = begin
    share = live / drawn
    # The share of the prior that is allowed is counted, and has an error of its own.
    counted = math.log(share), math.sqrt((1.0 - share) / live)
    if np.ptp(loglikes) == 0.0:  # a plateau, which dynesty ends at before its first step
        evidence = float(loglikes[0]) + counted[0]
        return Draws(u, loglikes, np.zeros(live), evidence, counted[1], float(live), explored=True)

    def loglike(place: Floats) -> float:
        value = float(likelihood.loglike(np.asarray(place)[None])[0])
        if (spent := likelihood.evaluations - before) % _EVERY == 0:
            say(f"nested sampling: {spent:,} evaluations")
        return max(value, LOWEST)

    periodic = np.flatnonzero(likelihood.problem.model.space.periodic)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of plateaus and of ends, which are told below
        sampler = dynesty.NestedSampler(
            loglike,
            lambda place: place,
            d,
            nlive=live,
            live_points=(u, u.copy(), loglikes),
            rstate=rng,
            periodic=list(periodic) if len(periodic) else None,
        )
        left = max(1, evaluations - (likelihood.evaluations - before))
        sampler.run_nested(maxcall=left, dlogz=REMAINING, print_progress=False)
        found = sampler.results
    log_weights = np.asarray(found.logwt)
    weights = np.exp(log_weights - log_weights.max())
    spent = likelihood.evaluations - before
    return Draws(
        u=np.asarray(found.samples_u),
        loglike=np.asarray(found.logl),
        log_weights=log_weights - float(found.logz[-1]),
        log_evidence=float(found.logz[-1]) + counted[0],
        log_evidence_error=math.hypot(float(found.logzerr[-1]), counted[1]),
        effective=float(weights.sum() ** 2 / (weights**2).sum()),
        explored=spent < evaluations,
    )


def _allowed(
    likelihood: Likelihood, live: int, evaluations: int, rng: np.random.Generator, say: Say
) -> tuple[Floats, Floats, int] | None:
    """Draw from the prior until so many points are allowed; return them, and how many were drawn for them."""
    places: list[Floats] = []
    values: list[Floats] = []
    count = drawn = 0
    while count < live:
        if drawn >= evaluations:
            return None
        u = rng.random((min(max(100, live), evaluations - drawn), likelihood.dimension))
        loglikes = likelihood.loglike(u)
        good = np.flatnonzero(np.isfinite(loglikes))[: live - count]
        count += len(good)
        drawn += int(good[-1]) + 1 if count == live else len(u)
        places.append(u[good])
        values.append(loglikes[good])
        say(f"nested sampling: {count:,} of {live:,} live points from {drawn:,} draws of the prior")
    return np.concatenate(places), np.concatenate(values), drawn


def _joined(parts: list[Draws]) -> Draws:
    """Join independent runs: each counts for the evidence that it found."""
    evidences = np.array([part.log_evidence for part in parts])
    n = len(parts)
    top = float(evidences.max())
    joined = replace(
        parts[0],
        u=np.concatenate([part.u for part in parts]),
        loglike=np.concatenate([part.loglike for part in parts]),
        log_weights=np.concatenate([part.log_weights + part.log_evidence for part in parts]),
        log_evidence=top + math.log(float(np.exp(evidences - top).mean())),
        log_evidence_error=math.sqrt(sum(part.log_evidence_error**2 for part in parts)) / n,
        explored=all(part.explored for part in parts),
    )
    weights = np.exp(joined.log_weights - joined.log_weights.max())
    return replace(joined, effective=float(weights.sum() ** 2 / (weights**2).sum()))
