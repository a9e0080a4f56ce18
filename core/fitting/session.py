"""Carries out a fit, or goes on with one: its directory, its workers, its steps in order, and what stops it."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from terranova.config import build_problem
from terranova.config.consent import made_here
from terranova.engine.executors import choose_executor, make_executor
from terranova.engine.replay import Replay
from terranova.engine.watch import EngineWatch
from terranova.errors import RunError, TerranovaError
from terranova.evaluation.executor import Executor
from terranova.evaluation.problem import Problem
from terranova.fitting.best import NoPoint
from terranova.fitting.checkpoints import FitCheckpoints
from terranova.fitting.config import FitConfig
from terranova.fitting.directory import RESULT, prepare_directory
from terranova.fitting.findings import Findings, load_findings
from terranova.fitting.known_points import add_known_points, open_scan
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.packages import one_thread, require_packages
from terranova.fitting.progress import ProgressLines, Say
from terranova.fitting.steps import Fit, run_steps
from terranova.interfaces.batch import Evaluation
from terranova.parallel.on_root import on_root
from terranova.parallel.world import World, world
from terranova.runs import provenance
from terranova.runs.run import Run
from terranova.runs.spot_check import spot_check
from terranova.store import Writer, load_manifest, recover
from terranova.system.signals import Interrupted, StopRequest
from terranova.types import Bools, Floats, Ints

log = logging.getLogger("terranova")


class FitStopped(TerranovaError):
    """A signal asked for it; every point evaluated so far is stored, and the same command goes on."""

    def __init__(self, directory: Path, exit_code: int) -> None:
        super().__init__(f"interrupted; every point is stored in {directory}. The same command goes on with it")
        self.exit_code = exit_code


def run_fit(config: FitConfig, *, quiet: bool = False) -> Fit | None:
    """Run a fit, or go on with one. Under `mpirun`, every rank must make this call; the others evaluate.

    Returns:
        what was found; None on ranks that evaluated for the first.

    Raises:
        FitStopped: a signal asked for it.
        PluginMissing: a package that it needs is not installed.
        RunMismatch: the directory holds another fit.
        RunError: it cannot be written, a scan does not fit, or no point is allowed.
        ConfigError: the configuration does not fit the model.
    """
    require_packages(config)
    problem = build_problem(config.problem)
    with StopRequest() as stop, world().together(stop) as everyone:
        executor_class = choose_executor(config.parallel, problem, everyone, islands=False)
        with ExitStack() as held:  # by the first rank: the lock of the directory, before anything is written
            on_root(everyone, lambda: prepare_directory(config, problem, held), config.output)
            if everyone.is_root:
                made_here(config.problem)
                problem.say_notices()
            everyone.watch_over(config.output, config.parallel.patience)
            ended = on_root(everyone, lambda: _ended(config.output), config.output)
            if ended is not None:
                return Fit(config=config, problem=problem, **vars(ended)) if everyone.is_root else None
            if not everyone.is_root:
                executor_class.serve(problem)
                return None
            with suppress(Interrupted):
                return _fit(config, problem, executor_class, everyone, stop, ProgressLines(quiet=quiet))
    raise FitStopped(config.output, stop.exit_code)


def _ended(directory: Path) -> Findings | None:
    """Return what a fit that has ended found; None if it has not, or if its files are damaged."""
    if not (directory / RESULT).is_file():
        return None
    try:
        return load_findings(directory)
    except RunError as error:
        log.warning("%s; the fit is gone through again", error)
        return None


def _fit(
    config: FitConfig,
    problem: Problem,
    executor_class: type[Executor],
    everyone: World,
    stop: StopRequest,
    say: Say,
) -> Fit:
    started = time.monotonic()
    directory = config.output.absolute()  # a model may change the current directory
    manifest = load_manifest(directory)
    schema = manifest.schema  # an older version stored all columns
    recover(directory, schema)
    names = [o.name for o in problem.model.observables]
    stored = [names.index(field.name) for field in schema.observables]
    runs = [open_scan(scan, problem, config.problem.model) for scan in config.scans]
    with (
        make_executor(executor_class, config.parallel, problem, directory) as executor,
        Writer(directory, schema, observable_columns=stored, run_id=manifest.run_id) as writer,
    ):
        executor.warm_up()
        for run, done in ((Run(directory), "go on with"), *((run, "use") for run in runs)):
            check = spot_check(run, problem, executor.evaluate, scored=run.directory == directory)
            check.require_same(f"cannot {done} {run.directory}", "Put back what has changed, or evaluate anew")
            if text := check.note():
                log.warning("%s: %s", run.directory, text)
        watch = executor.watch = EngineWatch(everyone, stop, lambda: False)
        likelihood = Likelihood(
            problem,
            executor.evaluate,
            writer,
            _StoredAnswers(directory, problem, stored).answer,
            watch,
            provenance.stored_columns(config, problem),
        )
        known = sum(add_known_points(likelihood, run) for run in runs)
        plugin = config.surrogate.plugin if config.surrogate is not None else None
        course = FitCheckpoints(directory, likelihood, writer, manifest.run_id, plugin).course()
        try:
            with one_thread():
                fit = run_steps(config, likelihood, known, say, course)
        except Interrupted:
            watch.end()
            raise
        except NoPoint as error:
            raise RunError(f"{error}; scan first, and name the scan under `scans:`") from error
    return replace(fit, seconds=time.monotonic() - started)


class _StoredAnswers:
    """Answers requests from the store of an interrupted fit, as long as it asks for the same points."""

    def __init__(self, directory: Path, problem: Problem, columns: Sequence[int]) -> None:
        self._replay: Replay | None = Replay(directory, problem, 0, columns=columns)

    def answer(self, request: int, x: Floats, index: Ints) -> tuple[Bools, Evaluation] | None:
        """Return which of the points (n,) are stored, and their rows; None when there is nothing more."""
        if self._replay is None or request > self._replay.last_generation:
            self._replay = None
            return None
        self._replay.seek(request)
        island: Ints = np.zeros(len(x), dtype=np.int64)
        return self._replay.answer(island, index, self._replay.stored(x, island, index))
