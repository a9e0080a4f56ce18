"""Connection of this process with the others of its MPI job; MPI is imported only if there is more than one."""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any

from terranova.errors import ParallelError, exit_code_of
from terranova.parallel.launchers import LauncherInfo, detect_launcher
from terranova.parallel.standing import Standing, alone_is_asked, standing_of
from terranova.system.environment import limit_threads

FLUSH_SECONDS = 0.2
"""Seconds before ending a job, for a launcher drops what its ranks printed just before."""


def connect() -> Any:
    """Return the communicator of all ranks, of mpi4py; None for a process that works alone.

    Where there are several ranks, numerical libraries are limited to one thread in each.

    Raises:
        ParallelError: a launcher started several processes, but MPI does not connect them.
    """
    launcher = detect_launcher()
    if alone_is_asked() or (launcher is None and "mpi4py.MPI" not in sys.modules):
        return None
    if launcher is not None:
        if launcher.size == 1:
            return None
        standing = standing_of(launcher)
        if standing.alone:
            return None
        if standing is Standing.CUT_OFF:
            raise ParallelError(
                f"{_situation(launcher)}, but it was {standing.value}. Cure: let {_mpirun()} start terranova "
                f"itself, without a program in between; {ALONE_CURE}"
            )
    communicator = _initialise(launcher)
    if communicator.Get_size() == 1:
        return None
    limit_threads()
    _abort_on_uncaught(communicator)
    return communicator


ALONE_CURE = (
    "or use `--alone` (in Python: alone=True) if this process is meant to work alone; `terranova doctor` shows "
    "what was found"
)
"""The end of every message about ranks that are not connected."""


def _initialise(launcher: LauncherInfo | None) -> Any:
    """Initialise MPI and return the communicator of all ranks, if it has as many as the launcher started."""
    situation = _situation(launcher)
    try:
        import mpi4py

        mpi4py.rc.initialize = False  # so that we can look at the library first
        mpi4py.rc.finalize = True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # mpi4py warns of a strange launcher; our own message follows
            from mpi4py import MPI
    except (ImportError, RuntimeError, OSError) as error:
        reason = ": ".join(str(error).splitlines()) or type(error).__name__
        cure = f"Cure: install it with `pip install 'terranova[mpi]'`; {ALONE_CURE}"
        raise for_all(f"{situation}, but Python cannot use MPI: {reason}. {cure}") from error
    vendor = MPI.get_vendor()[0]
    if launcher and launcher.variable.startswith("OMPI_") and "MPICH" in vendor:
        # MPICH's initialisation would end the process under Open MPI's launcher, with a message that does not help.
        cure = f"use {_mpirun()}, or name Open MPI's library in MPI4PY_LIBMPI"
        raise for_all(f"{situation} of Open MPI's launcher, but mpi4py uses {vendor}, so they {_copies(cure)}")
    if not MPI.Is_initialized():
        MPI.Init_thread()
    communicator = MPI.COMM_WORLD
    if launcher and launcher.size and communicator.Get_size() != launcher.size:
        seen = communicator.Get_size()
        if launcher.variable.startswith("SLURM_"):
            raise for_all(f"{situation} of srun, but MPI ({vendor}) sees {seen}: {_slurm(launcher.size, vendor)}")
        cause = "mpi4py uses another MPI than the launcher"
        raise for_all(
            f"{situation}, but MPI ({vendor}) sees {seen}: {cause}, so they {_copies(f'use {_mpirun()}')}"
        )
    return communicator


def _situation(launcher: LauncherInfo | None) -> str:
    if launcher is None:
        return "MPI was imported"
    return f"this is one of {launcher.size or 'several'} processes ({launcher.variable}={launcher.rank})"


def for_all(message: str) -> ParallelError:
    """Return an error that every process of the launcher meets, so that one of them can speak for all."""
    error = ParallelError(message)
    error.on_all_ranks = True
    return error


def _copies(cure: str) -> str:
    return f"would all do the same work. Cure: {cure}; {ALONE_CURE}"


def _slurm(size: int, vendor: str) -> str:
    """Say what may have happened under srun, and what to do in each case."""
    plugin = "pmi2" if "MPICH" in vendor or "Intel" in vendor else "pmix"
    return (
        "this is the interactive shell of a job (srun --pty), or srun was not told which MPI it starts. Cure: "
        "start the ranks from a batch script or the shell of salloc, with "
        f"`srun -n {size} --mpi={plugin} terranova ...` or with {_mpirun()}; {ALONE_CURE}"
    )


def _mpirun() -> str:
    beside = Path(sys.executable).parent / "mpirun"
    return str(beside) if beside.exists() else "the mpirun of the MPI that mpi4py was built for"


def _abort_on_uncaught(communicator: Any) -> None:
    """Let an exception that nobody catches end all ranks: the others would wait for this one for ever."""
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        before(kind, error, trace)
        abort_job(communicator, exit_code_of(error))

    sys.excepthook = hook


def abort_job(communicator: Any, exit_code: int) -> None:
    """End the processes of all ranks at once; what was printed before still reaches people."""
    flush_output()
    time.sleep(FLUSH_SECONDS)
    communicator.Abort(exit_code)


def flush_output() -> None:
    """Write out what was printed: MPI's abort leaves buffers unwritten."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
