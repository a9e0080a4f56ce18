"""MPI: the library, the launcher, and whether ranks find each other."""

from __future__ import annotations

import os
import platform
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from terranova.installation.finding import Finding, Level
from terranova.installation.machine import cores
from terranova.installation.software import version_of
from terranova.parallel.launchers import find_mpirun
from terranova.parallel.world import World
from terranova.system.environment import clean_environment, threads_here

TRIAL_SECONDS = 30.0
"""How long the trial of the launcher may take."""


def mpi(*, alone: bool) -> list[Finding]:
    """The MPI library and the launcher, and whether they fit.

    Args:
        alone: this process was not started by a launcher, so the launcher may be tried.
    """
    if not version_of("mpi4py"):
        cure = "optional: pip install 'terranova[mpi]'"
        return [Finding("mpi4py", "not installed", Level.ABSENT, cure)]
    library = mpi_library()
    launcher = find_mpirun()
    if launcher is None:
        cure = "pip install 'terranova[mpi]' brings one; on a cluster, load the module of your MPI"
        return [library, Finding("launcher", "no mpirun found", Level.ABSENT, cure)]
    findings = [library, Finding("launcher", str(launcher))]
    if alone and library.level is Level.FINE:
        findings.append(trial(launcher))
    return findings


def mpi_library() -> Finding:
    """Ask mpi4py for its library, in a child: a library that is not well can take a process with it."""
    code = "import mpi4py; mpi4py.rc.initialize = False; from mpi4py import MPI; print(MPI.Get_library_version())"
    answer, output = _try([sys.executable, "-P", "-c", code])
    words = output.strip().splitlines() or ["no answer"]
    if answer == 0:
        return Finding("mpi4py", f"{version_of('mpi4py')} on {' '.join(words[0].split())}")
    cure = "MPI4PY_LIBMPI names the library to use; `pip install 'terranova[mpi]'` brings one"
    return Finding("mpi4py", f"{version_of('mpi4py')}: {words[-1]}", Level.BROKEN, cure)


def ranks(everyone: World) -> list[Finding]:
    """Let every rank say where it is, and compare: versions, and the number on each host with its cores."""
    if everyone.size == 1:
        return []
    software = f"terranova {version_of('terranova')}, python {platform.python_version()}"
    threads = max(threads_here().values(), default=1)
    here = (socket.gethostname(), os.getpid(), os.cpu_count() or 1, cores(), threads, software)
    everywhere = everyone.allgather(here)
    findings = [
        Finding(
            f"rank {rank} of {everyone.size}",
            f"host {host}, process {pid}, may use {mine} of {total} cores, threads: {threads}",
        )
        for rank, (host, pid, total, mine, threads, _) in enumerate(everywhere)
    ]
    cores_of = {host: total for host, _, total, *_ in everywhere}
    for host, total in cores_of.items():
        threads_of = [threads for name, *_, threads, _ in everywhere if name == host]
        findings += crowded(host, threads_of, total)
    versions = sorted({words for *_, words in everywhere})
    if len(versions) > 1:
        cure = "let all ranks use one installation, on a disk that all nodes see"
        findings.append(Finding("versions", " against ".join(versions), Level.BROKEN, cure))
    return findings


def crowded(host: str, threads: Sequence[int], total: int) -> list[Finding]:
    """Say so if the ranks of a host, with so many threads each, have fewer cores than they ask for."""
    if len(threads) > total:
        cure = "ranks that wait keep a core busy: start no more of them than there are cores"
        return [Finding(f"host {host}", f"{len(threads)} ranks on {total} cores", Level.DOUBTFUL, cure)]
    if sum(threads) > total:
        cure = "threads compete for the cores: without OMP_NUM_THREADS, terranova lets each rank use one"
        words = f"{len(threads)} ranks with {sum(threads)} threads on {total} cores"
        return [Finding(f"host {host}", words, Level.DOUBTFUL, cure)]
    return []


def trial(launcher: Path) -> Finding:
    """Start two ranks and see whether they find each other."""
    # One write, for the lines of two ranks not to run into each other.
    code = "import os; from mpi4py import MPI; os.write(1, b'size %d\\n' % MPI.COMM_WORLD.Get_size())"
    name = f"{launcher.name} -n 2"
    answer, output = _try([str(launcher), "-n", "2", sys.executable, "-P", "-c", code])
    sizes = re.findall(r"size (\d+)", output)
    if answer == 0 and sizes == ["2", "2"]:
        return Finding(name, "two ranks find each other")
    if "1" in sizes:
        cure = "this launcher belongs to another MPI than mpi4py uses: use the one of the library above"
        return Finding(name, "starts copies that do not know of each other", Level.BROKEN, cure)
    lines = [line for line in output.splitlines() if line.strip()] or ["no output"]
    cure = "harmless if ranks are started in another way here, such as srun within a job"
    return Finding(name, f"failed: {lines[0]}", Level.DOUBTFUL, cure)


def _try(command: list[str]) -> tuple[int | None, str]:
    """Run a command without the traces of an MPI job, for a limited time; return its exit code and output."""
    process = subprocess.Popen(
        command,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=TRIAL_SECONDS)
    except subprocess.TimeoutExpired:
        output = f"no end after {TRIAL_SECONDS:g} s"
        return None, output
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    return process.returncode, output
