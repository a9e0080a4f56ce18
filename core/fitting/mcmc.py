"""Markov chains of a posterior: independent ensembles of walkers that must agree."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from terranova.errors import RunError
from terranova.fitting.convergence import Diagnosis, complaints, diagnose
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.moves import DifferentialEvolution
from terranova.fitting.packages import needed
from terranova.fitting.posterior import Posterior
from terranova.fitting.progress import Say
from terranova.types import Bools, Floats

ENSEMBLES = 4
"""Independent ones: as many chains as R-hat wants (arXiv:1903.08008, section 4)."""

BURN_IN = 5.0
"""Autocorrelation times that are discarded; the largest one, but at most half of all steps."""

NEAR = 5.0
"""Log-likelihood by which walkers may begin below their starts, beside one for each parameter."""

_FIRST = 100
"""Steps before the first look at the chains."""


def mcmc(
    likelihood: Likelihood,
    seed: int,
    starts: Floats,
    *,
    walkers: int = 0,
    lengths: int = 25,
    steps: int = 10_000,
    say: Say = lambda _: None,
) -> Posterior:
    """Sample the posterior with emcee, until independent ensembles agree and are many autocorrelation times long.

    Args:
        likelihood: the likelihood.
        seed: of all random numbers.
        starts: (n, d) points with a likelihood, from which the walkers begin, far from one another.
        walkers: their number in each of the ensembles, at least 2 d; the larger of 16 and 2 d + 2 if 0.
        lengths: autocorrelation times after which an ensemble is long enough.
        steps: at most.
        say: told how far it is.

    Raises:
        RunError: all around the starts is excluded.
    """
    with needed("emcee"):
        import emcee
    before = likelihood.evaluations
    d = likelihood.dimension
    each = max(walkers, 2 * d, 4) if walkers else max(16, 2 * d + 2)
    number = ENSEMBLES * each
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
        number, d, loglike, vectorize=True, moves=[(DifferentialEvolution(ENSEMBLES), 1.0)]
    )
    state = np.random.RandomState(seed % 2**32).get_state()
    position: Any = emcee.State(begin, random_state=state)
    done, wanted = 0, _FIRST
    while True:
        block = min(max(_FIRST, min(wanted - done, done // 2)), steps - done)
        position = sampler.run_mcmc(position, block, progress=False)
        done += block
        chains = _Chains(likelihood, sampler.get_chain(), seam, periodic, ENSEMBLES)
        reasons = complaints(chains.of_parameters(), chains.length, lengths)
        if not reasons:  # only now, for there may be hundreds of observables
            reasons = complaints(chains.of_everything(), chains.length, lengths)
        wanted = math.ceil((lengths + BURN_IN) * chains.tau)
        say(f"mcmc: {done:,} steps of {number} walkers, {'; '.join(reasons) or 'converged'}")
        if not reasons or done >= steps:
            break
    diagnoses = chains.of_everything()
    thin = max(1, int(chains.tau / 2))
    u = chains.u[::thin]
    n = u.shape[0] * number
    return Posterior(
        method="mcmc",
        names=likelihood.names,
        values=likelihood.values_at(u.reshape(n, d)),
        loglike=sampler.get_log_prob(discard=chains.discarded, thin=1)[::thin].reshape(-1),
        weights=np.full(n, 1.0 / n),
        chain=np.tile(np.arange(number), len(u)),
        effective=min(min(one.bulk for one in diagnoses), float(n)),
        log_evidence=None,
        log_evidence_error=None,
        converged=not reasons,
        evaluations=likelihood.evaluations - before,
        ensembles=ENSEMBLES,
        reasons=tuple(reasons),
        diagnoses=tuple(diagnoses),
        sampler="emcee",
    )


class _Chains:
    """The chains of all ensembles without their burn-in, and what they say.

    Args:
        likelihood: whose evaluations they are.
        v: (steps, walkers, d) places, with seams where walkers do not cross them.
        seam: (d,) where an axis of `v` begins.
        periodic: (d,) which axes have one.
        ensembles: their number.
    """

    def __init__(self, likelihood: Likelihood, v: Floats, seam: Floats, periodic: Bools, ensembles: int) -> None:
        self._likelihood, self._ensembles = likelihood, ensembles
        half = len(v) // 2
        later = [diagnose("", self._of(v[half:, :, i])).tau for i in range(v.shape[2])]
        self.discarded = min(math.ceil(BURN_IN * max(later)), half)
        self._v = v[self.discarded :]
        self._parameters: list[Diagnosis] = []
        self.u = _turned(self._v, seam, periodic)

    @property
    def length(self) -> int:
        """Steps of each walker."""
        return len(self._v)

    @property
    def tau(self) -> float:
        """The longest autocorrelation time of a parameter."""
        return max(one.tau for one in self.of_parameters())

    def of_parameters(self) -> list[Diagnosis]:
        """Return what the chains say of the free parameters."""
        if not self._parameters:
            space = self._likelihood.problem.model.space
            x = space.to_physical(self.u.reshape(-1, self.u.shape[2]))
            for i, p in enumerate(space.free):
                values = x[:, space.names.index(p.name)].reshape(self.u.shape[:2])
                self._parameters.append(diagnose(p.name, self._of(values), ranked=self._of(self._v[:, :, i])))
        return self._parameters

    def of_everything(self) -> list[Diagnosis]:
        """Return what they say of the free parameters, and of all observables that are finite and vary."""
        names = self._likelihood.names
        values = self._likelihood.values_at(self.u.reshape(-1, self.u.shape[2]))
        found = list(self.of_parameters())
        for i in range(len(self._likelihood.problem.model.space.names), len(names)):
            column = values[:, i]
            if np.isfinite(column).all() and np.ptp(column) > 1e-9 * np.abs(column).max():
                found.append(diagnose(names[i], self._of(column.reshape(self.u.shape[:2]))))
        return found

    def _of(self, values: Floats) -> Floats:
        """Return values (steps, walkers) as (ensembles, steps, walkers of each)."""
        return values.reshape(len(values), self._ensembles, -1).transpose(1, 0, 2)


def _turned(u: Floats, by: Floats, periodic: Bools) -> Floats:
    """Return u (..., d) moved along its periodic axes by (d,), within [0, 1)."""
    return np.where(periodic, np.mod(u + by, 1.0), u)


def _walkers(loglike: Callable[[Floats], Floats], starts: Floats, number: int, rng: np.random.Generator) -> Floats:
    """Return places (number, d) to begin: around the starts, no farther than the likelihood stays near theirs.

    A walker that began too far from a narrow mode would leave it for a wide one, as all would, and agree.
    """
    d = starts.shape[1]
    chosen = rng.integers(0, len(starts), number)
    begin = starts[chosen]
    least = loglike(starts)[chosen] - NEAR - d
    accepted = np.zeros(number, dtype=bool)
    width = 0.02
    for _ in range(30):
        missing = np.flatnonzero(~accepted)
        if not len(missing):
            break
        tried = begin[missing] + width * rng.standard_normal((len(missing), d))
        tried_loglike = loglike(tried)
        good = np.isfinite(tried_loglike) & (tried_loglike >= least[missing])
        begin[missing[good]] = tried[good]
        accepted[missing[good]] = True
        width *= 0.6
    if np.linalg.matrix_rank(begin - begin.mean(axis=0), tol=1e-12) < d:
        raise RunError("mcmc finds no room around the best points: every step from them is excluded")
    return begin
