"""A surrogate of the likelihood that is trained where a fit needs it, and the likelihood as it has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from terranova.errors import RunError
from terranova.fitting import posterior as sampling
from terranova.fitting.best import GENERATIONS, first_points, plain_cost
from terranova.fitting.config import SurrogateConfig
from terranova.fitting.likelihood import EXCLUDED, Likelihood
from terranova.fitting.optimise import minimise, polish
from terranova.fitting.surrogate.likelihood import SurrogateLikelihood
from terranova.fitting.surrogate.targets import (
    MANY,
    NEAR,
    REGION,
    Chi2Transform,
    ObservablesTransform,
    TargetTransform,
    read_by,
)
from terranova.types import Floats, Ints

_SAME = 2e-4
"""Points nearer to each other than this, in units of the cube, are one to the surrogate."""

_RECENT = 300
"""The points evaluated last are always learned from: the surrogate was wrong there."""

_FROM_SCANS = 20_000
"""Rows of scans to choose from, at most: half with Delta chi2 below `NEAR`, a quarter `REGION`, the rest any."""

_COARSER = 1.25
"""Where too many are left, what counts as near grows by this factor, until they are few enough."""

MATTERS = 6.0
"""Delta chi2 of the points by whose errors a surrogate is judged."""

GOOD = 0.15
"""Root mean square error of Delta chi2 at fresh points of that region with which training ends."""

POWERS = ((0.15,), (0.3,), (0.5, 1.0), (0.75, 2.5))
"""Training points of a round are drawn from these powers of the likelihood, the last again and again: a posterior
needs its tails, and profiles what is near the best fit, which may be a small part of the posterior."""

MISSED = 0.02
"""Share of the points known with Delta chi2 < `MATTERS` that a surrogate may put far below: what it misses, no
correction brings back."""

_ACCURATE = 0.1
"""Error of chi2 at the best fit up to which MINUIT alone goes on from there."""

_PRIOR_DRAWS = 100
"""Draws from the prior to begin with, for each dimension."""


@dataclass(frozen=True)
class Round:
    """What a round of training showed: errors at fresh points, which the surrogate had not seen.

    Attributes:
        points: evaluated in it.
        judged: those of them with Delta chi2 < `MATTERS`.
        error: root mean square error of chi2 of these; NaN without any.
        largest: of their errors.
        learns: what did best, "observables" or "chi2".
    """

    points: int
    judged: int
    error: float
    largest: float
    learns: str = "chi2"


class SurrogateTrainer:
    """The surrogate of a fit, trained again whenever more points are known.

    Args:
        likelihood: the likelihood itself.
        words: of the fit.
        names: observables that it must predict, too.
        seed: of all random numbers.

    Attributes:
        calls: predictions so far.
        rounds: of training.
    """

    def __init__(self, likelihood: Likelihood, words: SurrogateConfig, names: Sequence[str], seed: int) -> None:
        self.likelihood, self.words, self.names, self.seed = likelihood, words, tuple(names), seed
        self.calls = 0
        self.rounds: list[Round] = []
        self._top = -np.inf
        self._missed = 0.0
        read = len(read_by(likelihood, self.names))
        kinds: list[type[TargetTransform]] = (
            [ObservablesTransform, Chi2Transform] if 0 < read <= MANY else [Chi2Transform]
        )
        self._learners = [kind(likelihood, words, self.names, seed) for kind in kinds]
        self._scanned, self._begun = self._sample_of_scans(), len(likelihood.loglikes)

    def _sample_of_scans(self) -> Ints:
        """Return rows of scans: thinning out millions of them, again and again, would take minutes."""
        loglike = self.likelihood.loglikes
        if len(loglike) <= _FROM_SCANS:
            return np.arange(len(loglike))
        delta = 2.0 * (loglike.max() - loglike)
        rng = np.random.default_rng([self.seed, 3])
        groups = [
            (delta < NEAR, _FROM_SCANS // 2),
            (delta < REGION, _FROM_SCANS // 4),
            (delta >= 0.0, _FROM_SCANS // 4),
        ]
        drawn = [rng.permutation(np.flatnonzero(which))[:most] for which, most in groups]
        return np.unique(np.concatenate([[int(np.argmin(delta))], *drawn]))

    @property
    def _used(self) -> TargetTransform:
        """The one that is asked: the best so far."""
        return self._learners[0]

    @property
    def learns(self) -> str:
        """What it learns: "observables" or "chi2"."""
        return "observables" if isinstance(self._used, ObservablesTransform) else "chi2"

    @property
    def serves(self) -> bool:
        """Whether it is trained, and does not reject points that are known to be good."""
        return not self._used.made.reason and self._missed <= MISSED

    def learn(self) -> None:
        """Train from all points known; anew where the best fit has moved, or where it does not serve otherwise."""
        top = float(self.likelihood.loglikes.max(initial=-np.inf))
        if not np.isfinite(top):
            return
        moved, self._top = top > self._top + 1.0, top
        if moved:
            self._begin_again()
        self._learn()
        if not (moved or self.serves):
            self._begin_again()
            self._learn()

    def _begin_again(self) -> None:
        """Forget what learners keep from one training to the next."""
        self._learners = [type(old)(self.likelihood, self.words, self.names, self.seed) for old in self._learners]

    def _learn(self) -> None:
        known = self.likelihood
        chosen = [self._rows(learner) for learner in self._learners]
        for learner, rows in zip(self._learners, chosen, strict=True):
            learner.learn(rows, self._top)
        if not self._used.made.reason:
            good = chosen[0][2.0 * (self._top - known.loglikes[chosen[0]]) < MATTERS]
            self._missed = float((self.predict(known.u[good])[0] < known.loglikes[good] - MATTERS).mean())

    def _rows(self, learner: TargetTransform) -> Ints:
        """Choose the rows to learn from: of points close together only the best."""
        known = self.likelihood
        delta = 2.0 * (self._top - known.loglikes)
        rows = np.concatenate([self._scanned, np.arange(self._begun, len(delta))])
        order = _thinned(known.u, rows[np.argsort(delta[rows], kind="stable")], _SAME)
        rng = np.random.default_rng([self.seed, 2])
        near, region = delta[order] < NEAR, delta[order] < REGION
        many, *few = learner.rows
        chosen, size = order[near], _SAME
        while len(chosen) > many:
            size *= _COARSER
            chosen = _thinned(known.u, chosen, size)
        others = zip((region & ~near, ~region), few, strict=True)
        recent = order[region & (order >= len(delta) - _RECENT)]
        groups = [chosen, recent, *(rng.permutation(order[which])[:most] for which, most in others)]
        return np.unique(np.concatenate(groups))

    def predict(self, u: Floats) -> tuple[Floats, Floats]:
        """Return the log-likelihood (n,), -inf where it takes a point for excluded, and the observables (n, q)."""
        self.calls += len(u)
        return self._used.predict(u)

    def surrogate_likelihood(self, power: float = 1.0) -> SurrogateLikelihood:
        """Return the likelihood as it has it, to some power; the points that it learned from are known to it.

        Raises:
            RunError: it has learned nothing.
        """
        if self._used.made.reason:
            raise RunError(f"the surrogate has learned nothing: {self._used.made.reason}")
        found = SurrogateLikelihood(self.likelihood.problem, self.predict, self.names, power)
        rows = self._rows(self._used)
        found.batch(self.likelihood.u[rows[np.isfinite(self.likelihood.loglikes[rows])]])
        return found

    # -- training -------------------------------------------------------------------------------------------

    def train(self, rng: np.random.Generator, say: sampling.Say) -> None:
        """Evaluate points where they teach most, in rounds, until fresh ones are predicted well."""
        before = self.likelihood.evaluations
        self._begin(rng)
        for number in range(self.words.rounds):
            left = self.words.points - (self.likelihood.evaluations - before)
            self.learn()
            if self._used.made.reason or left <= 0:
                break
            powers = POWERS[min(number, len(POWERS) - 1)]
            count = -(-min(self.words.batch, left) // len(powers))
            drawn = np.concatenate([self.draw(count, power, rng) for power in powers])
            self.rounds.append(self.judge(drawn))
            last = self.rounds[-1]
            say(f"surrogate: round {number + 1}, {last.points} points, rms error of chi2 {last.error:.2f}")
            if number + 1 >= len(POWERS):
                del self._learners[1:]
            if number + 1 >= len(POWERS) and last.judged >= 20 and last.error < GOOD:
                break
        del self._learners[1:]
        self.learn()

    def judge(self, u: Floats) -> Round:
        """Evaluate points that are new to it, and say how well they were predicted; who did best is asked next."""
        predicted = [learner.predict(u)[0] for learner in self._learners]
        self.calls += len(u)
        found = self.likelihood.batch(u)
        matters = np.isfinite(found.loglike) & (2.0 * (self._top - found.loglike) < MATTERS)
        errors = [2.0 * np.abs(np.maximum(p, self._top - 1e3) - found.loglike)[matters] for p in predicted]
        sizes = [float(np.sqrt(np.mean(e**2))) if len(e) else float("nan") for e in errors]
        best = int(np.nanargmin(sizes)) if matters.any() else 0
        self._learners.insert(0, self._learners.pop(best))
        return Round(len(u), int(matters.sum()), sizes[best], float(errors[best].max(initial=0.0)), self.learns)

    def _begin(self, rng: np.random.Generator) -> None:
        """Find the region that matters, unless scans show it."""
        likelihood = self.likelihood
        d = likelihood.dimension
        loglike = likelihood.loglikes
        region = loglike > loglike.max(initial=-np.inf) - 0.5 * REGION
        if np.isfinite(loglike[region]).sum() >= 100 * d:
            return
        drawn = likelihood.batch(rng.random((_PRIOR_DRAWS * d, d)))
        known = first_points(likelihood, 4)
        begin = drawn.u[np.argsort(likelihood.cost(drawn), kind="stable")[: 6 - len(known)]]
        starts = np.concatenate([known, begin])
        minimise(plain_cost(likelihood), starts, 0.2, likelihood.problem.model.space.periodic, rng, generations=12)

    def draw(self, count: int, power: float, rng: np.random.Generator) -> Floats:
        """Return points (count, d) from a power of its likelihood, a third where it deserves least trust."""
        found = self.surrogate_likelihood(power)
        try:
            chain = sampling.mcmc(
                found, int(rng.integers(2**31)), first_points(found, 64), walkers=32, lengths=100, steps=300
            )
        except RunError:  # no room for walkers: beside the best points known
            best = first_points(found, count)
            return np.clip(
                best[rng.integers(0, len(best), count)] + 0.01 * rng.standard_normal((count, found.dimension)),
                0.0,
                1.0,
            )
        u = np.unique(found.places(chain), axis=0)
        u = u[rng.permutation(len(u))[: 10 * count]]
        doubted = np.argsort(self._used.made.trust(u), kind="stable")[: count // 3]
        others = np.setdiff1d(np.arange(len(u)), doubted)
        return np.asarray(u[np.concatenate([doubted, rng.permutation(others)[: count - len(doubted)]])])

    def best(self, rng: np.random.Generator, starts: int) -> None:
        """Search the best fit on the surrogate, and polish it with the model."""
        found = self.surrogate_likelihood()
        periodic = self.likelihood.problem.model.space.periodic
        begin = first_points(self.likelihood, starts)
        u, hoped = minimise(plain_cost(found), begin, 0.05, periodic, rng, generations=GENERATIONS)
        batch = self.likelihood.batch(u)
        paid = self.likelihood.cost(batch)
        order = np.argsort(paid, kind="stable")[:2]
        cost = plain_cost(self.likelihood)
        u = batch.u[order]
        if not 2.0 * np.abs(paid - hoped)[order[0]] < _ACCURATE:
            u, _ = minimise(cost, u, 0.02, periodic, rng, generations=40)
        for place, value in zip(u, cost(u, np.arange(len(u))), strict=True):
            if value < EXCLUDED:
                polish(cost, place, 0, periodic)


def _thinned(u: Floats, order: Ints, size: float) -> Ints:
    """Return the first of the rows `order` of u (n, d) in each cell of this size, in their order."""
    cells = np.round(u[order] / size).astype(np.int64)
    # One random number stands for a cell: sorting numbers is far cheaper than sorting rows.
    keys = cells @ np.random.default_rng(0).integers(-(2**62), 2**62, cells.shape[1])
    return np.asarray(order[np.sort(np.unique(keys, return_index=True)[1])])
