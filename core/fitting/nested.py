"""Nested sampling of a posterior, which also gives the evidence: with nautilus, or with dynesty."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from terranova.fitting.config import Nested
from terranova.fitting.dynesty_runs import LOWEST, Draws, run_dynesty
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.packages import needed, one_thread
from terranova.fitting.posterior import Posterior
from terranova.fitting.progress import Say
from terranova.types import Floats

_MATTERS = 1e-3
"""Evidence of a shell, relative to the largest, below which it does not matter."""

FLAT = 1e-6
"""Log-likelihoods that differ by less are taken for equal: nothing is above them to look for."""


def nested(
    likelihood: Likelihood,
    seed: int,
    *,
    live: int = 1000,
    effective: int = 4000,
    evaluations: int = Nested.evaluations,
    sampler: str = "nautilus",
    say: Say = lambda _: None,
) -> Posterior:
    """Sample the posterior and integrate the evidence.

    Args:
        likelihood: the likelihood.
        seed: of all random numbers.
        live: number of live points.
        effective: wanted effective number of points.
        evaluations: at most; a batch that is begun is finished.
        sampler: "nautilus", or "dynesty", which asks for one point at a time.
        say: told how far it is.
    """
    before = likelihood.evaluations
    run = run_dynesty if sampler == "dynesty" else run_nautilus
    with one_thread():
        draws = run(likelihood, seed, live, effective, evaluations, say)
    spent = likelihood.evaluations - before
    reasons = []
    if draws.effective < 0.95 * effective:  # joined runs have a little less than all of them together
        reasons.append(f"{draws.effective:,.0f} of {effective:,} effective points after {spent:,} evaluations")
    if not draws.explored:
        reasons.append("the search for the highest likelihoods was cut off: parts of the posterior may be missing")
    kept = (draws.log_weights > -np.inf) & (draws.loglike > LOWEST)
    u, loglike, log_weights = draws.u[kept], draws.loglike[kept], draws.log_weights[kept]
    evidence: tuple[float | None, float | None] = draws.log_evidence, draws.log_evidence_error
    if not kept.any():  # the other results of the fit must not be lost for it
        best = int(np.argmax(likelihood.loglikes))
        u, loglike, log_weights = likelihood.u[[best]], likelihood.loglikes[[best]], np.zeros(1)
        evidence = None, None
        reasons = [f"no allowed point was drawn in {spent:,} evaluations; all there is is the best point known"]
    weights = np.exp(log_weights - log_weights.max())
    return Posterior(
        method="nested",
        names=likelihood.names,
        values=likelihood.values_at(u),
        loglike=loglike,
        weights=weights / weights.sum(),
        chain=np.zeros(len(u), dtype=np.int64),
        effective=float(weights.sum() ** 2 / (weights**2).sum()),
        log_evidence=evidence[0],
        log_evidence_error=evidence[1],
        converged=not reasons,
        evaluations=likelihood.evaluations - before,
        reasons=tuple(reasons),
        sampler=sampler,
    )


def run_nautilus(likelihood: Likelihood, seed: int, live: int, effective: int, evaluations: int, say: Say) -> Draws:
    """Draw points with nautilus: explore the likelihood, then sample the shells that were found."""
    with needed("nautilus"):
        import nautilus
    before = likelihood.evaluations
    periodic = np.flatnonzero(likelihood.problem.model.space.periodic)
    d = likelihood.dimension

    def loglike(u: Floats) -> Floats:
        loglikes = np.maximum(likelihood.loglike(u[:, :d]), LOWEST)
        say(f"nested sampling: {likelihood.evaluations - before:,} evaluations")
        return loglikes

    with warnings.catch_warnings():
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
        how = {"n_eff": effective, "discard_exploration": True, "verbose": False}
        while not sampler.explored and sampler.n_like < evaluations and not _is_flat(sampler, live):
            sampler.run(n_like_max=sampler.n_like + 1, **how)
        if not sampler.explored and sampler.n_like < evaluations:
            # All live points are equal: nautilus would train networks on nothing, without end. One region around
            # them is as small as it gets; then the exploration is over whatever share of the evidence they hold.
            say("nested sampling: the likelihood is constant where it is largest")
            sampler.add_bound()
            sampler.run(f_live=1.0, n_like_max=sampler.n_like + 1, **how)
        if sampler.explored:
            _look_outside(sampler, evaluations)
        sampler.run(n_like_max=evaluations, **how)
        u, log_weights, loglikes = sampler.posterior()
        size = float(sampler.n_eff)
        return Draws(
            u=u[:, :d],
            loglike=loglikes,
            log_weights=log_weights,
            log_evidence=float(sampler.log_z),
            log_evidence_error=1.0 / math.sqrt(max(size, 1.0)),
            effective=size,
            explored=bool(sampler.explored),
        )


def _look_outside(sampler: Any, evaluations: int) -> None:
    """Sample every shell that matters as often as the exploration did.

    A region can cut off a corner of what a window allows. That lies in the shell around it then, of which the
    exploration, with many points, has seen it, while the few points that nautilus asks for anew would not.
    """
    sampler.discard_exploration = False
    logs = sampler.shell_log_l + sampler.shell_log_v
    explored = sampler.shell_n.copy()
    sampler.discard_exploration = True
    with np.errstate(invalid="ignore"):
        matters = np.flatnonzero(np.nan_to_num(logs, nan=-np.inf) > np.nanmax(logs) + math.log(_MATTERS))
    for shell in matters.tolist():
        while sampler.shell_n[shell] < explored[shell] and sampler.n_like < evaluations:
            sampler.add_samples(shell)


def _is_flat(sampler: Any, live: int) -> bool:
    """Say whether the highest likelihoods found, as many as there are live points, are all the same."""
    loglikes = np.concatenate([np.asarray(part) for part in sampler.log_l] or [np.empty(0)])
    if len(loglikes) < live:
        return False
    best = np.partition(loglikes, len(loglikes) - live)[-live:]
    return bool(best[0] > LOWEST and np.ptp(best) < FLAT)
