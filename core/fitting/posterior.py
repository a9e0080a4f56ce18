"""Posteriors: nested sampling, which also gives the evidence, and an affine-invariant ensemble."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from terranova.errors import PluginMissing, RunError
from terranova.fitting.likelihood import Likelihood
from terranova.types import Bools, Floats, Ints

Say = Callable[[str], None]

CITATIONS = {
    "nested": "arXiv:2306.16923 nautilus, importance nested sampling with neural networks",
    "mcmc": "arXiv:1202.3665 emcee, after J. Goodman and J. Weare, Comm. App. Math. Comp. Sci. 5 (2010) 65",
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
        with _needed("arviz", "arviz"):
            import arviz
        rows, chains = self.equal_weights(np.random.default_rng(0)), 1
        if self.method == "mcmc" and len(np.unique(self.weights)) == 1:
            rows, chains = np.argsort(self.chain, kind="stable"), len(np.unique(self.chain))
        finite = [name for i, name in enumerate(self.names) if np.isfinite(self.values[:, i]).all()]
        return arviz.from_dict(
            posterior={name: self.column(name)[rows].reshape(chains, -1) for name in finite},
            sample_stats={"lp": self.loglike[rows].reshape(chains, -1)},
        )


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
    with _needed("nautilus"):
        import nautilus
    before = likelihood.evaluations
    periodic = np.flatnonzero(likelihood.problem.model.space.periodic)
    lowest = -1e100  # what is excluded must have a rank, too
    d = likelihood.dimension

    def loglike(u: Floats) -> Floats:
        found = np.maximum(likelihood.loglike(u[:, :d]), lowest)
        say(f"nested sampling: {likelihood.evaluations - before:,} evaluations")
        return found

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
        values=_values(likelihood, u[kept, :d]),
        loglike=loglikes[kept],
        weights=weights[kept] / weights[kept].sum(),
        chain=np.zeros(int(kept.sum()), dtype=np.int64),
        effective=size,
        log_evidence=float(sampler.log_z),
        log_evidence_error=1.0 / math.sqrt(float(sampler.n_eff)),
        converged=bool(finished),
        evaluations=likelihood.evaluations - before,
    )


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
    with _needed("emcee"):
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
        found = np.full(len(v), -np.inf)
        if inside.any():
            found[inside] = likelihood.loglike(_turned(v[inside], seam, periodic))
        return found

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
    time, done = math.inf, 0
    while done < steps:
        block = min(max(200, done // 2), steps - done)
        position = sampler.run_mcmc(position, block, progress=False)
        done += block
        time = float(np.max(sampler.get_autocorr_time(tol=0)))
        time = time if math.isfinite(time) and time > 0 else math.inf
        say(f"mcmc: {done:,} steps of {number} walkers, {done / time:.0f} of {lengths} autocorrelation times")
        if done > lengths * time:
            break
    used = time if math.isfinite(time) else done / 10
    discard, thin = min(int(5 * used), done // 2), max(1, int(used / 2))
    chain = sampler.get_chain(discard=discard, thin=thin)
    loglikes = sampler.get_log_prob(discard=discard, thin=thin)
    walker = np.tile(np.arange(number), len(chain))
    u = _turned(chain.reshape(-1, d), seam, periodic)
    n = len(u)
    return Posterior(
        method="mcmc",
        names=likelihood.names,
        values=_values(likelihood, u),
        loglike=loglikes.reshape(-1),
        weights=np.full(n, 1.0 / n),
        chain=walker,
        effective=number * (done - discard) / used,
        log_evidence=None,
        log_evidence_error=None,
        converged=done > lengths * time,
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


def _values(likelihood: Likelihood, u: Floats) -> Floats:
    """Return parameters and observables (n, names) of points that were evaluated before."""
    row = {place.tobytes(): i for i, place in enumerate(np.ascontiguousarray(likelihood.u))}
    found = [row.get(place.tobytes(), -1) for place in np.ascontiguousarray(u)]
    rows: Ints = np.array(found, dtype=np.int64)
    values = likelihood.columns(likelihood.names)
    missing = np.flatnonzero(rows < 0)
    result = values[np.maximum(rows, 0)]
    if len(missing):  # a point on the seam of a periodic axis
        batch = likelihood.batch(u[missing])
        result[missing] = np.column_stack([batch.x, batch.observables])
    return np.asarray(result)


@contextmanager
def _needed(module: str, package: str = "terranova[fit]") -> Iterator[None]:
    """Say how to install what an import in the block did not find."""
    try:
        yield
    except ImportError as error:
        raise PluginMissing(f"{module} is not installed: pip install '{package}'") from error


def one_thread() -> Any:
    """Return a context in which linear algebra uses one thread.

    Small matrices gain nothing from threads, which only compete with other ranks; and sums keep their order."""
    with _needed("threadpoolctl"):
        import threadpoolctl
    return threadpoolctl.threadpool_limits(1)
