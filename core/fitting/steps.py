"""The steps of a fit, one after the other: with the model alone, or with a surrogate that proposes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from terranova.errors import RunError
from terranova.evaluation.problem import Problem
from terranova.fitting.axes import BINS, BINS_2D, Axis, make_axis
from terranova.fitting.best import BestFit, describe_best, find_best, first_points
from terranova.fitting.best_jumps import Jump, jumps_beside
from terranova.fitting.config import FitConfig, ProfileConfig
from terranova.fitting.course import Course, Streams
from terranova.fitting.findings import Findings, ProfileResult, SurrogateSummary, about
from terranova.fitting.intervals import Interval, intervals, threshold
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.mcmc import ENSEMBLES, mcmc
from terranova.fitting.missed import checked
from terranova.fitting.nested import nested
from terranova.fitting.posterior import Posterior
from terranova.fitting.prior_ends import posterior_at_ends
from terranova.fitting.profiling import Profiling
from terranova.fitting.progress import Say
from terranova.fitting.surrogate.importance import corrected_posterior
from terranova.fitting.surrogate.profile import SurrogateProfiling
from terranova.fitting.surrogate.training import ENOUGH, GOOD, SurrogateTrainer
from terranova.fitting.terms import Linearised

WALKERS = 128
"""Of MCMC on a surrogate, at most, in all ensembles together."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Fit(Findings):
    """What a fit found, with what it was made of.

    Attributes:
        config: what was asked for.
        problem: model and constraints.
    """

    config: FitConfig
    problem: Problem


def run_steps(config: FitConfig, likelihood: Likelihood, known: int, say: Say, course: Course | None = None) -> Fit:
    """Go through the steps of a fit in order.

    Args:
        config: what is asked for.
        likelihood: knows the points of scans.
        known: number of these.
        say: told how far it is.
        course: knows what an earlier session has done.

    Raises:
        NoPoint: no point is allowed.
        RunError: a step cannot be done.
    """
    course = course or Course()
    streams = [np.random.default_rng([config.seed, i]) for i in range(1 + len(config.profile))]
    meter = _EvaluationMeter(likelihood)
    course.keep("streams", Streams(streams))
    course.keep("meter", meter)
    trainer = None
    if config.surrogate is not None:
        profiled = {name for profile_config in config.profile for name in profile_config.names}
        free = {p.name for p in likelihood.problem.model.space.free}
        trainer = SurrogateTrainer(
            likelihood, config.surrogate, sorted(profiled - free), config.seed, known, course
        )
        say(
            f"surrogate: trained beside {known:,} points of scans" if known else "surrogate: trained from the prior"
        )
        trainer.train(streams[0], say, GOOD if config.nested or config.mcmc else ENOUGH)
        course.unit(None, lambda: meter.read("training of the surrogate"))
    say(f"best fit: from {known:,} points of scans" if known else "best fit: from the prior")

    def search_best() -> BestFit:
        starts, generations = config.best.starts, config.best.generations
        if trainer is not None and trainer.usable:
            trainer.find_best(streams[0], starts)
            found = describe_best(likelihood, likelihood.evaluations - meter.before)
        else:
            found = find_best(likelihood, streams[0], starts=starts, generations=generations)
        meter.read("best fit")
        return found

    best_fit = course.unit(BestFit, search_best)
    posteriors = _posteriors(config, likelihood, trainer, meter, say, course)
    # After the posteriors, because profiles profit from every point that is known by then.
    results, largest_error = _profiles(config, likelihood, trainer, streams[1:], meter, say, course)
    posteriors = _checked(config, likelihood, posteriors, meter, course)
    if likelihood.loglikes.max() > best_fit.loglike:
        best_fit = describe_best(likelihood, best_fit.evaluations)
    best_fit = replace(best_fit, jumps=course.unit(tuple[Jump, ...], lambda: jumps_beside(likelihood, best_fit.u)))
    meter.read("best fit")
    return Fit(
        config=config,
        problem=likelihood.problem,
        about=about(likelihood.problem, config.levels),
        directory=config.output,
        best=best_fit,
        profiles=tuple(results),
        posteriors=posteriors,
        evaluations=likelihood.evaluations,
        known=known,
        seconds=0.0,
        spent=meter.spent,
        surrogate=_summary(trainer, largest_error) if trainer is not None else None,
    )


def _summary(trainer: SurrogateTrainer, error: float) -> SurrogateSummary:
    return SurrogateSummary(trainer.config.plugin, trainer.calls, tuple(trainer.rounds), error, trainer.target)


class _EvaluationMeter:
    """Counts the evaluations of each step."""

    def __init__(self, likelihood: Likelihood) -> None:
        self._likelihood, self.before = likelihood, likelihood.evaluations
        self.spent: dict[str, int] = {}

    def state(self) -> tuple[int, dict[str, int]]:
        """Return the evaluations at the last reading, and those of each step."""
        return self.before, self.spent

    def restore(self, state: tuple[int, dict[str, int]]) -> None:
        """Go on from there."""
        self.before, self.spent = state

    def read(self, step: str) -> None:
        """What was evaluated since the last reading belongs to this step."""
        self.spent[step] = self.spent.get(step, 0) + self._likelihood.evaluations - self.before
        self.before = self._likelihood.evaluations


def _posteriors(
    config: FitConfig,
    likelihood: Likelihood,
    trainer: SurrogateTrainer | None,
    meter: _EvaluationMeter,
    say: Say,
    course: Course,
) -> tuple[Posterior, ...]:
    posteriors = []
    wanted = 0 if config.surrogate is None else config.surrogate.effective
    seed = config.seed

    def sampled(sample: Callable[[Likelihood], Posterior], stream: int, step: str) -> Posterior:
        if trainer is None:
            found = sample(likelihood)
        else:
            rng = np.random.default_rng([seed, 1, stream])
            found = corrected_posterior(trainer, sample, wanted, rng, say)
        meter.read(step)
        return replace(found, ends=posterior_at_ends(likelihood.problem, found))

    if (n := config.nested) is not None:
        effective = max(n.effective, 5 * wanted)
        draw = partial(
            nested,
            seed=seed,
            live=n.live,
            effective=effective,
            evaluations=n.evaluations,
            sampler=n.sampler,
            say=say,
        )
        posteriors.append(course.unit(Posterior, partial(sampled, draw, 0, "nested sampling")))
    if (m := config.mcmc) is not None:

        def walk(target: Likelihood) -> Posterior:
            settings = {"walkers": m.walkers, "steps": m.steps, "lengths": m.lengths}
            if target is not likelihood:  # the surrogate predicts many points in little more time than one
                many = min(WALKERS, 5 * wanted // m.lengths) // ENSEMBLES
                walkers = m.walkers or max(16, 2 * likelihood.dimension + 2, many)
                settings |= {"walkers": walkers, "lengths": max(m.lengths, 5 * wanted // (ENSEMBLES * walkers))}
            return mcmc(target, seed, first_points(target, 64), **settings, say=say)

        posteriors.append(course.unit(Posterior, partial(sampled, walk, 1, "mcmc")))
    return tuple(posteriors)


def _checked(
    config: FitConfig,
    likelihood: Likelihood,
    posteriors: tuple[Posterior, ...],
    meter: _EvaluationMeter,
    course: Course,
) -> tuple[Posterior, ...]:
    """Hold posteriors against all that other searches know."""
    if not posteriors:
        return ()

    def check() -> tuple[Posterior, ...]:
        terms = cache(lambda: Linearised(likelihood, np.random.default_rng([config.seed, 4])))
        found = tuple(checked(posterior, likelihood, terms, config.seed) for posterior in posteriors)
        meter.read("check of posteriors")
        return found

    return course.unit(tuple[Posterior, ...], check)


def _profiles(
    config: FitConfig,
    likelihood: Likelihood,
    trainer: SurrogateTrainer | None,
    streams: Sequence[np.random.Generator],
    meter: _EvaluationMeter,
    say: Say,
    course: Course,
) -> tuple[list[ProfileResult], float]:
    """Return all profiles, and the largest error of the surrogate in them."""
    if not config.profile:
        return [], 0.0
    axes = course.unit(list[list[Axis]], lambda: [_axes(likelihood, one) for one in config.profile])
    profiling: Profiling
    if trainer is not None and course.unit(bool, lambda: trainer.usable):
        profiling = SurrogateProfiling(trainer, axes, config.search, config.levels, config.seed, say, course)
    else:
        levels = [threshold(level) for level in config.levels]
        profiling = Profiling(likelihood, axes, config.search, levels, config.seed, say, course)
    found = profiling.run()
    course.unit(None, lambda: meter.read("profiles"))
    say("intervals")

    def ends_of(i: int) -> list[Interval]:
        curve, convergence = found[i]
        ends = intervals(
            likelihood,
            curve,
            config.levels,
            streams[i],
            zoom=partial(profiling.zoom, i),
            between=profiling.between_bins(i),
            convergence=convergence,
        )
        meter.read("ends of intervals")
        return ends

    curves = [i for i, (curve, _) in enumerate(found) if len(curve.axes) == 1]
    intervals_of = {i: course.unit(list[Interval], partial(ends_of, i)) for i in curves}
    # Once more: what was evaluated for the ends of intervals belongs to every profile.
    results = [
        ProfileResult(curve, tuple(intervals_of.get(i, ())), convergence)
        for i, (curve, convergence) in enumerate(profiling.results())
    ]
    return results, profiling.error


def _axes(likelihood: Likelihood, profile_config: ProfileConfig) -> list[Axis]:
    bins = profile_config.bins or (BINS if len(profile_config.names) == 1 else BINS_2D)
    try:
        return [
            make_axis(likelihood, name, bins, ends, log=profile_config.scale == "log")
            for name, ends in zip(profile_config.names, profile_config.limits, strict=True)
        ]
    except ValueError as error:
        raise RunError(str(error)) from error
