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

FLUSH_SECONDS = 0.2
"""Seconds before ending a job, for a launcher drops what its ranks printed just before."""


def connect() -> Any:
    """Return the communicator of all ranks, of mpi4py; None for a process that works alone.

    Raises:
        ParallelError: a launcher started several processes, but MPI does not connect them.
    """
    launcher = detect_launcher()
    if launcher is None and "mpi4py.MPI" not in sys.modules:
        return None
    if launcher is not None and launcher.size == 1:
        return None
    communicator = _initialise(launcher)
    if communicator.Get_size() == 1:
        return None
    _abort_on_uncaught(communicator)
    return communicator


def _initialise(launcher: LauncherInfo | None) -> Any:
    """Initialise MPI and return the communicator of all ranks, if it has as many as the launcher started."""
    started = f"this is one of {launcher.size or 'several'} processes" if launcher else "MPI was imported"
    situation = f"{started} ({launcher.variable}={launcher.rank})" if launcher else started
    cure = _cure()
    try:
        import mpi4py

        mpi4py.rc.initialize = False  # so that we can look at the library first
        mpi4py.rc.finalize = True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # mpi4py warns of a strange launcher; our own message follows
            from mpi4py import MPI
    except (ImportError, RuntimeError, OSError) as error:
        reason = ": ".join(str(error).splitlines()) or type(error).__name__
        raise ParallelError(
            f"{situation}, but Python cannot use MPI: {reason}. Install it with `pip install 'terranova[mpi]'`, "
            "or start a single process. `terranova doctor` shows what was found"
        ) from error
    vendor = MPI.get_vendor()[0]
    if launcher and launcher.variable.startswith("OMPI_") and "MPICH" in vendor:
        # MPICH's initialisation would end the process under Open MPI's launcher, with a message that does not help.
        raise ParallelError(f"{situation} of Open MPI's launcher, but mpi4py uses {vendor}, so they {cure}")
    if not MPI.Is_initialized():
        MPI.Init_thread()
    communicator = MPI.COMM_WORLD
    if launcher and launcher.size and communicator.Get_size() != launcher.size:
        raise ParallelError(
            f"{situation}, but MPI ({vendor}) sees {communicator.Get_size()}: mpi4py uses another MPI than the "
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
