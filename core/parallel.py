"""Ranks: who else takes part in this run. The only module of the engine that knows MPI, and it asks late."""

from __future__ import annotations

import os
import shutil
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, TypeVar

import numpy as np

from terranova.errors import ConfigError, ParallelError, TerranovaError
from terranova.types import Array

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

GRACE = 2.0
"""Seconds that a failed rank waits to hear whether the others failed as well, before it ends the job."""

_FAREWELL, _VERDICT = 7001, 7002  # message tags


def clean_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment without the variables of MPI, for child processes.

    A child of a rank that inherits them and is linked with MPI takes itself for that rank, and dies.
    """
    source = os.environ if environment is None else environment
    return {name: value for name, value in source.items() if not name.startswith(MPI_VARIABLES)}


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


class World:
    """All processes of this run, seen from one of them. Without a communicator: this process alone.

    Attributes:
        communicator: of mpi4py, None when alone.
        rank: number of this process, from 0.
        size: number of processes.
    """

    def __init__(self, communicator: Any = None) -> None:
        self.communicator = communicator
        self.rank: int = 0 if communicator is None else communicator.Get_rank()
        self.size: int = 1 if communicator is None else communicator.Get_size()

    def __repr__(self) -> str:
        return f"<rank {self.rank} of {self.size}>"

    @property
    def is_root(self) -> bool:
        """True on rank 0, which speaks for all."""
        return self.rank == 0

    def barrier(self) -> None:
        """Wait until every rank is here."""
        if self.communicator is not None:
            self.communicator.barrier()

    def bcast(self, value: T) -> T:
        """Return rank 0's value on every rank."""
        return value if self.communicator is None else self.communicator.bcast(value)  # type: ignore[no-any-return]

    def gather(self, value: T) -> list[T] | None:
        """Return every rank's value, in order, on rank 0; None elsewhere."""
        return [value] if self.communicator is None else self.communicator.gather(value)

    def allgather(self, value: T) -> list[T]:
        """Return every rank's value, in order, on every rank."""
        return [value] if self.communicator is None else self.communicator.allgather(value)  # type: ignore[no-any-return]

    def any(self, flag: bool) -> bool:
        """Return True on every rank if the flag is set on one."""
        return flag if self.communicator is None else any(self.communicator.allgather(bool(flag)))

    def allreduce_sum(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Return the sums over the ranks of arrays of the same names and shapes.

        Whole numbers are summed by MPI. Others are added in the order of the ranks: their sums then have the
        same bits on every rank and in every repetition, which a reduction of MPI does not promise.
        """
        if self.communicator is None:
            return {name: np.array(value) for name, value in arrays.items()}
        total: dict[str, Array] = {}
        for name in sorted(arrays):
            value = np.ascontiguousarray(arrays[name])
            if value.dtype.kind in "iu":
                total[name] = np.empty_like(value)
                self.communicator.Allreduce(value, total[name])
            else:
                parts = self.gather(value)
                total[name] = self.bcast(np.asarray(sum(parts or ())))
        return total

    def abort(self, message: str, exit_code: int = 1, *, culprit: int | None = None) -> NoReturn:
        """Say why, and end the processes of all ranks at once; `culprit` is the rank, if it is another."""
        rank = self.rank if culprit is None else culprit
        prefix = f"rank {rank} of {self.size}: " if self.size > 1 else ""
        print(f"{prefix}{message}", file=sys.stderr)
        sys.stdout.flush()  # MPI's abort leaves buffers unwritten
        sys.stderr.flush()
        if self.communicator is not None:
            self.communicator.Abort(exit_code)
        raise SystemExit(exit_code)


def serial_world() -> World:
    """Return the world of a process that works alone, whoever else there is."""
    return World()


@cache
def world() -> World:
    """Return the world this process was started in; MPI is imported only if there is more than one rank.

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
        sys.stdout.flush()
        sys.stderr.flush()
        communicator.Abort(_exit_code(error))

    sys.excepthook = hook


# ----------------------------------------------------------------------------------------------------
# the end of a program


@dataclass(frozen=True)
class Outcome:
    """How the main function of a rank ended.

    Attributes:
        exit_code: 0 when all is well.
        message: for people; empty when there is nothing to say or it was said already.
    """

    exit_code: int = 0
    message: str = ""


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
        return Outcome(error.exit_code, traceback.format_exc() if debug else _in_words(error))
    except KeyboardInterrupt as error:
        return Outcome(_exit_code(error), "interrupted")
    except OSError as error:  # a full disk, a closed pipe: the words of the system say it all
        return Outcome(1, traceback.format_exc() if debug else f"error: {error}")
    except BaseException as error:
        return Outcome(_exit_code(error), traceback.format_exc())
    return Outcome()


def _in_words(error: TerranovaError) -> str:
    # Diagnostics begin with file:line:column, which editors and terminals recognise only at the start.
    return str(error) if isinstance(error, ConfigError) else f"error: {error}"


def _exit_code(error: BaseException) -> int:
    if isinstance(error, KeyboardInterrupt):
        return 130
    return error.exit_code if isinstance(error, TerranovaError) else 1


def _take_leave(everyone: World, outcome: Outcome) -> Outcome:
    """Wait for the others at the end, but not for ever if something went wrong; return what to leave with."""
    if everyone.is_root:
        return _collect_farewells(everyone, outcome)
    communicator = everyone.communicator
    communicator.isend(outcome, dest=0, tag=_FAREWELL).wait()
    if not outcome.exit_code:
        return outcome
    # Later ranks wait a little longer, so that the first to give up speaks for those with the same trouble.
    deadline = time.monotonic() + GRACE + min(0.05 * everyone.rank, GRACE)
    while time.monotonic() < deadline:
        if communicator.iprobe(source=0, tag=_VERDICT):
            communicator.recv(source=0, tag=_VERDICT)
            return outcome
        time.sleep(0.01)
    everyone.abort(outcome.message or f"left with exit code {outcome.exit_code}", outcome.exit_code)


def _collect_farewells(everyone: World, outcome: Outcome) -> Outcome:
    communicator = everyone.communicator
    outcomes = {0: outcome}
    deadline = time.monotonic() + GRACE if outcome.exit_code else float("inf")
    while len(outcomes) < everyone.size:
        for rank in range(1, everyone.size):
            if rank not in outcomes and communicator.iprobe(source=rank, tag=_FAREWELL):
                outcomes[rank] = communicator.recv(source=rank, tag=_FAREWELL)
                if outcomes[rank].exit_code:
                    deadline = min(deadline, time.monotonic() + GRACE)
        if time.monotonic() > deadline:
            rank, failure = next((r, o) for r, o in sorted(outcomes.items()) if o.exit_code)
            words = failure.message or f"left with exit code {failure.exit_code}"
            everyone.abort(words, failure.exit_code, culprit=rank)
        time.sleep(0.001)
    failures = {rank: o for rank, o in sorted(outcomes.items()) if o.exit_code}
    for message in dict.fromkeys(o.message for o in failures.values() if o.message):
        ranks = [rank for rank, o in failures.items() if o.message == message]
        names = ", ".join(str(rank) for rank in ranks)
        prefix = "" if len(ranks) == everyone.size else f"rank {names}: "
        print(f"{prefix}{message}", file=sys.stderr)
    for rank in failures:
        if rank:
            communicator.send(None, dest=rank, tag=_VERDICT)
    return next(iter(failures.values()), outcome)
