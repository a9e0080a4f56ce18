"""Ranks: who else takes part in this run. The only module of the engine that knows MPI, and it asks late."""

from __future__ import annotations

import os
import shutil
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, TypeVar

import numpy as np

from terranova.errors import EXIT_CTRL_C, ConfigError, ParallelError, RankFailed, RankSilent, TerranovaError
from terranova.parallel.heartbeat import Vigil
from terranova.system.signals import Interrupted, StopRequest
from terranova.types import Array

__all__ = ["Interrupted", "Launch", "Nap", "World", "clean_environment", "find_launch", "run_guarded", "world"]

T = TypeVar("T")

LAUNCHERS = (
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    ("PMIX_RANK", "SLURM_STEP_NUM_TASKS"),
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
)
"""The variables in which launchers put rank and size.

SLURM_NTASKS is not among them: Slurm sets it in a batch script too, where one process runs alone.
SLURM_STEP_NUM_TASKS exists only where srun started the process.
"""

MPI_VARIABLES = ("PMI", "OMPI_", "MV2_", "HYDI", "HYDRA_", "MPI_", "MPIR_", "PRTE_")
"""How the names of variables begin that tie a process to the MPI job it was started by."""

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables by which numerical libraries are told how many threads to start."""

GRACE = 2.0
"""Seconds that a failed rank waits to hear whether the others failed as well, before it ends the job."""

LAST_WORDS = 0.2
"""Seconds before ending a job, for a launcher drops what its ranks said just before."""

PATIENCE = 3600.0
"""Seconds without a sign of life after which a rank is given up, where no configuration says otherwise."""

_FAREWELL, _VERDICT, _NEWS = 7001, 7002, 7003  # message tags


def clean_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment without the variables of MPI, for child processes.

    A child of a rank that inherits them and is linked with MPI takes itself for that rank, and dies.
    """
    source = os.environ if environment is None else environment
    return {name: value for name, value in source.items() if not name.startswith(MPI_VARIABLES)}


def worker_environment() -> dict[str, str]:
    """Return the environment of a process that computes beside others: without MPI, and of one thread.

    Several processes of several threads each would compete for the cores; who wants more threads sets the variable.
    """
    return {**dict.fromkeys(ONE_THREAD, "1"), **clean_environment()}


@dataclass(frozen=True)
class Launch:
    """What the launcher says about this process.

    Attributes:
        rank: its number.
        size: of the job; 0 when the launcher does not say.
        variable: where the rank was read.
    """

    rank: int
    size: int
    variable: str


def find_launch(environment: Mapping[str, str] | None = None) -> Launch | None:
    """Read rank and size from the environment, without touching MPI; None for a process started alone."""
    source = os.environ if environment is None else environment
    for rank, size in LAUNCHERS:
        if rank in source and (size in source or rank == "PMIX_RANK"):
            try:
                return Launch(int(source[rank]), int(source.get(size, 0)), rank)
            except ValueError:
                continue
    return None


def find_launcher() -> Path | None:
    """Return the mpirun that belongs to this Python if there is one, else the first on the PATH."""
    beside = Path(sys.executable).parent
    for folder in (str(beside), None):
        for name in ("mpirun", "mpiexec"):
            found = shutil.which(name, path=folder)
            if found:
                return Path(found)
    return None


class Nap:
    """Waits for a message: at first without a pause, then in naps of a tenth of the time waited so far.

    MPI's own waiting keeps a core busy all the time, and Python handles no signal meanwhile.
    """

    def __init__(self) -> None:
        self.since = time.monotonic()
        self._looks = 0

    def take(self) -> None:
        """Wait a little; call it after each look that found nothing."""
        self._looks += 1
        waited = time.monotonic() - self.since
        time.sleep(0.0 if self._looks < 20 else min(max(0.1 * waited, 2e-5), 1e-3))


class World:
    """All processes of this run, seen from one of them. Without a communicator: this process alone.

    Every exchange first waits until all ranks have come to it. That wait hears signals, and what other ranks
    have to say meanwhile: that someone asked to stop, or that one has failed; and it ends when one of them has
    shown no sign of life for too long.

    Attributes:
        communicator: of mpi4py, None when alone.
        rank: number of this process, from 0.
        size: number of processes.
        stop: who listens to signals, None when nobody does.
    """

    def __init__(self, communicator: Any = None) -> None:
        self.communicator = communicator
        self.rank: int = 0 if communicator is None else communicator.Get_rank()
        self.size: int = 1 if communicator is None else communicator.Get_size()
        self.stop: StopRequest | None = None
        self._vigil: Vigil | None = None
        self._patience = PATIENCE
        self._told = False

    def __repr__(self) -> str:
        return f"<rank {self.rank} of {self.size}>"

    @property
    def is_root(self) -> bool:
        """True on rank 0, which speaks for all."""
        return self.rank == 0

    # -- between exchanges ----------------------------------------------------------------------------------

    @contextmanager
    def together(self, stop: StopRequest) -> Iterator[World]:
        """Do something with all ranks, in which none is left waiting for one that fails.

        Yields a world of its own, which `world()` returns meanwhile. If this rank leaves with an exception, the
        others learn of it: they raise `RankFailed` wherever they wait.
        """
        team = self
        if self.communicator is not None:
            self._meet()
            team = World(self.communicator.Dup())
        before, team.stop = team.stop, stop
        _current.append(team)
        try:
            yield team
        except BaseException as error:
            team._spread(error)
            raise
        else:
            if team is not self:
                team.communicator.Free()
        finally:
            _current.pop()
            team.stop = before
            if team._vigil is not None:
                team._vigil.end()
                team._vigil = None

    def watch_over(self, directory: Path, patience: float) -> None:
        """From now on, show signs of life in the run directory, and look for those of the others.

        Alone too: a supervisor may be looking.

        Args:
            directory: of the run; it exists.
            patience: seconds without a sign after which a rank counts as hanging.
        """
        self._patience = patience
        self._vigil = Vigil(directory, self.rank, self.size, patience)

    def attend(self) -> None:
        """Hear what other ranks have to say, and show a sign of life. Call it now and then; it costs little.

        Raises:
            RankFailed: another rank left with an exception.
        """
        if self._vigil is not None:
            self._vigil.sign()
        if self.communicator is None:
            return
        if self.stop is not None and self.stop.signal and not self._told:
            self._told = True
            self._tell(self.stop.signal)
        while self.communicator.iprobe(tag=_NEWS):
            news = self.communicator.recv(tag=_NEWS)
            if isinstance(news, RankFailed):
                raise news
            if self.stop is not None:
                self._told = True  # whoever began tells everybody
                self.stop.ask(news)

    def wait(self, ready: Callable[[], bool]) -> None:
        """Wait until something is so that depends on other ranks, attending meanwhile.

        Raises:
            RankFailed: another rank left with an exception.
        """
        nap = Nap()
        while not ready():
            self.attend()
            self.check_on_others(nap.since)
            nap.take()

    def check_on_others(self, since: float) -> None:
        """End all ranks if one has been silent for too long.

        Args:
            since: when this rank began to wait, as `time.monotonic()` gave it.
        """
        if time.monotonic() - since < self._patience:
            return
        if self._vigil is None:
            waited = RankSilent(f"waited {self._patience:g} s for the other ranks, in vain: one of them hangs")
            self.abort(f"error: {waited}", waited.exit_code)
        silent = self._vigil.silent()
        if silent:
            names = ", ".join(self._vigil.describe(rank) for rank in silent)
            error = RankSilent(
                f"no sign of life for {self._patience:g} s from {names}: it hangs, or it needs longer than that "
                "for one point, or for one call of a vectorised model; for those, raise parallel.patience. Every "
                "point that was reported is stored"
            )
            self.abort(f"error: {error}", error.exit_code)

    def _spread(self, error: BaseException) -> None:
        """Tell the others that this rank failed, unless they told it, or all have met the same."""
        if (
            self.communicator is None
            or isinstance(error, RankFailed)
            or (isinstance(error, TerranovaError) and error.on_all_ranks)
        ):
            return
        words = f"rank {self.rank} failed: {type(error).__name__}: {error}"
        failure = RankFailed(words[:2000])
        failure.exit_code = exit_code_of(error)
        self._tell(failure)

    def _tell(self, news: int | RankFailed) -> None:
        for rank in range(self.size):
            if rank != self.rank:
                # Small enough to travel at once, whether or not anybody ever listens.
                self.communicator.isend(news, dest=rank, tag=_NEWS)

    def _meet(self) -> None:
        """Wait until every rank is here."""
        arrived = self.communicator.Ibarrier()
        self.wait(arrived.Test)

    # -- exchanges: every rank has to make the same ones, in the same order -----------------------------------

    def barrier(self) -> None:
        """Wait until every rank is here."""
        if self.communicator is not None:
            self._meet()

    def bcast(self, value: T) -> T:
        """Return rank 0's value on every rank."""
        if self.communicator is None:
            return value
        self._meet()
        return self.communicator.bcast(value)  # type: ignore[no-any-return]

    def gather(self, value: T) -> list[T] | None:
        """Return every rank's value, in order, on rank 0; None elsewhere."""
        if self.communicator is None:
            return [value]
        self._meet()
        return self.communicator.gather(value)  # type: ignore[no-any-return]

    def allgather(self, value: T) -> list[T]:
        """Return every rank's value, in order, on every rank."""
        if self.communicator is None:
            return [value]
        self._meet()
        return self.communicator.allgather(value)  # type: ignore[no-any-return]

    def any(self, flag: bool) -> bool:
        """Return True on every rank if the flag is set on one."""
        return flag if self.communicator is None else any(self.allgather(bool(flag)))

    def allreduce_sum(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Return the sums over the ranks of arrays of the same names and shapes.

        Whole numbers are summed by MPI. Others are added in the order of the ranks: their sums then have the
        same bits on every rank and in every repetition, which a reduction of MPI does not promise.
        """
        if self.communicator is None:
            return {name: np.array(value) for name, value in arrays.items()}
        self._meet()
        total: dict[str, Array] = {}
        for name in sorted(arrays):
            value = np.ascontiguousarray(arrays[name])
            if value.dtype.kind in "iu":
                total[name] = np.empty_like(value)
                self.communicator.Allreduce(value, total[name])
            else:
                parts = self.communicator.gather(value)
                total[name] = self.communicator.bcast(np.asarray(sum(parts or ())))
        return total

    def abort(self, message: str, exit_code: int = 1, *, culprit: int | None = None) -> NoReturn:
        """Say why, and end the processes of all ranks at once; `culprit` is the rank, if it is another."""
        rank = self.rank if culprit is None else culprit
        prefix = f"rank {rank} of {self.size}: " if self.size > 1 else ""
        print(f"{prefix}{message}", file=sys.stderr)
        _flush()
        if self.communicator is not None:
            time.sleep(LAST_WORDS)
            self.communicator.Abort(exit_code)
        raise SystemExit(exit_code)


def _flush() -> None:
    """Write out what was printed: MPI's abort leaves buffers unwritten."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def serial_world() -> World:
    """Return the world of a process that works alone, whoever else there is."""
    return World()


_current: list[World] = []
"""The worlds of `World.together`, the innermost last."""


def world() -> World:
    """Return the world of this process; MPI is imported only if there is more than one rank.

    Within `World.together` that is the one it has yielded.

    Raises:
        ParallelError: a launcher started several processes, but MPI does not connect them.
    """
    return _current[-1] if _current else _whole_world()


@cache
def _whole_world() -> World:
    """Return the world this process was started in.

    Raises:
        ParallelError: a launcher started several processes, but MPI does not connect them.
    """
    launch = find_launch()
    if launch is None and "mpi4py.MPI" not in sys.modules:
        return World()
    if launch is not None and launch.size == 1:
        return World()
    communicator = _connect(launch)
    if communicator.Get_size() == 1:
        return World()
    _abort_on_uncaught(communicator)
    return World(communicator)


def _connect(launch: Launch | None) -> Any:
    """Initialise MPI and return the communicator of all ranks, if it has as many as the launcher started."""
    started = f"this is one of {launch.size or 'several'} processes" if launch else "MPI was imported"
    said = f"{started} ({launch.variable}={launch.rank})" if launch else started
    cure = _cure()
    try:
        import mpi4py

        mpi4py.rc.initialize = False  # so that we can look at the library first
        mpi4py.rc.finalize = True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # mpi4py's own words on a strange launcher; ours follow
            from mpi4py import MPI
    except (ImportError, RuntimeError, OSError) as error:
        words = ": ".join(str(error).splitlines()) or type(error).__name__
        raise ParallelError(
            f"{said}, but Python cannot use MPI: {words}. Install it with `pip install 'terranova[mpi]'`, "
            "or start a single process. `terranova doctor` shows what was found"
        ) from error
    vendor = MPI.get_vendor()[0]
    if launch and launch.variable.startswith("OMPI_") and "MPICH" in vendor:
        # MPICH's initialisation would end the process under Open MPI's launcher, with words for no one.
        raise ParallelError(f"{said} of Open MPI's launcher, but mpi4py uses {vendor}, so they {cure}")
    if not MPI.Is_initialized():
        MPI.Init_thread()
    communicator = MPI.COMM_WORLD
    if launch and launch.size and communicator.Get_size() != launch.size:
        raise ParallelError(
            f"{said}, but MPI ({vendor}) sees {communicator.Get_size()}: mpi4py uses another MPI than the "
            f"launcher, so they {cure}"
        )
    return communicator


def _cure() -> str:
    launcher = Path(sys.executable).parent / "mpirun"
    use = f"use {launcher}" if launcher.exists() else "use the mpirun of the MPI that mpi4py was built for"
    return f"would all do the same work. Cure: {use}; `terranova doctor` shows what was found"


def _abort_on_uncaught(communicator: Any) -> None:
    """Let an exception that nobody catches end all ranks: the others would wait for this one for ever."""
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        before(kind, error, trace)
        _flush()
        time.sleep(LAST_WORDS)
        communicator.Abort(exit_code_of(error))

    sys.excepthook = hook


# ----------------------------------------------------------------------------------------------------
# the end of a program


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
    launch = find_launch()
    everyone: World | None = None
    with suppress(ParallelError):  # who needs the other ranks meets it again; other commands work
        everyone = world()
    outcome = _outcome(main, debug)
    if everyone is None or everyone.size == 1:
        disconnected = everyone is None and launch is not None and launch.rank > 0
        if outcome.message and not disconnected:
            print(outcome.message, file=sys.stderr)
    else:
        outcome = _take_leave(everyone, outcome)
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


def exit_code_of(error: BaseException) -> int:
    """Return the exit code of a program that ends with this error."""
    if isinstance(error, KeyboardInterrupt):
        return EXIT_CTRL_C
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    return error.exit_code if isinstance(error, TerranovaError) else 1


def _take_leave(everyone: World, outcome: Outcome) -> Outcome:
    """Wait for the others at the end, but not for ever if something went wrong; return what to leave with."""
    if everyone.is_root:
        return _collect_farewells(everyone, outcome)
    communicator = everyone.communicator
    communicator.isend(outcome, dest=0, tag=_FAREWELL).wait()
    if not outcome.exit_code:
        return outcome
    # Later ranks wait a little longer, so that the first to give up speaks for those with the same trouble; and
    # whoever only heard of a failure leaves the word to the one that had it.
    deadline = time.monotonic() + GRACE + min(0.05 * everyone.rank, GRACE) + (GRACE if outcome.echo else 0.0)
    while time.monotonic() < deadline:
        if communicator.iprobe(source=0, tag=_VERDICT):
            communicator.recv(source=0, tag=_VERDICT)
            return outcome
        time.sleep(0.01)
    everyone.abort(outcome.message or f"left with exit code {outcome.exit_code}", outcome.exit_code)


def _collect_farewells(everyone: World, outcome: Outcome) -> Outcome:
    communicator = everyone.communicator
    outcomes = {0: outcome}
    nap = Nap()
    deadline = nap.since + GRACE if outcome.exit_code else float("inf")
    while len(outcomes) < everyone.size:
        for rank in range(1, everyone.size):
            if rank not in outcomes and communicator.iprobe(source=rank, tag=_FAREWELL):
                outcomes[rank] = communicator.recv(source=rank, tag=_FAREWELL)
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
            communicator.send(None, dest=rank, tag=_VERDICT)
    return _culprit(outcomes)[1] if failures else outcome


def _culprit(outcomes: Mapping[int, Outcome]) -> tuple[int, Outcome]:
    """Return the first rank that failed of its own accord, else the first that failed, and how."""
    failures = [(rank, o) for rank, o in sorted(outcomes.items()) if o.exit_code]
    return next(((rank, o) for rank, o in failures if not o.echo), failures[0])
