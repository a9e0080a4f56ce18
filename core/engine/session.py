"""From a configuration to a finished run: sets up the directory, the ranks, the sampler and the executor."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from terranova.config import ScanConfig, build_problem, load_config
from terranova.config.scan import Budget, Parallel
from terranova.diagnostics import Diagnostic
from terranova.engine.display import choose
from terranova.engine.islands import deal, make_archipelago
from terranova.engine.loop import Scan
from terranova.engine.replay import Replay
from terranova.errors import ConfigError, ParallelError, RunExists, RunMismatch, TerranovaError, disk_error
from terranova.evaluation.executor import Executor
from terranova.evaluation.problem import Problem
from terranova.fitting import ORIGIN as FITTED
from terranova.interfaces.model import PointModel
from terranova.parallel.world import World, serial_world, world
from terranova.registry import registry
from terranova.registry.options import options_of
from terranova.runs import provenance
from terranova.runs.compatibility import Changes, check_same, note, warn
from terranova.runs.merge import ORIGIN as MERGED
from terranova.runs.rescore import ORIGIN as RESCORED
from terranova.runs.run import CONFIG, Run
from terranova.store import Schema, Writer, load_manifest, recover, require_sound, salvage, settle
from terranova.store.checkpoint import load_checkpoint
from terranova.store.lock import RunLock
from terranova.system.atomic import make_directory, write_atomic
from terranova.system.signals import StopRequest

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
        ConfigError: the configuration names no output directory.
        RunExists: the output directory already holds something.
        RunError: it cannot be written.
    """
    if config.output is None:
        raise ConfigError([Diagnostic("", 0, 0, "output", "missing, expected a run directory such as runs/NAME")])
    with StopRequest() as stop, world().together(stop) as everyone:
        return _start(config, config.output, everyone, stop, quiet=quiet, next_free=next_free)


def _start(
    config: ScanConfig, output: Path, everyone: World, stop: StopRequest, *, quiet: bool, next_free: bool
) -> tuple[Run, str]:
    directory = everyone.bcast(next_free_directory(output)) if next_free else output
    problem = build_problem(config)
    manifest = provenance.make_manifest(config, problem)

    def prepare() -> None:
        refuse_to_overwrite(directory)
        make_directory(directory / "points")
        write_atomic(directory / CONFIG, config.to_yaml())
        manifest.save(directory)  # last: with it, the directory is a run

    on_root(everyone, prepare, directory)
    return _execute(config, problem, everyone, stop, directory, resuming=None, quiet=quiet)


def resume(
    directory: Path,
    file: Path | None = None,
    *,
    evaluations: int | None = None,
    wall: float | str | None = None,
    valid: int | None = None,
    recompute_missing: bool = False,
    quiet: bool = False,
) -> tuple[Run, str]:
    """Go on with a run that was stopped or killed; it ends with the same points as if it never had been.

    Args:
        directory: of the run.
        file: a configuration to go on with, in which budget, output and all about execution may have changed;
            that of the run if None. The run stays in its directory.
        evaluations: a larger budget of evaluations than the run was started with.
        wall: a larger budget of wall time, earlier sessions included: seconds, or words such as "20m".
        valid: a larger budget of valid points.
        recompute_missing: set damaged files aside, and evaluate again the points that were in them.

    Returns:
        the run, and why it stopped (see `Scan.run`); "finished" if there was nothing left to do.

    Raises:
        StoreCorrupt: files are damaged or missing, and they are not to be computed again.
        ConfigError: a budget that makes no sense.
        RunError: not a run directory, or one that another process is writing to.
        RunMismatch: its configuration no longer means what it meant, or the budget is smaller than it was.
    """
    larger = {"evaluations": evaluations, "wall": wall, "valid": valid}
    larger = {name: value for name, value in larger.items() if value is not None}
    with StopRequest() as stop, world().together(stop) as everyone:
        if recompute_missing:
            on_root(everyone, lambda: salvage(directory), directory)
        load_manifest(directory)  # says so if it is no run
        if (directory / RESCORED).exists():
            raise RunMismatch(f"{directory} was made by `terranova rescore` from another run; resume that one")
        if (directory / MERGED).exists():
            raise RunMismatch(f"{directory} was made by `terranova merge` from other runs; resume these")
        if (directory / FITTED).exists():
            raise RunMismatch(f"{directory} was made by `terranova fit`; the same command goes on with it")
        before = load_config(directory / CONFIG)
        source = file if file is not None else directory / CONFIG
        config = load_config(source, budget=larger or None, islands=before.sampler.islands)
        config = replace(config, output=directory)
        problem = build_problem(config)
        changes = check_same(directory, before, config, problem)
        _check_larger(before.budget, config.budget, Run(directory))
        if on_root(everyone, lambda: _finished(directory, before.budget, config.budget), directory):
            on_root(everyone, lambda: settle(directory), directory)
            return Run(directory), "finished"
        if everyone.is_root:
            warn(changes)
        return _execute(config, problem, everyone, stop, directory, resuming=changes, quiet=quiet)


def _finished(directory: Path, before: Budget, now: Budget) -> bool:
    """Say whether a run has nothing left to do."""
    summary = Run(directory).summary
    state, seconds = str(summary.get("state")), float(summary.get("seconds") or 0.0)
    if state == "wall":
        return now.wall is not None and seconds >= now.wall
    return state in FINISHED and (state == "sampler" or before == now)


def _check_larger(before: Budget, now: Budget, run: Run) -> None:
    """Refuse a budget that the run has used already, or that is smaller than the one it was started with."""
    for name in ("evaluations", "wall", "valid"):
        old, new = getattr(before, name), getattr(now, name)
        if old is not None and new is not None and new < old:
            raise RunMismatch(f"the run's budget of {name} is {old:g}; it can grow, but {new:g} is less")
    if before.evaluations is None and now.evaluations is not None and run.evaluated > now.evaluations:
        raise RunMismatch(f"the run has {run.evaluated:,} evaluations already; {now.evaluations:,} is less")


def _execute(
    config: ScanConfig,
    problem: Problem,
    everyone: World,
    stop: StopRequest,
    directory: Path,
    *,
    resuming: Changes | None,
    quiet: bool,
) -> tuple[Run, str]:
    executor_class = _executor(config, problem, everyone)
    everyone.watch_over(directory, config.parallel.patience)
    if executor_class.over_ranks and not everyone.is_root:
        executor_class.serve(problem)
        return Run(directory), "served"
    team = serial_world() if executor_class.over_ranks else everyone
    if team.size > config.sampler.islands:
        raise ParallelError(
            f"{team.size} ranks, but sampler.islands is {config.sampler.islands}: "
            "each rank needs an island at least; raise it, or start fewer ranks"
        )

    def tidy(changes: Changes) -> None:
        require_sound(directory)
        recover(directory, _schema(config, problem, directory))
        note(directory, everyone.size, changes)
        write_atomic(directory / CONFIG, config.to_yaml())

    with RunLock(directory) if team.is_root else nullcontext():
        if resuming is not None:
            on_root(team, lambda: tidy(resuming), directory)
        run = Run(directory)
        outcome = _scan(
            config,
            problem,
            team,
            everyone,
            stop,
            directory.absolute(),  # a model may change the current directory
            executor_class,
            resuming=resuming is not None,
            quiet=quiet,
        )
        team.barrier()  # nobody leaves while others still write, which ends the job if they leave with an error
    return run, outcome


def _scan(
    config: ScanConfig,
    problem: Problem,
    team: World,
    everyone: World,
    stop: StopRequest,
    directory: Path,
    executor_class: type[Executor],
    *,
    resuming: bool,
    quiet: bool,
) -> str:
    columns = provenance.stored_columns(config, problem)
    share = deal(config.sampler.islands, team.rank, team.size)
    plugin = registry().get("sampler", config.sampler.name).thing
    archipelago = make_archipelago(plugin, problem.search_space, config.seed, share, config.sampler.options)
    checkpoint = load_checkpoint(directory) if resuming and team.is_root else None
    if checkpoint is not None and checkpoint.meta["sampler"] != archipelago.version:
        checkpoint = None  # written by another version of the sampler: replay from the start
    checkpoint = team.bcast(checkpoint)
    replay = None
    if resuming:
        first = checkpoint.generation if checkpoint is not None else 0
        whole = config.store.keep == "all" and columns is None
        replay = Replay(directory, problem, first, whole=whole)
    title = f"terranova  {config.model.name}  {config.sampler.name}  → {directory}"
    with (
        make_executor(executor_class, config.parallel, problem, directory) as executor,
        choose(title, root=team.is_root, quiet=quiet) as progress,
        Writer(
            directory,
            _schema(config, problem, directory),
            writer=team.rank,
            keep=config.store.keep,
            observable_columns=columns,
            durability=config.store.durability,
            run_id=load_manifest(directory).run_id,
        ) as writer,
    ):
        executor.warm_up()
        team.barrier()  # the clock starts, and nobody writes before everybody has seen what is there
        scan = Scan(
            config,
            problem,
            archipelago,
            share,
            team,
            everyone,
            stop,
            executor,
            writer,
            directory,
            replay=replay,
            checkpoint=checkpoint,
            progress=progress,
        )
        return scan.run()


def _schema(config: ScanConfig, problem: Problem, directory: Path) -> Schema:
    """Return the columns of a run's points; one begun before there were probes goes on without that column."""
    return replace(provenance.schema(config, problem), probe=load_manifest(directory).schema.probe)


def refuse_to_overwrite(directory: Path) -> None:
    """Make sure that a run can be started in a directory.

    Raises:
        RunExists: it holds a run, or something else.
    """
    if not _is_free(directory):
        raise RunExists(_why_not(directory))


def _why_not(directory: Path) -> str:
    """Say why a run cannot be started in a directory, and what can be done."""
    if not directory.is_dir():
        return f"{directory} is a file, expected a directory that does not exist yet or is empty"
    if not (directory / "manifest.json").exists():
        return f"{directory} is not empty; a run needs a directory of its own"
    return (
        f"{directory} already holds a run, and a run is never overwritten; go on with "
        f"`terranova resume {directory}`, or take the next free name with --next (in Python: next_free=True)"
    )


def _is_free(directory: Path) -> bool:
    """Say whether a run can be started there: nothing is, or what a start leaves that was cut off at once."""
    if not directory.exists():
        return True
    if not directory.is_dir():
        return False
    found = {path.name for path in directory.iterdir()}
    points = directory / "points"
    begun = "points" in found and found <= {"points", CONFIG} and points.is_dir() and not any(points.iterdir())
    return not found or begun


def next_free_directory(directory: Path) -> Path:
    """Return the directory, or the first of directory-2, directory-3, ... that does not exist."""
    names = itertools.chain([directory], (directory.with_name(f"{directory.name}-{i}") for i in itertools.count(2)))
    return next(name for name in names if not name.exists())


def _executor(config: ScanConfig, problem: Problem, everyone: World) -> type[Executor]:
    """Return the executor that fits the configuration and the number of ranks.

    With several ranks and a model that computes one point at a time, or on request, ranks evaluate for the
    first; otherwise each rank has islands of its own, and evaluates its points itself.
    """
    chosen: type[Executor] = registry().get("executor", config.parallel.executor).thing
    if everyone.size == 1 or chosen.over_ranks:
        return chosen
    slow = isinstance(problem.model.plugin, PointModel)
    if config.parallel.mode == "islands" or (config.parallel.mode == "auto" and not slow):
        return chosen
    able: list[type[Executor]] = [p.thing for p in registry().of_kind("executor") if p.thing.over_ranks]
    if not able:
        raise ParallelError("no executor is installed that evaluates over ranks: use parallel: {mode: islands}")
    return able[0]


def make_executor(cls: type[Executor], choice: Parallel, problem: Problem, directory: Path) -> Executor:
    """Return the executor, with as much of what was asked for as it understands.

    A model that computes one point at a time may call programs of others: it runs in a process of its own unless
    the configuration says otherwise.
    """
    limited = choice.timeout is not None or choice.memory is not None
    fragile = isinstance(problem.model.plugin, PointModel)
    wanted: dict[str, Any] = {
        "workers": choice.workers,
        "isolate": choice.isolation == "process" or (choice.isolation == "auto" and (fragile or limited)),
        "timeout": choice.timeout,
        "memory": choice.memory,
        "logs": directory / "logs",
    }
    known = {"workers", *(option.name for option in options_of(cls))}
    return cls(problem, **{k: v for k, v in wanted.items() if k in known and v is not None})


def on_root(team: World, action: Callable[[], T], directory: Path) -> T:
    """Do something on the first rank only; every rank gets its result, or its error.

    Raises:
        RunError: the directory cannot be written.
    """
    result: tuple[T | None, TerranovaError | None] = (None, None)
    if team.is_root:
        try:
            result = (action(), None)
        except TerranovaError as error:
            result = (None, error)
        except OSError as error:
            result = (None, disk_error(f"{directory} cannot be written", error))
    value, problem = team.bcast(result)
    if problem is not None:
        problem.on_all_ranks = True
        raise problem
    return value  # type: ignore[return-value]
