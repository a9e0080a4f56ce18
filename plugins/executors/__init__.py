"""Where the model runs: in this process, in a pool of worker processes, or on the ranks of an MPI job."""

from __future__ import annotations

from collections.abc import Sequence

from terranova import Executor, hookimpl
from terranova.plugins.executors.mpi import MpiExecutor
from terranova.plugins.executors.processes import ProcessesExecutor
from terranova.plugins.executors.serial import SerialExecutor


@hookimpl
def terranova_executors() -> Sequence[type[Executor]]:
    """The three built-in executors."""
    return [SerialExecutor, ProcessesExecutor, MpiExecutor]
