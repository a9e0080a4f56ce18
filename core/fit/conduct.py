"""Carries out a fit: sets up the directory, goes through its parts in order, writes what was found."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from terranova import provenance
from terranova.atomic import write_atomic
from terranova.batch import Evaluation
from terranova.config import build_problem
from terranova.errors import RunError, RunMismatch
from terranova.executor import Executor
from terranova.fit import posterior as sampling
from terranova.fit.best import BestFit, NoPoint, describe_best, find_best, first_points
from terranova.fit.intervals import Interval, intervals
from terranova.fit.plan import FitPlan, Profiled
from terranova.fit.posterior import Posterior
from terranova.fit.profile import BINS, BINS_2D, Profile, make_axis, profile
from terranova.fit.target import Target
from terranova.parallel import World, world
from terranova.registry import registry
from terranova.replay import Replay
from terranova.run import CONFIG, Run
from terranova.scoring import Problem
from terranova.store import Writer, load_manifest, recover
from terranova.store.lock import RunLock
from terranova.store.manifest import MANIFEST
from terranova.types import Floats

PLAN = "fit.yaml"
SAY_EVERY = 2.0


@dataclass(frozen=True)
class ProfileResult:
    """A profile with its intervals, which only a profile of one quantity has."""

    profile: Profile
    intervals: tuple[Interval, ...]


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
    """

    plan: FitPlan
    problem: Problem
    best: BestFit
    profiles: tuple[ProfileResult, ...]
    posteriors: tuple[Posterior, ...]
    evaluations: int
    known: int
    seconds: float


def conduct(plan: FitPlan, *, quiet: bool = False) -> Fit | None:
    """Run a fit, or go on with one. Under `mpirun`, every rank must make this call; the others evaluate.

    Returns:
        what was found; None on ranks that evaluated for the first.

    Raises:
        RunMismatch: the directory holds another fit.
        RunError: it cannot be written, a scan does not fit, or no point is allowed.
        ConfigError: the words do not fit the model.
    """
    everyone = world()
    problem = build_problem(plan.config)
    executor_class = _executor(plan, everyone)
    if executor_class.over_ranks and not everyone.is_root:
        executor_class.serve(problem)
        return None
    _prepare(plan, problem)
    with RunLock(plan.output):
        return _fit(plan, problem, executor_class, _Voice(quiet=quiet))


def _executor(plan: FitPlan, everyone: World) -> type[Executor]:
    chosen: type[Executor] = registry().get("executor", plan.config.parallel.executor).thing
    if everyone.size == 1 or chosen.over_ranks:
        return chosen
    able: list[type[Executor]] = [p.thing for p in registry().of_kind("executor") if p.thing.over_ranks]
    return able[0] if able else chosen


def _prepare(plan: FitPlan, problem: Problem) -> None:
    """Make the directory, or make sure that it is that of this fit."""
    directory = plan.output
    digest = f"fit: {provenance.digest(plan.config, problem)}"
    if (directory / MANIFEST).is_file():
        if load_manifest(directory).config_hash != digest:
            raise RunMismatch(f"{directory} holds something else, or a fit with other words; choose another output")
        write_atomic(directory / PLAN, plan.to_yaml())
        return
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise RunError(f"{directory} is in use; choose another output")
    try:
        (directory / "points").mkdir(parents=True, exist_ok=True)
        write_atomic(directory / CONFIG, plan.config.to_yaml())
        write_atomic(directory / PLAN, plan.to_yaml())
        manifest = provenance.make_manifest(plan.config, problem)
        replace(manifest, config_hash=digest).save(directory)
    except OSError as error:
        raise RunError(f"{directory} cannot be written: {error.strerror or error}") from error


def _fit(plan: FitPlan, problem: Problem, executor_class: type[Executor], say: Callable[[str], None]) -> Fit:
    started = time.monotonic()
    directory, config = plan.output, plan.config
    schema = provenance.schema(config, problem)
    recover(directory, schema)
    streams = [np.random.default_rng([config.seed, i]) for i in range(1 + len(plan.profile))]
    limits: dict[str, Any] = {"workers": config.parallel.workers, "timeout": config.parallel.timeout}
    given = {key: value for key, value in limits.items() if value is not None}
    stored = _Stored(directory, problem)
    with (
        executor_class(problem, **given) as executor,
        Writer(directory, schema, run_id=load_manifest(directory).run_id) as writer,
    ):
        executor.warm_up()
        target = Target(problem, executor.evaluate, writer, stored.answer)
        known = sum(_take_in(target, scan, problem) for scan in plan.scans)
        say(f"best fit: from {known:,} points of scans" if known else "best fit: from the prior")
        try:
            best = find_best(target, streams[0], starts=plan.best.starts, generations=plan.best.generations)
            posteriors = _posteriors(plan, target, say)
            # Last, because they profit from every point that is known by then.
            profiles = [_profile(target, asked, streams[1 + i], say) for i, asked in enumerate(plan.profile)]
            if target.loglikes.max() > best.loglike:
                best = describe_best(target, best.evaluations)
            say("intervals")
            ends = [_intervals(target, p, plan.levels, streams[1 + i]) for i, p in enumerate(profiles)]
        except NoPoint as error:
            raise RunError(f"{error}: scan first, and name the scan under `scans:`") from error
    return Fit(
        plan=plan,
        problem=problem,
        best=best,
        profiles=tuple(ProfileResult(*both) for both in zip(profiles, ends, strict=True)),
        posteriors=posteriors,
        evaluations=target.evaluations,
        known=known,
        seconds=time.monotonic() - started,
    )


def _posteriors(plan: FitPlan, target: Target, say: Callable[[str], None]) -> tuple[Posterior, ...]:
    found = []
    if (n := plan.nested) is not None:
        found.append(sampling.nested(target, plan.config.seed, live=n.live, effective=n.effective, say=say))
    if (m := plan.mcmc) is not None:
        begin = first_points(target, 64)
        settings = {"walkers": m.walkers, "lengths": m.lengths, "steps": m.steps}
        found.append(sampling.mcmc(target, plan.config.seed, begin, **settings, say=say))
    return tuple(found)


def _profile(target: Target, asked: Profiled, rng: np.random.Generator, say: Callable[[str], None]) -> Profile:
    say(f"profile of {', '.join(asked.names)}: {target.evaluations:,} evaluations so far")
    bins = asked.bins or (BINS if len(asked.names) == 1 else BINS_2D)
    try:
        axes = [make_axis(target, name, bins, ends) for name, ends in zip(asked.names, asked.limits, strict=True)]
    except ValueError as error:
        raise RunError(str(error)) from error
    return profile(target, axes, rng)


def _intervals(
    target: Target, found: Profile, levels: tuple[float, ...], rng: np.random.Generator
) -> tuple[Interval, ...]:
    return tuple(intervals(target, found, levels, rng)) if len(found.axes) == 1 else ()


class _Stored:
    """Answers requests from the store of an interrupted fit, as long as it asks for the same points."""

    def __init__(self, directory: Path, problem: Problem) -> None:
        self._replay: Replay | None = Replay(directory, problem, 0)
        self._count = 0

    def answer(self, request: int, x: Floats) -> Evaluation | None:
        """Return the stored rows of a request if all are there; they are the last ones if not."""
        if self._replay is None or request > self._replay.last_generation:
            self._replay = None
            return None
        self._replay.seek(request)
        island = np.zeros(len(x), dtype=np.int64)
        index = np.arange(self._count, self._count + len(x), dtype=np.int64)
        known = self._replay.stored(x, island, index)
        if not known.all():
            self._replay = None
            return None
        self._count += len(x)
        _, evaluation = self._replay.answer(island, index, known)
        return evaluation


def _take_in(target: Target, directory: Path, problem: Problem) -> int:
    """Score the points of a scan with the constraints of the fit, and make them known; return how many."""
    run = Run(directory)
    names = list(problem.model.space.names)
    stored = {field.name for field in run.observables}
    if [p.name for p in run.parameters] != names:
        raise RunError(f"{directory} has other parameters than model {problem.model.name!r}")
    needed = {name for c in problem.constraints for name in c.observables} - set(names)
    missing = sorted(needed - stored)
    if missing:
        raise RunError(f"{directory} did not store {', '.join(missing[:5])}, which the constraints read")
    observables = [o.name for o in problem.model.observables]
    count = 0
    for table in run.reader.batches(rows=50_000):
        ok = table["status"].to_numpy() == 0
        x = np.column_stack([table[name].to_numpy()[ok] for name in names])
        columns = [table[n].to_numpy()[ok] if n in stored else np.full(int(ok.sum()), np.nan) for n in observables]
        o = np.column_stack(columns)
        _, loglike = problem.score(x, o)
        u = problem.model.space.to_unit(x)
        usable = np.isfinite(loglike) & ((u >= 0) & (u <= 1)).all(axis=1)
        target.add_known(u[usable], loglike[usable], np.column_stack([x, o])[usable])
        count += int(usable.sum())
    return count


class _Voice:
    """Says now and then what a fit is at."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._said_at = -1e9

    def __call__(self, words: str) -> None:
        if not self._quiet and time.monotonic() - self._said_at > SAY_EVERY:
            self._said_at = time.monotonic()
            print(words, file=sys.stderr)
