"""Environments of child processes: without what ties a process to an MPI job, and with one thread each."""

from __future__ import annotations

import os
from collections.abc import Mapping

MPI_VARIABLES = ("PMI", "OMPI_", "MV2_", "HYDI", "HYDRA_", "MPI_", "MPIR_", "PRTE_")
"""How the names of variables begin that tie a process to the MPI job it was started by."""


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
    """
    return {**dict.fromkeys(ONE_THREAD, "1"), **clean_environment()}
