"""A surrogate of the likelihood that is trained where a fit needs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from terranova.errors import RunError
from terranova.fitting.approach import approach
from terranova.fitting.best import GENERATIONS, first_points, plain_cost
from terranova.fitting.config import SurrogateConfig
from terranova.fitting.course import Course
from terranova.fitting.descent import descend
from terranova.fitting.lanes import Holder, Lanes
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.mcmc import mcmc
from terranova.fitting.optimise import minimise, polish
from terranova.fitting.progress import Say
from terranova.fitting.surrogate.likelihood import SurrogateLikelihood
from terranova.fitting.surrogate.rows import TrainingRows
from terranova.fitting.surrogate.targets import (
    MANY,
    REGION,
    Chi2Transform,
    ObservablesTransform,
    TargetTransform,
    TransformState,
    read_by,
)
from terranova.fitting.terms import SAMPLE, Linearised
from terranova.types import Floats

MATTERS = 6.0
"""Delta chi2 of the points by whose errors a surrogate is judged."""

GOOD = 0.15
"""Root mean square error of Delta chi2 at fresh points of that region with which training ends ..."""

ENOUGH = 0.5
"""... and the same where no posterior is wanted: profiles train it on where they need it."""

POWERS = ((0.15,), (0.3,), (0.5, 1.0), (0.75, 2.5))
"""Training points of a round are drawn from these powers of the likelihood, the last again and again: a posterior
needs its tails, and profiles what is near the best fit, which may be a small part of the posterior."""

MISSED = 0.02
"""Share of the points known with Delta chi2 < `MATTERS` that a surrogate may put far below: what it misses, no
correction brings back."""

_STARTS = 6
"""Searches for the region that matters, half of them from the best draws of the prior."""

_APPROACH_CALLS, _START_CALLS = 200, 100
"""Evaluations of each, about: for a first allowed point, and from there."""

_WALKERS, _STEPS = 16, 150
"""Of each ensemble that draws training points: a hundred predictions for each that is chosen."""

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
        target: on which the best one was trained, "observables" or "chi2".
    """

    points: int
    judged: int
    error: float
    largest: float
    target: str = "chi2"


@dataclass(frozen=True)
class TrainerState:
    """What a trainer knows.

    Attributes:
        calls, rounds: as of the trainer.
        top: the largest log-likelihood at the last training.
        missed: share of good points that the surrogate does not know as such.
        candidates: what was learned, the best first.
    """

    calls: int
    rounds: tuple[Round, ...]
    top: float
    missed: float
    candidates: tuple[TransformState, ...]


class SurrogateTrainer:
    """The surrogate of a fit, trained again whenever more points are known.

    At first there may be two, on different targets; after a few rounds the better one is left.

    Args:
        likelihood: the likelihood itself.
        config: of the surrogate.
        names: observables that it must predict, too.
        seed: of all random numbers.
        scanned: number of the points of scans, which the likelihood knows first.
        course: of the fit, of which rounds of training are units.

    Attributes:
        calls: predictions so far.
        rounds: of training.
        linearised: the terms of the problem; `SAMPLE` points of the prior were evaluated for it.
    """

    def __init__(
        self,
        likelihood: Likelihood,
        config: SurrogateConfig,
        names: Sequence[str],
        seed: int,
        scanned: int = 0,
        course: Course | None = None,
    ) -> None:
        self.likelihood, self.config, self.names, self.seed = likelihood, config, tuple(names), seed
        self._course = course = course or Course()
        self.calls = 0
        self.rounds: list[Round] = []
        self._top = -np.inf
        self._missed = 0.0
        constrained = len(read_by(likelihood, self.names))
        kinds: list[type[TargetTransform]] = (
            [ObservablesTransform, Chi2Transform] if 0 < constrained <= MANY else [Chi2Transform]
        )
        self._candidates = [kind(likelihood, config, self.names, seed) for kind in kinds]
        self._rows = TrainingRows(likelihood, seed, scanned)
        self.linearised = Linearised(likelihood, np.random.default_rng([seed, 3]), course)
        course.keep("surrogate", self)

    def state(self) -> TrainerState:
        """Return what it knows."""
        candidates = tuple(candidate.state() for candidate in self._candidates)
        return TrainerState(self.calls, tuple(self.rounds), self._top, self._missed, candidates)

    def restore(self, state: TrainerState) -> None:
        """Go on from there.

        Raises:
            ValueError: the plugin cannot read what it had learned.
        """
        self.calls, self.rounds, self._top, self._missed = state.calls, list(state.rounds), state.top, state.missed
        kinds = {type(candidate).target: type(candidate) for candidate in self._candidates}
        self._candidates = [
            kinds[learned.target](self.likelihood, self.config, self.names, self.seed)
            for learned in state.candidates
        ]
        for candidate, learned in zip(self._candidates, state.candidates, strict=True):
            candidate.restore(learned)

    @property
    def _best(self) -> TargetTransform:
        """The candidate that is asked: the best so far."""
        return self._candidates[0]

    @property
    def target(self) -> str:
        """On which it is trained: "observables" or "chi2"."""
        return self._best.target

    @property
    def usable(self) -> bool:
        """Whether it is trained, and does not reject points that are known to be good."""
        return not self._best.surrogate.reason and self._missed <= MISSED

    def refit(self) -> None:
        """Train with all points known; anew where the best fit has moved, or where it is not usable otherwise."""
        top = float(self.likelihood.loglikes.max(initial=-np.inf))
        if not np.isfinite(top):
            return
        moved, self._top = top > self._top + 1.0, top
        if moved:
            self._reset()
        self._refit()
        if not (moved or self.usable):
            self._reset()
            self._refit()

    def _reset(self) -> None:
        """Forget what the plugin keeps from one training to the next."""
        self._candidates = [
            type(old)(self.likelihood, self.config, self.names, self.seed) for old in self._candidates
        ]

    def _refit(self) -> None:
        known = self.likelihood
        chosen = [self._rows.choose(candidate.most_rows, self._top) for candidate in self._candidates]
        for candidate, rows in zip(self._candidates, chosen, strict=True):
            candidate.fit(rows, self._top)
        if not self._best.surrogate.reason:
            good = chosen[0][2.0 * (self._top - known.loglikes[chosen[0]]) < MATTERS]
            self._missed = float((self.predict(known.u[good])[0] < known.loglikes[good] - MATTERS).mean())

    def predict(self, u: Floats) -> tuple[Floats, Floats]:
        """Return the log-likelihood (n,), -inf where it takes a point for excluded, and the observables (n, q)."""
        self.calls += len(u)
        return self._best.predict(u)

    def surrogate_likelihood(self, power: float = 1.0) -> SurrogateLikelihood:
        """Return the likelihood as it predicts it, to some power; the points of the training are known to it.

        Raises:
            RunError: it is not trained.
        """
        if self._best.surrogate.reason:
            raise RunError(f"the surrogate has learned nothing: {self._best.surrogate.reason}")
        surrogate_likelihood = SurrogateLikelihood(self.likelihood.problem, self.predict, self._best.columns, power)
        rows = self._rows.choose(self._best.most_rows, self._top)
        surrogate_likelihood.batch(self.likelihood.u[rows[np.isfinite(self.likelihood.loglikes[rows])]])
        return surrogate_likelihood

    # -- training -------------------------------------------------------------------------------------------

    def train(self, rng: np.random.Generator, say: Say, good: float = GOOD) -> None:
        """Evaluate points where they improve it most, in rounds, until fresh ones are predicted to `good`."""
        unit = self._course.unit
        before = unit(int, lambda: self.likelihood.evaluations)
        unit(None, lambda: self._find_region(rng))
        for number in range(self.config.rounds):
            if not unit(bool, partial(self._train_once, number, before, good, rng, say)):
                break
        unit(None, self._end_training)

    def _train_once(self, number: int, before: int, good: float, rng: np.random.Generator, say: Say) -> bool:
        """Train, and evaluate a round of points; return whether there is reason for another one."""
        left = self.config.points - (self.likelihood.evaluations - before)
        self.refit()
        if self._best.surrogate.reason or left <= 0:
            return False
        powers = POWERS[min(number, len(POWERS) - 1)]
        count = -(-min(self.config.batch, left) // len(powers))
        drawn = np.concatenate([self.draw(count, power, rng) for power in powers])
        self.rounds.append(self.evaluate_round(drawn))
        last = self.rounds[-1]
        say(f"surrogate: round {number + 1}, {last.points} points, rms error of chi2 {last.error:.2f}")
        if number + 1 < len(POWERS):
            return True
        del self._candidates[1:]
        return not (last.judged >= 20 and last.error < good)

    def _end_training(self) -> None:
        del self._candidates[1:]
        self.refit()

    def evaluate_round(self, u: Floats) -> Round:
        """Evaluate points that are new to it, and say how well they were predicted; who did best is asked next."""
        predicted = [candidate.predict(u)[0] for candidate in self._candidates]
        self.calls += len(u)
        batch = self.likelihood.batch(u)
        matters = np.isfinite(batch.loglike) & (2.0 * (self._top - batch.loglike) < MATTERS)
        errors = [2.0 * np.abs(np.maximum(p, self._top - 1e3) - batch.loglike)[matters] for p in predicted]
        sizes = [float(np.sqrt(np.mean(e**2))) if len(e) else float("nan") for e in errors]
        best = int(np.nanargmin(sizes)) if matters.any() else 0
        self._candidates.insert(0, self._candidates.pop(best))
        return Round(len(u), int(matters.sum()), sizes[best], float(errors[best].max(initial=0.0)), self.target)

    def _find_region(self, rng: np.random.Generator) -> None:
        """Find the region that matters, unless scans show it."""
        likelihood = self.likelihood
        d = likelihood.dimension
        loglike = likelihood.loglikes
        region = loglike > loglike.max(initial=-np.inf) - 0.5 * REGION
        if np.isfinite(loglike[region]).sum() >= 100 * d:
            return
        more = max(0, _PRIOR_DRAWS * d - SAMPLE)  # which the terms have drawn
        if more:
            likelihood.batch(rng.random((more, d)))
        known = first_points(likelihood, _STARTS // 2)
        drawn = rng.random((_STARTS - len(known), d))
        holder = Holder(self.linearised, ())
        lanes = _free(_STARTS, holder.charts.count)
        u = approach(holder, np.concatenate([known, drawn]), lanes, _APPROACH_CALLS)
        descend(holder, u, lanes, _START_CALLS)

    def draw(self, count: int, power: float, rng: np.random.Generator) -> Floats:
        """Return points (count, d) from a power of its likelihood, a third where it deserves least trust."""
        surrogate_likelihood = self.surrogate_likelihood(power)
        try:
            chain = mcmc(
                surrogate_likelihood,
                int(rng.integers(2**31)),
                first_points(surrogate_likelihood, 64),
                walkers=_WALKERS,
                lengths=100,
                steps=_STEPS,
            )
        except RunError:  # no room for walkers: beside the best points known
            best = first_points(surrogate_likelihood, count)
            return np.clip(
                best[rng.integers(0, len(best), count)]
                + 0.01 * rng.standard_normal((count, surrogate_likelihood.dimension)),
                0.0,
                1.0,
            )
        u = np.unique(surrogate_likelihood.places(chain), axis=0)
        u = u[rng.permutation(len(u))[: 10 * count]]
        doubted = np.argsort(self._best.surrogate.trust(u), kind="stable")[: count // 3]
        others = np.setdiff1d(np.arange(len(u)), doubted)
        return np.asarray(u[np.concatenate([doubted, rng.permutation(others)[: count - len(doubted)]])])

    def find_best(self, rng: np.random.Generator, starts: int) -> None:
        """Search for the best fit on the surrogate, and from there with the model."""
        surrogate_likelihood = self.surrogate_likelihood()
        periodic = self.likelihood.problem.model.space.periodic
        begin = first_points(self.likelihood, starts)
        u, _ = minimise(plain_cost(surrogate_likelihood), begin, 0.05, periodic, rng, generations=GENERATIONS)
        batch = self.likelihood.batch(u)
        known = self.likelihood
        at = int(np.argmax(known.loglikes))
        order = np.argsort(self.likelihood.cost(batch), kind="stable")[:2]
        holder = Holder(self.linearised, ())
        begin = np.concatenate([known.u[[at]], batch.u[order]])
        lanes = _free(len(begin), holder.charts.count)
        descend(holder, begin, lanes, _START_CALLS)
        cost = plain_cost(self.likelihood)
        polish(cost, known.u[int(np.argmax(known.loglikes))], 0, periodic)


def _free(n: int, charts: int) -> Lanes:
    """Hold nothing in n searches; charts take turns."""
    return Lanes(np.zeros((n, 0), dtype=np.int64), np.arange(n) % charts)
