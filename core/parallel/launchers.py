"""Launchers such as mpirun and srun: what they say of this process, and which mpirun belongs to this Python."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LAUNCHERS = (
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    ("PMIX_RANK", "SLURM_STEP_NUM_TASKS"),
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
)
"""The variables in which launchers put rank and size.

SLURM_NTASKS is not among them: Slurm sets it in a batch script too, where one process runs alone.
SLURM_STEP_NUM_TASKS exists only where srun started the process.
"""


@dataclass(frozen=True)
class LauncherInfo:
    """What the launcher says about this process.

    Attributes:
        rank: its number.
        size: of the job; 0 when the launcher does not say.
        variable: where the rank was read.
    """

    rank: int
    size: int
    variable: str


def detect_launcher(environment: Mapping[str, str] | None = None) -> LauncherInfo | None:
    """Read rank and size from the environment, without touching MPI; None for a process started alone."""
    source = os.environ if environment is None else environment
    for rank_variable, size_variable in LAUNCHERS:
        if rank_variable in source and (size_variable in source or rank_variable == "PMIX_RANK"):
            try:
                return LauncherInfo(int(source[rank_variable]), int(source.get(size_variable, 0)), rank_variable)
            except ValueError:
                continue
    return None


def find_mpirun() -> Path | None:
    """Return the mpirun that belongs to this Python if there is one, else the first on the PATH."""
    beside = Path(sys.executable).parent
    for folder in (str(beside), None):
        for name in ("mpirun", "mpiexec"):
            if path := shutil.which(name, path=folder):
                return Path(path)
    return None
