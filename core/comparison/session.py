"""Runs the trials of a comparison: in worker processes, one a rank under mpirun, resumable at any moment."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from terranova.comparison.config import ComparisonConfig
from terranova.comparison.trial import MOST_ATTEMPTS, Trial, trials
from terranova.comparison.worker import CONFIG_FILE, work
from terranova.config.consent import made_here
from terranova.errors import EXIT_CTRL_C, EXIT_INTERRUPTED, ParallelError, RunError, RunLocked
from terranova.parallel.world import World, world
from terranova.registry.given import PREFIX
from terranova.store.lock import RunLock
from terranova.system.atomic import write_atomic
from terranova.system.environment import worker_environment
from terranova.system.signals import StopRequest, held

LOOK_AGAIN = 0.3
"""Seconds between two looks at the workers."""

LINE_EVERY = 30.0
"""Seconds between two lines about how far the trials are, where there is no terminal."""

STOP_SECONDS = 60.0
"""How long workers may take to store what they have when asked to stop."""


def run_comparison(config: ComparisonConfig, *, quiet: bool = False, trust: bool = False) -> int:
    """Run all trials of a comparison that have no result yet. Under `mpirun` every rank must make this call.

    Args:
        config: what to run; with 0 workers, the trials run in this process.
        quiet: say nothing.
        trust: workers may run the programs that it names.

    Returns:
        0; or the exit code to leave with when it was asked to stop, or when other processes are still at some
        trials: calling it again goes on.

    Raises:
        RunError: the output directory cannot be written.
        ParallelError: workers do not start.
    """
    ranks = world()
    given = _given_in_python(config)
    if given and ranks.size > 1:
        message = f"{given[0]} is known to the process that was given it only: name a file instead, or use one rank"
        raise ParallelError(message)
    if given and config.workers > 1 and not quiet:
        print(f"note: {given[0]} is known to this process only: the trials run in it, one by one", file=sys.stderr)
    if ranks.is_root:
        for entry in config.problems:
            made_here(entry.problem)
        try:
            config.output.mkdir(parents=True, exist_ok=True)
            write_atomic(config.output / CONFIG_FILE, config.to_yaml())
        except OSError as error:
            raise RunError(f"{config.output} cannot be written: {error.strerror or error}") from error
    ranks.barrier()
    fewest, since = len(list(trials(config))) + 1, time.monotonic()
    while True:
        alone = (config.workers == 0 or given) and ranks.size == 1
        own = work(config) if alone else _supervise(config, ranks, quiet=quiet, trust=trust)
        code = max(ranks.allgather(own))
        # All that we started has ended. What has no result is held by others: workers of an earlier start, if that
        # was killed a moment ago, which end by themselves.
        without = ranks.bcast([trial for trial in trials(config) if trial.result() is None])
        if code or not without:
            return code
        if len(without) < fewest:
            fewest, since = len(without), time.monotonic()
        if ranks.bcast(time.monotonic() - since > STOP_SECONDS):
            if ranks.is_root:
                print(_held(without), file=sys.stderr)
            return RunLocked.exit_code
        time.sleep(LOOK_AGAIN)


def _given_in_python(config: ComparisonConfig) -> list[str]:
    """Return what takes part by a name that means something in this process only."""
    names = [entry.sampler.name for entry in config.samplers]
    for entry in config.problems:
        names.append(entry.problem.model.name)
        names += [constraint for constraint in entry.problem.constraints if isinstance(constraint, str)]
    return [name for name in names if name.startswith(PREFIX)]


def _held(without: Sequence[Trial]) -> str:
    """Say which trials have no result although nothing is left to do here."""
    one = len(without) == 1
    number = "a trial has" if one else f"{len(without)} trials have"
    place = without[0].directory
    try:
        RunLock(place).release()
        why = "its process died" if one else f"the process of {place} died"
    except RunLocked as error:
        why = str(error)
    return f"{number} no result yet: {why.rstrip('.')}. The same command goes on"


def _supervise(config: ComparisonConfig, ranks: World, *, quiet: bool, trust: bool) -> int:
    """Keep workers going until all trials have a result; return 0, or the exit code when asked to stop."""
    wanted = config.workers if ranks.size == 1 else 1
    waiting = list(trials(config))
    total = len(waiting)
    spare = (MOST_ATTEMPTS + 1) * total  # so often a trial may kill its worker before it is given up
    with StopRequest() as stop, _Display(total, quiet=quiet or not ranks.is_root) as display:
        workers = [_start(config.output, trust) for _ in range(min(wanted, total))]
        while workers:
            waiting = [trial for trial in waiting if trial.result() is None]
            display.update(total - len(waiting), waiting[0] if waiting else None)
            if stop.signal:
                _dismiss(workers)
                return stop.exit_code
            time.sleep(LOOK_AGAIN)
            gone = [worker for worker in workers if worker.poll() is not None]
            workers = [worker for worker in workers if worker not in gone]
            for worker in gone:
                if worker.returncode in (EXIT_INTERRUPTED, EXIT_CTRL_C):  # someone asked a worker instead of us
                    _dismiss(workers)
                    return stop.exit_code if stop.signal else worker.returncode
                if worker.returncode > 0:
                    raise ParallelError(f"a worker process ended with exit code {worker.returncode}")
                if worker.returncode < 0 and spare > 0:  # killed by what it ran: another takes its place
                    spare -= 1
                    workers.append(_start(config.output, trust))
        display.update(sum(trial.result() is not None for trial in trials(config)), None)
    return 0


def _start(directory: Path, trust: bool) -> subprocess.Popen[bytes]:
    environment = worker_environment()
    command = [sys.executable, "-P", "-m", "terranova.comparison.worker", str(directory), *["--trust"] * trust]
    # In a process group of its own: Ctrl-C reaches this process alone, which passes it on once. What reaches the
    # worker while Python still loads it waits until it listens.
    with held():
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, process_group=0)


def _dismiss(workers: list[subprocess.Popen[bytes]]) -> None:
    """Ask workers to stop, which stores what they have, and make sure they do."""
    for worker in workers:
        with contextlib.suppress(ProcessLookupError):
            worker.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for worker in workers:
        try:
            worker.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


class _Display:
    """A bar on a terminal, a line now and then elsewhere."""

    def __init__(self, total: int, *, quiet: bool) -> None:
        self._total, self._quiet = total, quiet
        self._printed = -1
        self._printed_at = time.monotonic()
        self._bar: Any = None

    def __enter__(self) -> _Display:
        if not self._quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task("", total=self._total)
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, next_trial: Trial | None) -> None:
        """Show how many trials have a result, and one of those that have not."""
        next_text = ""
        if next_trial is not None:
            next_text = (
                f"{next_trial.problem_entry.label}, {next_trial.sampler_entry.label}, seed {next_trial.seed}"
            )
        if self._bar is not None:
            self._bar.update(self._task, completed=done, description=next_text)
        elif not self._quiet and (done == self._total or time.monotonic() - self._printed_at > LINE_EVERY):
            if done != self._printed:
                print(
                    f"{done} of {self._total} trials done" + (f"; next: {next_text}" if next_text else ""),
                    file=sys.stderr,
                )
            self._printed, self._printed_at = done, time.monotonic()
