"""Environments of processes that share a machine: nothing of an MPI job in children, and one thread each."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

MPI_VARIABLES = ("PMI", "OMPI_", "MV2_", "HYDI", "HYDRA_", "MPI_", "MPIR_", "PRTE_")
"""How the names of variables begin that tie a process to the MPI job it was started by."""


ALONE = "TERRANOVA_ALONE"
"""The variable by which a process is asked to work alone, whatever a launcher says."""


ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables by which numerical libraries are told how many threads to start."""


def clean_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment without the variables of MPI, for child processes.

    A child of a rank that inherits them and is linked with MPI takes itself for that rank, and dies.
    """
    source = os.environ if environment is None else environment
    return {name: value for name, value in source.items() if not name.startswith(MPI_VARIABLES)}


def worker_environment() -> dict[str, str]:
    """Return the environment of a process that computes beside others: without MPI, and of one thread.

    Several processes of several threads each would compete for the cores; who wants more threads sets the variable.
    What such a process starts works alone: Slurm's variables, which say that there are others, are inherited.
    """
    return {**dict.fromkeys(ONE_THREAD, "1"), **clean_environment(), ALONE: "1"}


def limit_threads() -> None:
    """Have the numerical libraries of this process, and of its children, use one thread each.

    A library whose own variable is set keeps what it says, and so do all of them if OMP_NUM_THREADS is set, which
    they follow.
    """
    if "OMP_NUM_THREADS" in os.environ:
        return
    chosen = {name for name in ONE_THREAD if name in os.environ}
    os.environ.update({name: "1" for name in ONE_THREAD if name not in chosen})
    if "numpy" not in sys.modules:
        return  # whatever is loaded from now on reads the variables
    import threadpoolctl

    libraries = {"OPENBLAS_NUM_THREADS": "openblas", "MKL_NUM_THREADS": "mkl"}
    kept = {library for variable, library in libraries.items() if variable in chosen}
    for library in threadpoolctl.ThreadpoolController().lib_controllers:
        if library.internal_api not in kept:
            library.set_num_threads(1)


def threads_here() -> dict[str, int]:
    """Return library -> threads that it may start, for the numerical libraries this process has loaded."""
    import threadpoolctl

    counts: dict[str, int] = {}
    for library in threadpoolctl.ThreadpoolController().lib_controllers:
        counts[library.internal_api] = max(library.num_threads, counts.get(library.internal_api, 0))
    return counts
