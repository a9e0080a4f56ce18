"""All of it: what `terranova doctor` shows."""

from __future__ import annotations

from pathlib import Path

from terranova.errors import ParallelError
from terranova.installation.finding import Finding, Level, Section
from terranova.installation.machine import machine
from terranova.installation.mpi import mpi, ranks
from terranova.installation.software import plugins, software
from terranova.parallel.world import World, serial_world, world


def report(directory: Path = Path()) -> list[Section]:
    """Look at everything. Under mpirun, every rank has to call it; only the first one gets an answer."""
    everyone, problem = everyone_here()
    here = ranks(everyone)
    if not everyone.is_root:
        return []
    findings = mpi(alone=not here and not problem)
    if problem:
        findings.append(Finding("ranks", problem, Level.BROKEN))
    return [software(), plugins(), machine(directory), Section("MPI", findings + here)]


def everyone_here() -> tuple[World, str]:
    """Return the ranks, or this process alone and the reason why the others are out of reach."""
    try:
        return world(), ""
    except ParallelError as error:
        return serial_world(), str(error)
