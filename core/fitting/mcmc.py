"""Markov chains of a posterior: an affine-invariant ensemble of walkers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from terranova.errors import RunError
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.packages import needed
from terranova.fitting.posterior import Posterior
from terranova.fitting.progress import Say
from terranova.types import Bools, Floats


def mcmc(
    likelihood: Likelihood,
    seed: int,
    starts: Floats,
    *,
    walkers: int = 0,
    lengths: int = 50,
    steps: int = 20_000,
    say: Say = lambda _: None,
) -> Posterior:
    """Sample the posterior with emcee, until the chain is many autocorrelation times long.

    Args:
        likelihood: the likelihood.
        seed: of all random numbers.
        starts: (n, d) points with a likelihood, from which the walkers begin, the best first.
        walkers: their number; the larger of 32 and 2 d + 2 if 0.
        lengths: autocorrelation times after which the chain is long enough (emcee's advice: 50).
        steps: at most.
        say: told how far it is.
    """
    with needed("emcee"):
        import emcee
    before = likelihood.evaluations
    d = likelihood.dimension
    number = walkers or max(32, 2 * d + 2)
    rng = np.random.default_rng(seed)
    periodic = likelihood.problem.model.space.periodic
    # Walkers must stay in one turn of a periodic axis, or they drift apart for ever: it begins and ends opposite
    # the best point.
    seam = np.where(periodic, starts[0] - 0.5, 0.0)

    def loglike(v: Floats) -> Floats:
        inside = ((v >= 0.0) & (v <= 1.0)).all(axis=1)
        loglikes = np.full(len(v), -np.inf)
        if inside.any():
            loglikes[inside] = likelihood.loglike(_turned(v[inside], seam, periodic))
        return loglikes

    begin = _walkers(loglike, _turned(starts, -seam, periodic), number, rng)
    sampler = emcee.EnsembleSampler(
        number,
        d,
        loglike,
        vectorize=True,
        moves=[(emcee.moves.DEMove(), 0.8), (emcee.moves.DESnookerMove(), 0.2)],
    )
    state = np.random.RandomState(seed % 2**32).get_state()
    position: Any = emcee.State(begin, random_state=state)
    autocorrelation, done = math.inf, 0
    while done < steps:
        block = min(max(200, done // 2), steps - done)
        position = sampler.run_mcmc(position, block, progress=False)
        done += block
        autocorrelation = float(np.max(sampler.get_autocorr_time(tol=0)))
        autocorrelation = autocorrelation if math.isfinite(autocorrelation) and autocorrelation > 0 else math.inf
        reached = f"{done / autocorrelation:.0f} of {lengths} autocorrelation times"
        say(f"mcmc: {done:,} steps of {number} walkers, {reached}")
        if done > lengths * autocorrelation:
            break
    used = autocorrelation if math.isfinite(autocorrelation) else done / 10
    discard, thin = min(int(5 * used), done // 2), max(1, int(used / 2))
    chain = sampler.get_chain(discard=discard, thin=thin)
    loglikes = sampler.get_log_prob(discard=discard, thin=thin)
    walker = np.tile(np.arange(number), len(chain))
    u = _turned(chain.reshape(-1, d), seam, periodic)
    n = len(u)
    return Posterior(
        method="mcmc",
        names=likelihood.names,
        values=likelihood.values_at(u),
        loglike=loglikes.reshape(-1),
        weights=np.full(n, 1.0 / n),
        chain=walker,
        effective=number * (done - discard) / used,
        log_evidence=None,
        log_evidence_error=None,
        converged=done > lengths * autocorrelation,
        evaluations=likelihood.evaluations - before,
    )


def _turned(u: Floats, by: Floats, periodic: Bools) -> Floats:
    """Return u (n, d) moved along its periodic axes by (d,), within [0, 1)."""
    return np.where(periodic, np.mod(u + by, 1.0), u)


def _walkers(loglike: Callable[[Floats], Floats], starts: Floats, number: int, rng: np.random.Generator) -> Floats:
    """Return places (number, d) to begin: around the starts, as far as the likelihood allows."""
    d = starts.shape[1]
    begin = np.empty((number, d))
    begin[:] = starts[rng.integers(0, len(starts), number)]
    accepted = np.zeros(number, dtype=bool)
    width = 0.02
    for _ in range(30):
        missing = np.flatnonzero(~accepted)
        if not len(missing):
            break
        tried = begin[missing] + width * rng.standard_normal((len(missing), d))
        good = np.isfinite(loglike(tried))
        begin[missing[good]] = tried[good]
        accepted[missing[good]] = True
        width *= 0.6
    if np.linalg.matrix_rank(begin - begin.mean(axis=0), tol=1e-12) < d:
        raise RunError("mcmc finds no room around the best points: every step from them is excluded")
    return begin
