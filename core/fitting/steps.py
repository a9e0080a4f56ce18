"""The parts of a fit, one after the other: with the model alone, or with a surrogate that proposes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from terranova.errors import RunError
from terranova.evaluation.problem import Problem
from terranova.fitting import posterior as sampling
from terranova.fitting.axes import BINS, BINS_2D, make_axis
from terranova.fitting.best import BestFit, describe_best, find_best, first_points
from terranova.fitting.config import FitConfig, ProfileConfig
from terranova.fitting.intervals import Interval, intervals
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.posterior import Posterior, Say
from terranova.fitting.profile import Profile, profile
from terranova.fitting.surrogate.importance import corrected
from terranova.fitting.surrogate.profile import climber, corrected_profile
from terranova.fitting.surrogate.training import Round, SurrogateTrainer

WALKERS = 128
"""On a surrogate, at most."""


@dataclass(frozen=True)
class ProfileResult:
    """A profile with its intervals, which only a profile of one quantity has."""

    profile: Profile
    intervals: tuple[Interval, ...]


@dataclass(frozen=True)
class SurrogateSummary:
    """What the surrogate of a fit did.

    Attributes:
        plugin: its name.
        calls: predictions.
        rounds: of its training.
        error: the largest error of chi2, in the last look at the bins of the profiles: prediction against model.
        learns: "observables", from which the constraints give chi2, or "chi2" itself.
    """

    plugin: str
    calls: int
    rounds: tuple[Round, ...]
    error: float
    learns: str


@dataclass(frozen=True)
class Fit:
    """What a fit found.

    Attributes:
        plan: what was asked for.
        problem: model and constraints.
        best: the best fit.
        profiles: in the order asked for.
        posteriors: by method.
        evaluations: true evaluations of the model, in all sessions together.
        known: points taken from scans.
        seconds: of this session.
        spent: true evaluations of each part, in their order.
        surrogate: what it did, if there is one.
    """

    plan: FitConfig
    problem: Problem
    best: BestFit
    profiles: tuple[ProfileResult, ...]
    posteriors: tuple[Posterior, ...]
    evaluations: int
    known: int
    seconds: float
    spent: Mapping[str, int] = field(default_factory=dict)
    surrogate: SurrogateSummary | None = None


def run_steps(plan: FitConfig, likelihood: Likelihood, known: int, say: Say) -> Fit:
    """Go through the parts of a fit in order.

    Raises:
        NoPoint: no point is allowed.
        RunError: a part cannot be done.
    """
    streams = [np.random.default_rng([plan.seed, i]) for i in range(1 + len(plan.profile))]
    meter = _Meter(likelihood)
    trainer = None
    if plan.surrogate is not None:
        names = {name for asked in plan.profile for name in asked.names}
        free = {p.name for p in likelihood.problem.model.space.free}
        trainer = SurrogateTrainer(likelihood, plan.surrogate, sorted(names - free), plan.seed)
        say(
            f"surrogate: trained beside {known:,} points of scans" if known else "surrogate: trained from the prior"
        )
        trainer.train(streams[0], say)
        meter.read("training of the surrogate")
    say(f"best fit: from {known:,} points of scans" if known else "best fit: from the prior")
    if trainer is not None and trainer.serves:
        trainer.best(streams[0], plan.best.starts)
        best = describe_best(likelihood, likelihood.evaluations - meter.before)
    else:
        best = find_best(likelihood, streams[0], starts=plan.best.starts, generations=plan.best.generations)
    meter.read("best fit")
    posteriors = _posteriors(plan, likelihood, trainer, meter, say)
    # After the posteriors, because profiles profit from every point that is known by then.
    profiles, error = [], 0.0
    for asked, stream in zip(plan.profile, streams[1:], strict=True):
        found, off = _profile(plan, likelihood, asked, trainer, stream, say)
        profiles.append(found)
        error = max(error, off)
        meter.read(f"profile of {' and '.join(asked.names)}")
    say("intervals")
    ends = []
    for found, stream in zip(profiles, streams[1:], strict=True):
        climb = climber(trainer, stream) if trainer is not None else None
        one = len(found.axes) == 1
        ends.append(tuple(intervals(likelihood, found, plan.levels, stream, climb)) if one else ())
    if likelihood.loglikes.max() > best.loglike:
        best = describe_best(likelihood, best.evaluations)
    meter.read("ends of intervals")
    helped = None
    if trainer is not None:
        helped = SurrogateSummary(trainer.words.plugin, trainer.calls, tuple(trainer.rounds), error, trainer.learns)
    return Fit(
        plan=plan,
        problem=likelihood.problem,
        best=best,
        profiles=tuple(ProfileResult(*both) for both in zip(profiles, ends, strict=True)),
        posteriors=posteriors,
        evaluations=likelihood.evaluations,
        known=known,
        seconds=0.0,
        spent=meter.spent,
        surrogate=helped,
    )


class _Meter:
    """Counts the evaluations of each part."""

    def __init__(self, likelihood: Likelihood) -> None:
        self._target, self.before = likelihood, likelihood.evaluations
        self.spent: dict[str, int] = {}

    def read(self, part: str) -> None:
        """What was evaluated since the last reading belongs to this part."""
        self.spent[part] = self._target.evaluations - self.before
        self.before = self._target.evaluations


def _posteriors(
    plan: FitConfig, likelihood: Likelihood, trainer: SurrogateTrainer | None, meter: _Meter, say: Say
) -> tuple[Posterior, ...]:
    found = []
    wanted = 0 if plan.surrogate is None else plan.surrogate.effective
    seed = plan.seed

    def both(sample: Callable[[Likelihood], Posterior], stream: int) -> Posterior:
        if trainer is None:
            return sample(likelihood)
        return corrected(trainer, sample, wanted, np.random.default_rng([seed, 1, stream]), say)

    if (n := plan.nested) is not None:
        effective = max(n.effective, 5 * wanted)
        found.append(both(lambda t: sampling.nested(t, seed, live=n.live, effective=effective, say=say), 0))
        meter.read("nested sampling")
    if (m := plan.mcmc) is not None:

        def walk(asked: Likelihood) -> Posterior:
            settings = {"walkers": m.walkers, "steps": m.steps, "lengths": m.lengths}
            if asked is not likelihood:  # the surrogate predicts many points in little more time than one
                walkers = m.walkers or max(32, 2 * likelihood.dimension + 2, min(WALKERS, 5 * wanted // m.lengths))
                settings |= {"walkers": walkers, "lengths": max(m.lengths, 5 * wanted // walkers)}
            return sampling.mcmc(asked, seed, first_points(asked, 64), **settings, say=say)

        found.append(both(walk, 1))
        meter.read("mcmc")
    return tuple(found)


def _profile(
    plan: FitConfig,
    likelihood: Likelihood,
    asked: ProfileConfig,
    trainer: SurrogateTrainer | None,
    rng: np.random.Generator,
    say: Say,
) -> tuple[Profile, float]:
    say(f"profile of {', '.join(asked.names)}: {likelihood.evaluations:,} evaluations so far")
    bins = asked.bins or (BINS if len(asked.names) == 1 else BINS_2D)
    try:
        axes = [
            make_axis(likelihood, name, bins, ends, log=asked.scale == "log")
            for name, ends in zip(asked.names, asked.limits, strict=True)
        ]
    except ValueError as error:
        raise RunError(str(error)) from error
    if trainer is None:
        return profile(likelihood, axes, rng, say=say), 0.0
    return corrected_profile(trainer, axes, plan.levels, rng, say)
