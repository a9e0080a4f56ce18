"""Spot checks of runs that no scan goes on with: their points are evaluated as a scan of theirs would do it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from terranova.config.scan import Parallel
from terranova.engine.executors import choose_executor, make_executor
from terranova.errors import TerranovaError
from terranova.evaluation.executor import Executor
from terranova.evaluation.problem import Problem
from terranova.parallel.world import serial_world
from terranova.runs.derived import FITTED
from terranova.runs.run import Run
from terranova.runs.spot_check import SpotCheck, spot_check

log = logging.getLogger("terranova")


@contextmanager
def ready_executor(problem: Problem, parallel: Parallel | None = None) -> Iterator[Executor]:
    """Yield an executor of this process alone that is ready to evaluate, and leaves no logs behind.

    Args:
        problem: what it evaluates.
        parallel: how; the defaults if None.
    """
    parallel = Parallel() if parallel is None else parallel
    cls = choose_executor(parallel, problem, serial_world())
    with (
        TemporaryDirectory(prefix="terranova-") as folder,
        make_executor(cls, parallel, problem, Path(folder)) as executor,
    ):
        executor.warm_up()
        yield executor


def check_run(run: Run, *, looking: bool = False) -> SpotCheck:
    """Evaluate a few points of a run again with the model that is installed now.

    Args:
        run: to check.
        looking: whether nobody has asked for its model to run: then it must have been made here.

    Raises:
        NotTrusted: its model may not run.
        TerranovaError: its model or its constraint sets are not installed, or are not what they were.
    """
    problem = run.problem_made_here() if looking else run.problem()
    parallel = None if (run.directory / FITTED).is_file() else run.config.parallel
    with ready_executor(problem, parallel) as executor:
        return spot_check(run, problem, executor.evaluate)


def require_one_physics(runs: Sequence[Run]) -> None:
    """Make sure that the points of runs, which are of one problem by what is written of it, are of one physics.

    Runs that one older state of the source made go together, too, which only the hash of the source tells.

    Raises:
        RunMismatch: some give other values when they are evaluated again, and no such hash says that all would.
    """
    checks: dict[Run, SpotCheck] = {}
    for run in runs:
        try:
            checks[run] = check_run(run, looking=True)
        except TerranovaError as error:
            log.warning("not checked whether one model made the points of all runs: %s", error)
            return
    changed = [run for run, check in checks.items() if check.changed]
    if not changed:
        return
    made_by = {tuple(sorted(_model_sources(run))) for run in runs}
    if len(changed) == len(runs) and len(made_by) == 1 and made_by != {()}:
        log.warning("the model has changed since these runs were made; one state of its source made them all")
        return
    checks[changed[0]].require_same(
        f"cannot merge {changed[0].directory} with the others", "Merge only runs that the same model has made"
    )


def _model_sources(run: Run) -> Iterator[str]:
    """Every hash that the source of the model had in the sessions of a run."""
    name = f"source of model {run.manifest.model}"
    if name in run.manifest.versions:
        yield run.manifest.versions[name]
    for entry in run.manifest.history:
        if name in entry.get("versions", {}):
            yield entry["versions"][name][1]
