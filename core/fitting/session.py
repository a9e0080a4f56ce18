"""Carries out a fit: sets up the directory, goes through its parts in order, writes what was found."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from terranova.config import build_problem
from terranova.engine.executors import choose_executor, make_executor
from terranova.engine.replay import Replay
from terranova.engine.watch import EngineWatch
from terranova.errors import PluginMissing, RunError, RunMismatch, TerranovaError
from terranova.evaluation.executor import Executor
from terranova.evaluation.problem import Problem
from terranova.fitting.best import NoPoint
from terranova.fitting.config import FREE_KEYS, FitConfig
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.posterior import one_thread
from terranova.fitting.steps import Fit, run_steps
from terranova.interfaces.batch import Evaluation
from terranova.parallel.on_root import on_root
from terranova.parallel.world import World, world
from terranova.parsing.strict_yaml import load
from terranova.runs import provenance
from terranova.runs.compatibility import changed_keys
from terranova.runs.derived import FITTED
from terranova.runs.run import Run
from terranova.store import Writer, load_manifest, recover
from terranova.store.lock import RunLock
from terranova.store.manifest import MANIFEST
from terranova.system.atomic import make_directory, write_atomic
from terranova.system.signals import Interrupted, StopRequest
from terranova.types import Bools, Floats, Ints

SAY_EVERY = 2.0
"""Seconds between two lines on how far it is."""


class FitStopped(TerranovaError):
    """A signal asked for it; every point evaluated so far is stored, and the same command goes on."""

    def __init__(self, directory: Path, exit_code: int) -> None:
        super().__init__(f"interrupted; every point is stored in {directory}. The same command goes on with it")
        self.exit_code = exit_code


def run_fit(plan: FitConfig, *, quiet: bool = False) -> Fit | None:
    """Run a fit, or go on with one. Under `mpirun`, every rank must make this call; the others evaluate.

    Returns:
        what was found; None on ranks that evaluated for the first.

    Raises:
        FitStopped: a signal asked for it.
        PluginMissing: a package that it needs is not installed.
        RunMismatch: the directory holds another fit.
        RunError: it cannot be written, a scan does not fit, or no point is allowed.
        ConfigError: the words do not fit the model.
    """
    _require_packages(plan)
    problem = build_problem(plan.problem)
    with StopRequest() as stop, world().together(stop) as everyone:
        executor_class = choose_executor(plan.parallel, problem, everyone, islands=False)
        on_root(everyone, lambda: _prepare(plan, problem), plan.output)
        everyone.watch_over(plan.output, plan.parallel.patience)
        if not everyone.is_root:
            executor_class.serve(problem)
            return None
        with RunLock(plan.output), suppress(Interrupted):
            return _fit(plan, problem, executor_class, everyone, stop, _Voice(quiet=quiet))
    raise FitStopped(plan.output, stop.exit_code)


def _require_packages(plan: FitConfig) -> None:
    """Say at once, not after hours, what is not installed.

    Raises:
        PluginMissing: a package that this fit needs.
    """
    wanted = {"iminuit": True, "nautilus": plan.nested is not None, "emcee": plan.mcmc is not None}
    missing = [name for name, needed in wanted.items() if needed and importlib.util.find_spec(name) is None]
    if missing:
        names = " and ".join(missing)
        raise PluginMissing(f"this fit needs {names}, not installed here: pip install 'terranova[fit]'")


def _prepare(plan: FitConfig, problem: Problem) -> None:
    """Make the directory, or make sure that it is that of this fit."""
    directory = plan.output
    digest = f"fit: {_digest(plan, problem)}"
    if (directory / MANIFEST).is_file():
        if load_manifest(directory).config_hash != digest:
            raise RunMismatch(f"{directory} {_what_else(directory, plan)}; choose another output")
        return
    if directory.exists() and (not directory.is_dir() or set(directory.iterdir()) - _begun(directory)):
        raise RunError(f"{directory} is in use; choose another output")
    make_directory(directory / "points")
    write_atomic(directory / FITTED, plan.to_yaml())
    manifest = provenance.make_manifest(plan, problem)
    replace(manifest, config_hash=digest).save(directory)  # last: with it, the directory is a run


def _begun(directory: Path) -> set[Path]:
    """What a start leaves behind that was cut off at once."""
    return {directory / "points", directory / FITTED}


def _digest(plan: FitConfig, problem: Problem) -> str:
    """Return a hash of all that the numbers of a fit depend on: its settings, physics, the points of scans."""
    runs = [_opened(scan, problem, plan) for scan in plan.scans]
    decisive = {
        "physics": provenance.digest(plan, problem),
        "scans": [[run.manifest.run_id, run.evaluated] for run in runs],
    }
    return provenance.content_hash(decisive)


def _what_else(directory: Path, plan: FitConfig) -> str:
    """Say what a directory holds that is not this fit."""
    path = directory / FITTED
    if not path.is_file():
        return "holds something else than a fit"
    before, now = load(path)[0].data or {}, plan.identity()
    if changed := changed_keys(before, now, FREE_KEYS):
        return f"holds a fit with other settings under {', '.join(changed)}"
    return "holds a fit with the same settings, but its scans, its constraints or its model have changed since"


def _fit(
    plan: FitConfig,
    problem: Problem,
    executor_class: type[Executor],
    everyone: World,
    stop: StopRequest,
    say: Callable[[str], None],
) -> Fit:
    started = time.monotonic()
    directory = plan.output.absolute()  # a model may change the current directory
    schema = provenance.schema(plan, problem)
    recover(directory, schema)
    runs = [_opened(scan, problem, plan) for scan in plan.scans]
    with (
        make_executor(executor_class, plan.parallel, problem, directory) as executor,
        Writer(directory, schema, run_id=load_manifest(directory).run_id) as writer,
    ):
        executor.warm_up()
        watch = executor.watch = EngineWatch(everyone, stop, lambda: False)
        likelihood = Likelihood(problem, executor.evaluate, writer, _Stored(directory, problem).answer, watch)
        known = sum(_take_in(likelihood, run, problem) for run in runs)
        try:
            with one_thread():
                found = run_steps(plan, likelihood, known, say)
        except Interrupted:
            watch.end()
            raise
        except NoPoint as error:
            raise RunError(f"{error}; scan first, and name the scan under `scans:`") from error
    return replace(found, seconds=time.monotonic() - started)


class _Stored:
    """Answers requests from the store of an interrupted fit, as long as it asks for the same points."""

    def __init__(self, directory: Path, problem: Problem) -> None:
        self._replay: Replay | None = Replay(directory, problem, 0)

    def answer(self, request: int, x: Floats, index: Ints) -> tuple[Bools, Evaluation] | None:
        """Return which of the points (n,) are stored, and their rows; None when there is nothing more."""
        if self._replay is None or request > self._replay.last_generation:
            self._replay = None
            return None
        self._replay.seek(request)
        island: Ints = np.zeros(len(x), dtype=np.int64)
        return self._replay.answer(island, index, self._replay.stored(x, island, index))


def _opened(directory: Path, problem: Problem, plan: FitConfig) -> Run:
    """Return a scan whose points can be used.

    Raises:
        RunError: there is none, it is of another model, or lacks what the constraints read.
    """
    run = Run(directory)
    before, now = run.manifest, plan.problem.model
    if before.model != now.name or dict(before.model_options) != dict(now.options):
        raise RunError(
            f"{directory} is a scan of {_model(before.model, before.model_options)}, but the fit is of "
            f"{_model(now.name, now.options)}"
        )
    version = problem.model.plugin.version
    if before.physics.get("model version", version) != version:
        raise RunError(
            f"{directory} was made with version {before.physics['model version']} of model {before.model!r}; "
            f"installed is version {version}, so that its numbers may be others now: scan again"
        )
    if [p.name for p in run.parameters] != list(problem.model.space.names):
        raise RunError(f"{directory} has other parameters than model {problem.model.name!r}")
    stored = {field.name for field in run.observables} | set(problem.model.space.names)
    missing = sorted({name for c in problem.constraints for name in c.observables} - stored)
    if missing:
        raise RunError(f"{directory} did not store {_some(missing)}, which the constraints read")
    return run


def _model(name: str, options: Mapping[str, Any]) -> str:
    words = ", ".join(f"{key}: {value}" for key, value in options.items())
    return f"model {name!r}" + (f" with {words}" if words else "")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _take_in(likelihood: Likelihood, run: Run, problem: Problem) -> int:
    """Score the points of a scan with the constraints of the fit, and make them known; return how many.

    Points outside the priors of the fit are left out, and so are those with other values of fixed parameters.
    """
    space = problem.model.space
    names = list(space.names)
    stored = {field.name for field in run.observables}
    observables = [o.name for o in problem.model.observables]
    count = 0
    for table in run.reader.batches(rows=50_000):
        ok = table["status"].to_numpy() == 0
        x = np.column_stack([table[name].to_numpy()[ok] for name in names])
        columns = [table[n].to_numpy()[ok] if n in stored else np.full(int(ok.sum()), np.nan) for n in observables]
        o = np.column_stack(columns)
        _, loglike = problem.score(x, o)
        with np.errstate(invalid="ignore", divide="ignore"):
            u = space.to_unit(x)
            inside: Bools = np.all((u >= 0.0) & (u <= 1.0), axis=1)
        again = space.to_physical(np.where(inside[:, None], u, 0.5))
        same = (np.abs(again - x) <= 1e-6 * np.abs(x)).all(axis=1)
        usable: Bools = np.isfinite(loglike) & inside & same
        likelihood.add_known(u[usable], loglike[usable], np.column_stack([x, o])[usable])
        count += int(usable.sum())
    return count


class _Voice:
    """Says on standard error now and then what a fit is at."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._said_at = -1e9

    def __call__(self, words: str) -> None:
        if not self._quiet and time.monotonic() - self._said_at > SAY_EVERY:
            self._said_at = time.monotonic()
            print(words, file=sys.stderr)
