"""From a configuration to a finished run: sets up the directory, the ranks, the sampler and the executor."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from terranova import provenance
from terranova.atomic import write_atomic
from terranova.config import ScanConfig, build_problem, load_config
from terranova.errors import ParallelError, RunExists, RunMismatch, TerranovaError
from terranova.executor import Executor
from terranova.islands import deal, make_archipelago
from terranova.loop import Scan, StopRequest
from terranova.modelling import PointModel
from terranova.parallel import World, serial_world, world
from terranova.progress import choose
from terranova.registry import registry
from terranova.replay import Replay
from terranova.run import Run
from terranova.scoring import Problem
from terranova.store import Writer, load_manifest, recover
from terranova.store.checkpoint import load_checkpoint
from terranova.store.lock import RunLock

log = logging.getLogger("terranova")

T = TypeVar("T")

FINISHED = ("evaluations", "valid", "sampler")
"""Reasons to stop after which there is nothing to resume, unless the budget grows."""


def start(config: ScanConfig, *, quiet: bool = False, next_free: bool = False) -> tuple[Run, str]:
    """Run a new scan.

    Args:
        config: what to do.
        quiet: show no progress.
        next_free: if the output directory exists, append -2, -3, ... to its name.

    Returns:
        the run, and why it stopped (see `Scan.run`).

    Raises:
        RunExists: the output directory already holds something.
    """
    everyone = world()
    if config.output is None:
        raise RunExists("no output directory was given: add `output: runs/NAME`")
    directory = everyone.bcast(_next_free(config.output)) if next_free else config.output
    problem = build_problem(config)

    def prepare() -> None:
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            what = "already holds a run" if (directory / "manifest.json").exists() else "is not empty"
            raise RunExists(
                f"{directory} {what}, and a run is never overwritten; go on with "
                f"`terranova resume {directory}`, or take the next free name with --next"
            )
        (directory / "points").mkdir(parents=True)
        write_atomic(directory / "config.yaml", config.to_yaml())
        provenance.make_manifest(config, problem).save(directory)

    _on_root(everyone, prepare)
    return _execute(config, problem, everyone, directory, resuming=False, quiet=quiet)


def resume(
    directory: Path, *, evaluations: int | None = None, wall: float | None = None, quiet: bool = False
) -> tuple[Run, str]:
    """Go on with a run that was stopped or killed; it ends with the same points as if it never had been.

    Args:
        directory: of the run.
        evaluations: a larger budget of evaluations than the run was started with.
        wall: a larger budget of wall time in seconds, earlier sessions included.

    Raises:
        RunError: not a run directory, or one that another process is writing to.
        RunMismatch: its configuration no longer means what it meant.
    """
    everyone = world()
    config = replace(load_config(directory / "config.yaml"), output=directory)
    problem = build_problem(config)
    provenance.check_same(directory, config, problem)
    state = Run(directory).summary.get("state")
    if evaluations is None and wall is None and state in FINISHED:
        log.info("%s is finished", directory)
        return Run(directory), str(state)
    budget = config.budget
    if evaluations is not None and budget.evaluations is not None and evaluations < budget.evaluations:
        raise RunMismatch(f"the run was started with {budget.evaluations} evaluations; {evaluations} is fewer")
    if evaluations is not None or wall is not None:
        larger = replace(budget, evaluations=evaluations or budget.evaluations, wall=wall or budget.wall)
        config = replace(config, budget=larger)
        grown = config
        _on_root(everyone, lambda: write_atomic(directory / "config.yaml", grown.to_yaml()))
    return _execute(config, problem, everyone, directory, resuming=True, quiet=quiet)


def _execute(
    config: ScanConfig, problem: Problem, everyone: World, directory: Path, *, resuming: bool, quiet: bool
) -> tuple[Run, str]:
    islands_over_ranks = _islands_over_ranks(config, problem, everyone)
    executor_class = registry().get("executor", _executor_name(config, problem, everyone)).thing
    if not islands_over_ranks and not everyone.is_root:
        executor_class.serve(problem)
        return Run(directory), "served"
    team = everyone if islands_over_ranks else serial_world()
    if team.size > config.sampler.islands:
        raise ParallelError(
            f"{team.size} ranks but only {config.sampler.islands} islands: "
            "give sampler.islands at least one for each rank, or start fewer ranks"
        )
    with RunLock(directory) if team.is_root else nullcontext(), StopRequest() as stop:
        if resuming:
            _on_root(team, lambda: recover(directory, provenance.schema(config, problem)))
        outcome = _scan(config, problem, team, directory, executor_class, stop, resuming=resuming, quiet=quiet)
    return Run(directory), outcome


def _scan(
    config: ScanConfig,
    problem: Problem,
    team: World,
    directory: Path,
    executor_class: type[Executor],
    stop: StopRequest,
    *,
    resuming: bool,
    quiet: bool,
) -> str:
    columns = provenance.stored_columns(config, problem)
    share = deal(config.sampler.islands, team.rank, team.size)
    plugin = registry().get("sampler", config.sampler.name).thing
    archipelago = make_archipelago(plugin, problem.search_space, config.seed, share, config.sampler.options)
    checkpoint = load_checkpoint(directory) if resuming and team.is_root else None
    checkpoint = team.bcast(checkpoint)
    replay = None
    if resuming:
        first = checkpoint.generation if checkpoint is not None else 0
        reusable = config.store.keep == "all" and columns is None
        replay = Replay(directory, problem, first, reusable=reusable)
    limits: dict[str, Any] = {"workers": config.parallel.workers, "timeout": config.parallel.timeout}
    title = f"terranova  {config.model.name}  {config.sampler.name}  → {directory}"
    with (
        executor_class(problem, **{k: v for k, v in limits.items() if v is not None}) as executor,
        choose(title, root=team.is_root, quiet=quiet) as progress,
        Writer(
            directory,
            provenance.schema(config, problem),
            writer=team.rank,
            keep=config.store.keep,
            observable_columns=columns,
            durability=config.store.durability,
            run_id=load_manifest(directory).run_id,
        ) as writer,
    ):
        _warm_up(problem)
        team.barrier()  # the clock starts, and nobody writes before everybody has seen what is there
        scan = Scan(
            config,
            problem,
            archipelago,
            share,
            team,
            executor,
            writer,
            directory,
            replay=replay,
            checkpoint=checkpoint,
            progress=progress,
        )
        return scan.run(stop)


def _warm_up(problem: Problem) -> None:
    """Let a vectorised model compile and load what it needs, which must not count as time of the scan."""
    if not isinstance(problem.model.plugin, PointModel):
        middle = np.full((1, problem.model.space.dimension), 0.5)
        problem.evaluate(problem.model.space.to_physical(middle))


def _next_free(directory: Path) -> Path:
    """Return the directory, or the first of directory-2, directory-3, ... that does not exist."""
    names = itertools.chain([directory], (directory.with_name(f"{directory.name}-{i}") for i in itertools.count(2)))
    return next(name for name in names if not name.exists())


def _islands_over_ranks(config: ScanConfig, problem: Problem, everyone: World) -> bool:
    """Say whether ranks hold islands each (the default for vectorised models), or evaluate for the first."""
    if everyone.size == 1:
        return True
    if config.parallel.mode == "auto":
        return not isinstance(problem.model.plugin, PointModel)
    return config.parallel.mode == "islands"


def _executor_name(config: ScanConfig, problem: Problem, everyone: World) -> str:
    if not _islands_over_ranks(config, problem, everyone):
        return "mpi"
    return config.parallel.executor


def _on_root(team: World, action: Callable[[], T]) -> T:
    """Do something on the first rank only; every rank gets its result, or its error."""
    result: tuple[T | None, TerranovaError | None] = (None, None)
    if team.is_root:
        try:
            result = (action(), None)
        except TerranovaError as error:
            result = (None, error)
    value, problem = team.bcast(result)
    if problem is not None:
        raise problem
    return value  # type: ignore[return-value]
