"""Standing of a process in a launcher's job: one of its ranks, a child of one, or typed into a shell.

Launchers speak through variables, and children inherit them: a program that a rank starts, or that is typed into
the shell of `srun --pty`, has the variables of a rank without being one. MPI would end it, or wait for ever.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import Enum
from pathlib import Path

from terranova.parallel.launchers import LauncherInfo
from terranova.system.environment import ALONE

_NO = ("", "0", "false", "no")

_STARTERS = ("proxy", "mpirun", "mpiexec", "prte", "orte", "srun", "slurmstepd")
"""What the names of programs contain that start ranks: their children are ranks, not children of one."""


class Standing(Enum):
    """What a process is to the launcher whose variables it has."""

    ASKED = "asked to work alone"
    SHELL = "typed into the shell of an interactive job"
    CHILD = "started by a rank of an MPI job"
    TASK = "called as a task by mpi4py.futures, whose ranks do other things meanwhile"
    CUT_OFF = "started by another process, which passed a rank's variables on, but not its connection"
    RANK = "one of the launcher's processes"

    @property
    def alone(self) -> bool:
        """True when nothing can be meant but that this process works alone."""
        return self not in (Standing.RANK, Standing.CUT_OFF)


def alone_is_asked(environment: Mapping[str, str] | None = None) -> bool:
    """Say whether `TERRANOVA_ALONE` asks this process to work alone."""
    return (os.environ if environment is None else environment).get(ALONE, "").lower() not in _NO


def standing_of(launcher: LauncherInfo) -> Standing:
    """Find out what this process is to a launcher, without touching MPI. In doubt it is a rank."""
    if alone_is_asked():
        return Standing.ASKED
    if _is_a_task():
        return Standing.TASK
    ancestors = list(_ancestors(launcher.variable))
    if any(_uses_mpi(pid) for pid in ancestors):
        return Standing.CHILD
    if ancestors and launcher.rank == 0 and _reads_a_terminal(ancestors[-1]):
        return Standing.SHELL
    return Standing.CUT_OFF if _is_cut_off() else Standing.RANK


def _is_a_task() -> bool:
    """True when a function of mpi4py.futures has called this one: no other rank will make the same call."""
    frame = sys._getframe() if "mpi4py.futures" in sys.modules else None
    while frame is not None:
        if Path(frame.f_code.co_filename).parts[-3:-1] == ("mpi4py", "futures"):
            return True
        frame = frame.f_back
    return False


def _reads_a_terminal(pid: int) -> bool:
    """True for a shell that somebody types into, as `srun --pty` starts it; ranks read a pipe, or nothing."""
    try:
        return os.readlink(f"/proc/{pid}/fd/0").startswith(("/dev/pts/", "/dev/tty"))
    except OSError:
        return False


def _is_cut_off() -> bool:
    """True when the connection to the launcher that a variable names is not open in this process.

    Launchers leave an open socket to their ranks; Python's subprocess closes it in children.
    """
    for variable in ("PMI_FD", "PMI2_FD"):
        number = os.environ.get(variable, "")
        if number.isdecimal():
            try:
                return not stat.S_ISSOCK(os.fstat(int(number)).st_mode)
            except OSError:
                return True
    return False


def _ancestors(variable: str) -> Iterator[int]:
    """Yield the processes between the launcher and this one: those that have its variable, nearest first.

    Where the system does not show them, there are none.
    """
    mine = f"{variable}={os.environ.get(variable)}".encode()
    pid = os.getppid()
    with suppress(OSError, ValueError, IndexError):
        while pid > 1:
            process = Path(f"/proc/{pid}")
            name = (process / "comm").read_text()
            if any(word in name for word in _STARTERS) or mine not in (process / "environ").read_bytes().split(
                b"\0"
            ):
                return
            yield pid
            pid = int((process / "stat").read_text().rpartition(")")[2].split()[1])


def _uses_mpi(pid: int) -> bool:
    """True when a process has an MPI library in its memory."""
    try:
        with Path(f"/proc/{pid}/maps").open(errors="replace") as lines:
            return any("/libmpi" in line for line in lines)
    except OSError:
        return False
