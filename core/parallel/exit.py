"""The end of a program: ranks leave together, with one exit code, and no rank waits for a dead one."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from terranova.errors import ConfigError, ParallelError, RankFailed, TerranovaError, exit_code_of
from terranova.parallel.launchers import detect_launcher
from terranova.parallel.world import Backoff, World, world

GRACE = 2.0
"""Seconds that a failed rank waits to hear whether the others failed as well, before it ends the job."""


_EXIT_REPORT, _ACKNOWLEDGE = 7001, 7002  # message tags


@dataclass(frozen=True)
class Outcome:
    """How the main function of a rank ended.

    Attributes:
        exit_code: 0 when all is well.
        message: for people; empty when there is nothing to say or it was said already.
        echo: True if it only repeats that another rank failed.
    """

    exit_code: int = 0
    message: str = ""
    echo: bool = False


def run_guarded(main: Callable[[], object], *, debug: bool = False) -> NoReturn:
    """Run a program's main function and leave with its exit code; under MPI no rank waits for a dead one.

    If every rank ends, they end in peace, and an error that they all met is printed once. If a rank fails
    while others work on, it prints its error and ends the whole job.

    Args:
        main: the program.
        debug: show the traceback of errors meant for people too.
    """
    launch = detect_launcher()
    everyone: World | None = None
    with suppress(ParallelError):  # who needs the other ranks meets it again; other commands work
        everyone = world()
    outcome = _outcome(main, debug)
    if everyone is None or everyone.size == 1:
        disconnected = everyone is None and launch is not None and launch.rank > 0
        if outcome.message and not disconnected:
            print(outcome.message, file=sys.stderr)
    else:
        outcome = _leave_together(everyone, outcome)
    sys.exit(outcome.exit_code)


def _outcome(main: Callable[[], object], debug: bool) -> Outcome:
    try:
        main()
    except SystemExit as leaving:
        if isinstance(leaving.code, str):
            return Outcome(1, leaving.code)
        return Outcome(leaving.code or 0)
    except TerranovaError as error:
        words = traceback.format_exc() if debug else _in_words(error)
        return Outcome(error.exit_code, words, echo=isinstance(error, RankFailed))
    except KeyboardInterrupt as error:
        return Outcome(exit_code_of(error), "interrupted at once; every point that was reported is stored")
    except OSError as error:  # a full disk, a closed pipe: the words of the system say it all
        return Outcome(1, traceback.format_exc() if debug else f"error: {error}")
    except BaseException as error:
        return Outcome(exit_code_of(error), traceback.format_exc())
    return Outcome()


def _in_words(error: TerranovaError) -> str:
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
    # Later ranks wait a little longer, so that the first to give up speaks for those with the same trouble; and
    # whoever only heard of a failure leaves the word to the one that had it.
    deadline = time.monotonic() + GRACE + min(0.05 * everyone.rank, GRACE) + (GRACE if outcome.echo else 0.0)
    while time.monotonic() < deadline:
        if communicator.iprobe(source=0, tag=_ACKNOWLEDGE):
            communicator.recv(source=0, tag=_ACKNOWLEDGE)
            return outcome
        time.sleep(0.01)
    everyone.abort(outcome.message or f"left with exit code {outcome.exit_code}", outcome.exit_code)


def _collect_exit_reports(everyone: World, outcome: Outcome) -> Outcome:
    communicator = everyone.communicator
    outcomes = {0: outcome}
    nap = Backoff()
    deadline = nap.since + GRACE if outcome.exit_code else float("inf")
    while len(outcomes) < everyone.size:
        for rank in range(1, everyone.size):
            if rank not in outcomes and communicator.iprobe(source=rank, tag=_EXIT_REPORT):
                outcomes[rank] = communicator.recv(source=rank, tag=_EXIT_REPORT)
                if outcomes[rank].exit_code:
                    deadline = min(deadline, time.monotonic() + GRACE)
        if time.monotonic() > deadline:
            rank, failure = _culprit(outcomes)
            words = failure.message or f"left with exit code {failure.exit_code}"
            everyone.abort(words, failure.exit_code, culprit=rank)
        everyone.check_on_others(nap.since)
        time.sleep(0.001)
    failures = {rank: o for rank, o in sorted(outcomes.items()) if o.exit_code}
    said = [o.message for o in failures.values() if o.message and not o.echo]
    said = said or [o.message for o in failures.values() if o.message]
    for message in dict.fromkeys(said):
        ranks = [rank for rank, o in failures.items() if o.message == message]
        names = ", ".join(str(rank) for rank in ranks)
        prefix = "" if len(ranks) == everyone.size else f"rank {names}: "
        print(f"{prefix}{message}", file=sys.stderr)
    for rank in failures:
        if rank:
            communicator.send(None, dest=rank, tag=_ACKNOWLEDGE)
    return _culprit(outcomes)[1] if failures else outcome


def _culprit(outcomes: Mapping[int, Outcome]) -> tuple[int, Outcome]:
    """Return the first rank that failed of its own accord, else the first that failed, and how."""
    failures = [(rank, o) for rank, o in sorted(outcomes.items()) if o.exit_code]
    return next(((rank, o) for rank, o in failures if not o.echo), failures[0])
