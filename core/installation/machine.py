"""The machine: cores, threads, compilation cache, and the disk that runs are written to."""

from __future__ import annotations

import os
import platform
import socket
import tempfile
import time
from pathlib import Path

from terranova.installation.finding import PACKAGE, Finding, Level, Section
from terranova.system.environment import ONE_THREAD, threads_here

SLOW_FSYNC = 20.0
"""Milliseconds for writing a batch to disk from which on it is worth a word."""


def machine(directory: Path) -> Section:
    """Cores, threads, and the speed of the disk that runs would be written to."""
    return Section(
        "This machine",
        [
            Finding("host", f"{socket.gethostname()}, {platform.system()} {platform.machine()}"),
            Finding("cores", f"{cores()} for this process, {os.cpu_count()} in all"),
            _threads(),
            _numba_cache(),
            _disk(directory),
        ],
    )


def cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _threads() -> Finding:
    """Show how many threads each numerical library may start, and what says so."""
    counts = ", ".join(f"{library} {count}" for library, count in sorted(threads_here().items()))
    variables = ", ".join(f"{name}={os.environ[name]}" for name in ONE_THREAD if name in os.environ)
    return Finding("threads of this process", f"{counts or 'none'} ({variables or 'not limited'})")


def _numba_cache() -> Finding:
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(chosen) if chosen else PACKAGE
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
