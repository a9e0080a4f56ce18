"""Sessions of a scan: start a new run, or resume one, on all ranks."""

from __future__ import annotations

import json
import logging
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from terranova.config import ScanConfig, build_problem, load_config
from terranova.config.consent import Consent, made_here
from terranova.config.scan import Budget
from terranova.engine.compilation import compilation
from terranova.engine.display import choose, preparing
from terranova.engine.executors import choose_executor, make_executor
from terranova.engine.inheritance import take_over
from terranova.engine.islands import deal, make_archipelago
from terranova.engine.loop import Scan
from terranova.engine.replay import Replay
from terranova.engine.restart import choose_checkpoint
from terranova.engine.status import publish_completeness, publish_resumed
from terranova.errors import ConfigError, Diagnostic, ParallelError, RunMismatch
from terranova.evaluation.executor import Executor, Watch
from terranova.evaluation.problem import Problem
from terranova.interfaces.sampler import Archipelago
from terranova.parallel.on_root import on_root
from terranova.parallel.world import World, serial_world, world
from terranova.registry import registry
from terranova.runs import provenance
from terranova.runs.compatibility import Changes, check_same, note, warn
from terranova.runs.derived import refuse_derived
from terranova.runs.directory import claim
from terranova.runs.run import CONFIG, NOT_REPRODUCIBLE, SUMMARY, Run
from terranova.runs.spot_check import spot_check
from terranova.store import Schema, Writer, load_manifest, salvage, settle
from terranova.store.lock import RunLock
from terranova.system.atomic import make_directory, write_atomic
from terranova.system.signals import StopRequest

FINISHED = ("evaluations", "valid", "sampler")
"""Reasons to stop after which there is nothing to resume, unless the budget grows."""

CHECK_SHARE = 0.02
"""Of the time of a scan, the most that its own rows may cost to be evaluated again at its end."""

log = logging.getLogger("terranova")


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
        output, problem = config.output, build_problem(config.problem)
        with ExitStack() as held:  # by the first rank: the lock of the directory
            directory = on_root(everyone, lambda: _prepare(output, next_free, config, problem, held), output)
            return _Session(config, problem, everyone, stop, directory, changes=None, quiet=quiet).run()


def _prepare(output: Path, next_free: bool, config: ScanConfig, problem: Problem, held: ExitStack) -> Path:
    """Take and make the directory of a new run; return which it is."""
    manifest = provenance.make_manifest(config, problem)
    directory, lock = claim(output, next_free=next_free)
    held.enter_context(lock)
    made_here(config.problem)
    problem.say_notices()
    make_directory(directory / "points")
    write_atomic(directory / CONFIG, config.to_yaml())
    manifest.save(directory)  # last: with it, the directory is a run
    return directory


def resume(
    directory: Path,
    file: Path | None = None,
    *,
    evaluations: int | None = None,
    wall: float | str | None = None,
    valid: int | None = None,
    recompute_missing: bool = False,
    quiet: bool = False,
    trust: bool = False,
) -> tuple[Run, str]:
    """Go on with a run that was stopped or killed; it ends with the same points as if it never had been.

    Args:
        directory: of the run.
        file: a configuration to go on with, in which budget, output and all about execution may have changed;
            that of the run if None. The run stays in its directory.
        evaluations: a larger budget of evaluations than the run was started with.
        wall: a larger budget of wall time, earlier sessions included: seconds, or a duration such as "20m".
        valid: a larger budget of valid points.
        recompute_missing: set damaged files aside, and evaluate again the points that were in them.
        quiet: show no progress.
        trust: the programs that it names may run.

    Returns:
        the run, and why it stopped (see `Scan.run`); "finished" if there was nothing left to do.

    Raises:
        StoreCorrupt: files are damaged or missing, and they are not to be computed again.
        ConfigError: a budget that makes no sense.
        NotTrusted: it names programs that nobody has agreed to.
        RunError: not a run directory, or one that another process is writing to.
        RunMismatch: its configuration no longer means what it meant, or the budget is smaller than it was.
    """
    budget = {"evaluations": evaluations, "wall": wall, "valid": valid}
    budget = {name: value for name, value in budget.items() if value is not None}
    with StopRequest() as stop, world().together(stop) as everyone:
        if recompute_missing:
            on_root(everyone, lambda: salvage(directory), directory)
        load_manifest(directory)  # says so if it is no run
        refuse_derived(directory)
        consent = Consent(trust, team=everyone)
        before = load_config(directory / CONFIG, consent=consent)
        source = file if file is not None else directory / CONFIG
        config = load_config(source, budget=budget or None, islands=before.sampler.islands, consent=consent)
        config = replace(config, output=directory)
        problem = build_problem(config.problem)
        changes = check_same(directory, before, config, problem)
        on_root(everyone, lambda: _check_larger(before.budget, config.budget, Run(directory)), directory)
        if on_root(everyone, lambda: _finished(directory, before.budget, config.budget), directory):
            on_root(everyone, lambda: settle(directory), directory)
            return Run(directory), "finished"
        if everyone.is_root:
            warn(changes)
            problem.say_notices()
        return _Session(config, problem, everyone, stop, directory, changes=changes, quiet=quiet).run()


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


@dataclass(frozen=True)
class _Session:
    """One session of a scan, on one rank.

    Attributes:
        config: what to do.
        problem: made of that.
        everyone: all ranks.
        stop: who listens to signals.
        directory: of the run, which exists.
        changes: what differs from the session before; None in the first session of a run.
        quiet: show no progress.
    """

    config: ScanConfig
    problem: Problem
    everyone: World
    stop: StopRequest
    directory: Path
    changes: Changes | None
    quiet: bool

    def run(self) -> tuple[Run, str]:
        """Scan, or evaluate for the first rank; return the run, and why it stopped, or "served"."""
        config, everyone = self.config, self.everyone
        executor_class = choose_executor(config.parallel, self.problem, everyone)
        everyone.watch_over(self.directory, config.parallel.patience)
        if executor_class.over_ranks and not everyone.is_root:
            executor_class.serve(self.problem)
            return Run(self.directory), "served"
        # The ranks that have islands, which meet after each epoch: all of them, or only this one.
        team = serial_world() if executor_class.over_ranks else everyone
        if team.size > config.sampler.islands:
            raise ParallelError(
                f"{team.size} ranks, but sampler.islands is {config.sampler.islands}: "
                "each rank needs an island at least; raise it, or start fewer ranks"
            )
        # A new run's lock is held already.
        with RunLock(self.directory) if team.is_root and self.changes is not None else nullcontext():
            run = Run(self.directory)
            reason = self._scan(team, executor_class, run)
            team.barrier()  # nobody leaves while others still write, which ends the job if they leave with an error
        return run, reason

    def _begin_again(self, directory: Path, changes: Changes, executor: Executor) -> None:
        """Note that another session begins, unless the stored points say that it must not.

        Raises:
            RunMismatch: stored points give other values when they are evaluated again.
        """
        check = spot_check(Run(directory), self.problem, executor.evaluate)
        check.require_same(f"cannot resume {self.directory}", "Start a new run, or put back what has changed")
        if text := check.note():
            log.warning("%s: %s", self.directory, text)
        note(directory, self.everyone.size, changes, check)
        made_here(self.config.problem)
        publish_resumed(directory)
        write_atomic(directory / CONFIG, self.config.to_yaml())

    def _check_rows(self, directory: Path, run: Run, executor: Executor, seconds: float) -> None:
        """Evaluate a few of the rows again that this session has stored, and say so where the values are others."""
        executor.watch = Watch()
        check = spot_check(run, self.problem, executor.evaluate, seconds=seconds, at_least=0)
        if text := check.warning():
            log.warning("%s", text)
            summary = {**run.summary, NOT_REPRODUCIBLE: text}
            with suppress(OSError):  # it has been said
                write_atomic(directory / SUMMARY, json.dumps(summary, indent=1) + "\n")

    def _scan(self, team: World, executor_class: type[Executor], run: Run) -> str:
        """Scan this rank's share of the islands; return why it stopped."""
        config, problem = self.config, self.problem
        directory = self.directory.absolute()  # a model may change the current directory
        columns = provenance.stored_columns(config, problem)
        share = deal(config.sampler.islands, team.rank, team.size)
        plugin = registry().get("sampler", config.sampler.name).target

        def make() -> Archipelago:
            return make_archipelago(plugin, problem.search_space, config.seed, share, config.sampler.options)

        archipelago = make()
        checkpoint = replay = None
        title = f"terranova  {config.problem.model.name}  {config.sampler.name}  → {directory}"
        with make_executor(executor_class, config.parallel, problem, directory) as executor:
            compilation().listen()
            with preparing(f"model {config.problem.model.name}", root=team.is_root, quiet=self.quiet):
                executor.warm_up()
            if self.changes is not None:
                changes = self.changes
                inherited = take_over(team, directory, self._schema(directory), share)
                on_root(team, lambda: self._begin_again(directory, changes, executor), self.directory)
                checkpoint = choose_checkpoint(
                    directory, team, share, config.sampler.islands, make, inherited.charge
                )
                first = checkpoint.generation if checkpoint is not None else 0
                whole = config.store.keep == "all" and columns is None
                replay = Replay(directory, problem, first, whole=whole, of=(share, inherited))
            with (
                choose(title, root=team.is_root, quiet=self.quiet) as progress,
                Writer(
                    directory,
                    self._schema(directory),
                    writer=team.rank,
                    keep=config.store.keep,
                    observable_columns=columns,
                    durability=config.store.durability,
                    run_id=load_manifest(directory).run_id,
                ) as writer,
            ):
                compilation().tell = progress.message
                team.barrier()  # the clock starts, and nobody writes before everybody has seen what is there
                scan = Scan(
                    config,
                    problem,
                    archipelago,
                    share,
                    team,
                    self.everyone,
                    self.stop,
                    executor,
                    writer,
                    directory,
                    replay=replay,
                    checkpoint=checkpoint,
                    progress=progress,
                )
                reason = scan.run()
            if team.is_root and reason in (*FINISHED, "wall"):
                self._check_rows(directory, run, executor, CHECK_SHARE * scan.clock.seconds)
                publish_completeness(directory, run)
            return reason

    def _schema(self, directory: Path) -> Schema:
        """Return the columns of the run; one begun before there were probes goes on without that column."""
        return replace(provenance.schema(self.config, self.problem), probe=load_manifest(directory).schema.probe)
