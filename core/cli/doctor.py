"""What `terranova doctor` finds out: versions, plugins, machine and MPI, and what is wrong with them."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import terranova
from terranova.errors import ParallelError
from terranova.parallel.launchers import detect_launcher, find_mpirun
from terranova.parallel.world import World, serial_world, world
from terranova.system.environment import clean_environment

TRIAL_SECONDS = 30.0
"""How long the trial of the launcher may take."""

SLOW_FSYNC = 20.0
"""Milliseconds for writing a batch to disk from which on it is worth a word."""

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Level(Enum):
    """How good a finding is, and how it is shown."""

    FINE = "[green]ok[/]"
    ABSENT = "[dim]--[/]"
    """an optional part that is not there"""
    DOUBTFUL = "[yellow]!![/]"
    BROKEN = "[red]XX[/]"


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        name: of what was looked at.
        value: what was found.
        level: how good that is.
        cure: what to do about it.
    """

    name: str
    value: str
    level: Level = Level.FINE
    cure: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the report."""

    title: str
    findings: list[Finding]

    @property
    def broken(self) -> bool:
        """True if something in it does not work."""
        return any(finding.level is Level.BROKEN for finding in self.findings)


def run(directory: Path = Path()) -> int:
    """Print the report; every rank has to call it, the first one prints.

    Args:
        directory: where runs would be written.

    Returns:
        the exit code: 1 when something is broken.
    """
    everyone, problem = _everyone()
    launch = detect_launcher()
    sections = report(directory)
    mute = bool(problem) and launch is not None and launch.rank > 0  # one of several that MPI does not connect
    if everyone.is_root and not mute:
        show(sections)
    return int(any(section.broken for section in sections))


def report(directory: Path = Path()) -> list[Section]:
    """Look at everything. Under mpirun, every rank has to call it; only the first one gets an answer."""
    everyone, problem = _everyone()
    here = ranks(everyone)
    if not everyone.is_root:
        return []
    found = mpi(alone=not here and not problem)
    if problem:
        found.append(Finding("ranks", problem, Level.BROKEN))
    return [software(), plugins(), machine(directory), Section("MPI", found + here)]


def show(sections: list[Section]) -> None:
    """Print sections to the terminal."""
    from rich.markup import escape
    from rich.text import Text

    from terranova.cli.terminal import console, print_table
    from terranova.pages.table import Column

    columns = [Column("", "name"), Column("", "name"), Column("")]
    for section in sections:
        rows: list[tuple[str | Text, ...]] = []
        for finding in section.findings:
            rows.append((Text.from_markup(finding.level.value), finding.name, finding.value))
            if finding.cure:
                rows.append(("", "", Text(finding.cure, style="dim")))
        print_table(columns, rows, section.title)
    broken = [finding.name for section in sections for finding in section.findings if finding.level is Level.BROKEN]
    console.print(f"[red]broken: {escape(', '.join(broken))}[/]" if broken else "nothing is broken")


# ------------------------------------------------------------------------------------------------------------
# software


def software() -> Section:
    """Versions of terranova and of what it needs, and which optional parts are there."""
    found = [
        Finding("terranova", f"{importlib.metadata.version('terranova')}, in {Path(terranova.__file__).parent}"),
        Finding("python", f"{platform.python_version()}, {sys.executable}"),
    ]
    missing: dict[str, list[str]] = {}
    for name, extra in _requirements():
        version = _version(name)
        if version:
            found.append(Finding(name, version))
        elif not extra:
            found.append(Finding(name, "missing", Level.BROKEN, f"pip install {name}"))
        else:
            missing.setdefault(extra, []).append(name)
    for extra, names in missing.items():
        cure = f"optional: pip install 'terranova[{extra}]'"
        found += [Finding(name, "not installed", Level.ABSENT, cure) for name in names]
    return Section("Software", found)


def _requirements() -> list[tuple[str, str]]:
    """Return (name, extra) of what terranova's own metadata asks for; extra is "" where it is essential."""
    found = []
    for line in importlib.metadata.requires("terranova") or []:
        name = re.match(r"[A-Za-z0-9._-]+", line)
        extra = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", line)
        if name and name[0] != "terranova" and not (extra and extra[1] in ("dev", "all")):
            found.append((name[0], extra[1] if extra else ""))
    return found


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def plugins() -> Section:
    """How many plugins of each kind there are, and which are broken."""
    from terranova.registry import registry
    from terranova.registry.kinds import KINDS

    known = registry()
    found = [
        Finding(kind, ", ".join(dict.fromkeys(p.name for p in known.of_kind(kind))) or "none") for kind in KINDS
    ]
    cure = "`terranova plugins --debug` shows the traceback; or uninstall it"
    found += [Finding(b.name, f"{b.origin}: {b.reason}", Level.BROKEN, cure) for b in known.broken]
    for group in known.conflicts():
        origins = " and ".join(plugin.origin for plugin in group)
        found.append(Finding(group[0].title, f"offered by {origins}", Level.BROKEN, "uninstall one of them"))
    return Section("Plugins", found)


# ------------------------------------------------------------------------------------------------------------
# this machine


def machine(directory: Path) -> Section:
    """Cores, threads, and the speed of the disk that runs would be written to."""
    return Section(
        "This machine",
        [
            Finding("host", f"{socket.gethostname()}, {platform.system()} {platform.machine()}"),
            Finding("cores", f"{_cores()} for this process, {os.cpu_count()} in all"),
            _threads(),
            _numba_cache(),
            _disk(directory),
        ],
    )


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _threads() -> Finding:
    values = [f"{name}={os.environ[name]}" for name in THREAD_VARIABLES if name in os.environ]
    if values:
        return Finding("BLAS threads", ", ".join(values))
    launch = detect_launcher()
    crowded = launch is not None and launch.size > 1 and _cores() > 1
    return Finding(
        "BLAS threads",
        "not limited",
        Level.DOUBTFUL if crowded else Level.FINE,
        "with several ranks on a node: export OMP_NUM_THREADS=1" if crowded else "",
    )


def _numba_cache() -> Finding:
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(chosen) if chosen else Path(terranova.__file__).parent
    where = f"{folder}" if chosen else "beside the modules"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return Finding("numba cache", where)
    except OSError as error:
        cure = "numba falls back to your home; NUMBA_CACHE_DIR names a folder that all nodes can write to"
        return Finding("numba cache", f"{where}: {error.strerror}", Level.DOUBTFUL, cure)


def _disk(directory: Path) -> Finding:
    """Measure what it costs to make a small batch durable."""
    where = directory.resolve()
    try:
        with tempfile.NamedTemporaryFile(dir=where) as file:
            times = []
            for _ in range(9):
                started = time.perf_counter()
                file.write(b"\0" * 65536)
                file.flush()
                os.fsync(file.fileno())
                times.append(1e3 * (time.perf_counter() - started))
    except OSError as error:
        return Finding("disk", f"{where}: {error.strerror}", Level.BROKEN, "runs need a folder they can write to")
    median = sorted(times)[len(times) // 2]
    slow = median > SLOW_FSYNC
    return Finding(
        "disk",
        f"{where}: {median:.1f} ms to make 64 kB durable",
        Level.DOUBTFUL if slow else Level.FINE,
        "slow for a scan of a fast model; a local disk is better than a network's" if slow else "",
    )


# ------------------------------------------------------------------------------------------------------------
# MPI


def mpi(*, alone: bool) -> list[Finding]:
    """The MPI library and the launcher, and whether they fit.

    Args:
        alone: this process was not started by a launcher, so the launcher may be tried.
    """
    if not _version("mpi4py"):
        cure = "optional: pip install 'terranova[mpi]'"
        return [Finding("mpi4py", "not installed", Level.ABSENT, cure)]
    library = mpi_library()
    launcher = find_mpirun()
    if launcher is None:
        cure = "pip install 'terranova[mpi]' brings one; on a cluster, load the module of your MPI"
        return [library, Finding("launcher", "no mpirun found", Level.ABSENT, cure)]
    found = [library, Finding("launcher", str(launcher))]
    if alone and library.level is Level.FINE:
        found.append(trial(launcher))
    return found


def _everyone() -> tuple[World, str]:
    """Return the ranks, or this process alone and the reason why the others are out of reach."""
    try:
        return world(), ""
    except ParallelError as error:
        return serial_world(), str(error)


def mpi_library() -> Finding:
    """Ask mpi4py for its library, in a child: a library that is not well can take a process with it."""
    code = "import mpi4py; mpi4py.rc.initialize = False; from mpi4py import MPI; print(MPI.Get_library_version())"
    answer, output = _try([sys.executable, "-P", "-c", code])
    words = output.strip().splitlines() or ["no answer"]
    if answer == 0:
        return Finding("mpi4py", f"{_version('mpi4py')} on {' '.join(words[0].split())}")
    cure = "MPI4PY_LIBMPI names the library to use; `pip install 'terranova[mpi]'` brings one"
    return Finding("mpi4py", f"{_version('mpi4py')}: {words[-1]}", Level.BROKEN, cure)


def ranks(everyone: World) -> list[Finding]:
    """Let every rank say where it is, and compare: versions, and the number on each host with its cores."""
    if everyone.size == 1:
        return []
    software = f"terranova {_version('terranova')}, python {platform.python_version()}"
    here = (socket.gethostname(), os.getpid(), os.cpu_count() or 1, _cores(), software)
    everywhere = everyone.allgather(here)
    found = [
        Finding(f"rank {rank} of {everyone.size}", f"host {host}, process {pid}, may use {mine} of {cores} cores")
        for rank, (host, pid, cores, mine, _) in enumerate(everywhere)
    ]
    cores_of = {host: cores for host, _, cores, _, _ in everywhere}
    for host, count in Counter(host for host, *_ in everywhere).items():
        if count > cores_of[host]:
            cure = "ranks that wait keep a core busy: start no more of them than there are cores"
            words = f"{count} ranks on {cores_of[host]} cores"
            found.append(Finding(f"host {host}", words, Level.DOUBTFUL, cure))
    versions = sorted({words for *_, words in everywhere})
    if len(versions) > 1:
        cure = "let all ranks use one installation, on a disk that all nodes see"
        found.append(Finding("versions", " against ".join(versions), Level.BROKEN, cure))
    return found


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
