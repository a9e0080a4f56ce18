"""Exit of a program on all ranks: together, with one exit code, and no rank waits for a dead one.

MPI has two ways to end, and both lose something. A rank that just leaves with an error makes the launcher kill the
others, perhaps in the middle of a write, and before their own errors are printed. A rank that waits for the others
at the end waits for ever if one of them hangs. So each rank reports its outcome to the first one, which waits for
all of them as long as nothing went wrong, and a short time otherwise:

- all have reported: errors are printed, one that several ranks share only once; the ranks that failed get an
  acknowledgement, and the first rank leaves with the exit code of the cause;
- some have not, and a failure is known for longer than `GRACE`: they are still at work, or dead; the job is ended.

A failed rank without an acknowledgement ends the job itself, for the first rank may be the one that is dead.
"""

from __future__ import annotations

import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from terranova.errors import (
    EXIT_CTRL_C,
    EXIT_INTERRUPTED,
    ConfigError,
    OutOfMemory,
    ParallelError,
    RankFailed,
    TerranovaError,
    exit_code_of,
    lacks_memory,
)
from terranova.parallel.launchers import detect_launcher
from terranova.parallel.world import World, world_so_far
from terranova.system.memory import no_memory_left
from terranova.system.signals import CommandSignals

GRACE = 2.0
"""Seconds that a failed rank waits to hear whether the others failed as well, before it ends the job."""


_EXIT_REPORT, _ACKNOWLEDGEMENT = 7001, 7002
"""Tags of messages: to the first rank, and back."""


@dataclass(frozen=True)
class Outcome:
    """How the main function of a rank ended.

    Attributes:
        exit_code: 0 when all is well.
        message: for people; empty when there is nothing to say or it was said already.
        echo: True if it only repeats that another rank failed.
        disconnected: True if MPI does not connect the processes of the launcher, which all of them meet.
    """

    exit_code: int = 0
    message: str = ""
    echo: bool = False
    disconnected: bool = False


def run_guarded(main: Callable[[], object], *, debug: bool = False) -> NoReturn:
    """Run a program's main function and leave with its exit code; under MPI no rank waits for a dead one.

    If every rank ends, they leave together, and an error that they all met is printed once. If a rank fails
    while others work on, it prints its error and ends the whole job. A program that has not asked for the other
    ranks leaves by itself, and MPI is not touched.

    Args:
        main: the program.
        debug: show the traceback of errors meant for people too.
    """
    outcome = _outcome(main, debug)
    everyone = world_so_far()
    if everyone is not None and everyone.size > 1:
        outcome = _leave_together(everyone, outcome)
    elif outcome.message and not (outcome.disconnected and _another_speaks()):
        print(outcome.message, file=sys.stderr)
    sys.exit(outcome.exit_code)


def _outcome(main: Callable[[], object], debug: bool) -> Outcome:
    with CommandSignals() as signals:
        outcome = _ended(main, debug)
        if outcome.exit_code and signals.signal:  # whatever a library, such as DuckDB, has made of it
            return _of_signal(signals.signal, outcome.message if debug else "")
        return outcome


def _of_signal(number: int, more: str) -> Outcome:
    code = EXIT_CTRL_C if number == signal.SIGINT else EXIT_INTERRUPTED
    said = "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"
    return Outcome(code, f"{more}{said}; nothing half-written is left, and the same command can be given again")


def _ended(main: Callable[[], object], debug: bool) -> Outcome:
    try:
        main()
    except SystemExit as leaving:
        if isinstance(leaving.code, str):
            return Outcome(1, leaving.code)
        return Outcome(leaving.code or 0)
    except TerranovaError as error:
        message = traceback.format_exc() if debug else _message(error)
        echo, apart = isinstance(error, RankFailed), isinstance(error, ParallelError) and error.on_all_ranks
        return Outcome(error.exit_code, message, echo=echo, disconnected=apart)
    except KeyboardInterrupt as error:
        return Outcome(exit_code_of(error), "interrupted at once; every point that was reported is stored")
    except BaseException as error:
        if lacks_memory(error) and not debug:
            return Outcome(OutOfMemory.exit_code, f"error: {no_memory_left(error)}")
        if isinstance(error, OSError) and not debug:  # a full disk, a closed pipe: the system's message is enough
            return Outcome(1, f"error: {error}")
        return Outcome(exit_code_of(error), traceback.format_exc())
    return Outcome()


def _another_speaks() -> bool:
    launcher = detect_launcher()
    return launcher is not None and launcher.rank > 0


def _message(error: TerranovaError) -> str:
    # Diagnostics begin with file:line:column, which editors and terminals recognise only at the start.
    return str(error) if isinstance(error, ConfigError) else f"error: {error}"


def _leave_together(everyone: World, outcome: Outcome) -> Outcome:
    """Wait for the others at the end, but not for ever if something went wrong; return what to leave with."""
    if everyone.is_root:
        return _collect_exit_reports(everyone, outcome)
    communicator = everyone.communicator
    communicator.isend(outcome, dest=0, tag=_EXIT_REPORT).wait()
    if not outcome.exit_code:
        return outcome
    # Later ranks wait a little longer, so that of several with the same error one prints it; and ranks that only
    # heard of a failure wait longest, so that the rank that failed prints its own error.
    deadline = time.monotonic() + GRACE + min(0.05 * everyone.rank, GRACE) + (GRACE if outcome.echo else 0.0)
    while time.monotonic() < deadline:
        if communicator.iprobe(source=0, tag=_ACKNOWLEDGEMENT):
            communicator.recv(source=0, tag=_ACKNOWLEDGEMENT)
            return outcome
        time.sleep(0.01)
    everyone.abort(outcome.message or f"left with exit code {outcome.exit_code}", outcome.exit_code)


def _collect_exit_reports(everyone: World, outcome: Outcome) -> Outcome:
    """Wait for the outcomes of all ranks, print the errors, and acknowledge them; on the first rank."""
    communicator = everyone.communicator
    outcomes = {0: outcome}
    since = time.monotonic()
    deadline = since + GRACE if outcome.exit_code else float("inf")
    while len(outcomes) < everyone.size:
        for rank in range(1, everyone.size):
            if rank not in outcomes and communicator.iprobe(source=rank, tag=_EXIT_REPORT):
                outcomes[rank] = communicator.recv(source=rank, tag=_EXIT_REPORT)
                if outcomes[rank].exit_code:
                    deadline = min(deadline, time.monotonic() + GRACE)
        if time.monotonic() > deadline:
            rank, failure = _culprit(outcomes)
            message = failure.message or f"left with exit code {failure.exit_code}"
            everyone.abort(message, failure.exit_code, culprit=rank)
        everyone.check_on_others(since)
        time.sleep(0.001)
    failures = {rank: failure for rank, failure in sorted(outcomes.items()) if failure.exit_code}
    _print_errors(failures, everyone.size)
    for rank in failures:
        if rank:
            communicator.send(None, dest=rank, tag=_ACKNOWLEDGEMENT)
    return _culprit(outcomes)[1] if failures else outcome


def _print_errors(failures: Mapping[int, Outcome], ranks: int) -> None:
    """Print each error once, with the ranks that had it; echoes only if there is nothing else."""
    messages = [failure.message for failure in failures.values() if failure.message and not failure.echo]
    messages = messages or [failure.message for failure in failures.values() if failure.message]
    for message in dict.fromkeys(messages):
        affected = [rank for rank, failure in failures.items() if failure.message == message]
        prefix = "" if len(affected) == ranks else f"rank {', '.join(map(str, affected))}: "
        print(f"{prefix}{message}", file=sys.stderr)


def _culprit(outcomes: Mapping[int, Outcome]) -> tuple[int, Outcome]:
    """Return the first rank with an error of its own, else the first that failed, and its outcome."""
    failures = [(rank, failure) for rank, failure in sorted(outcomes.items()) if failure.exit_code]
    return next(((rank, failure) for rank, failure in failures if not failure.echo), failures[0])
