"""Launchers: how a process learns whether it is alone."""

from __future__ import annotations

import pytest

from terranova.parallel.launchers import detect_launcher


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"PMI_RANK": "3", "PMI_SIZE": "8"}, (3, 8)),
        ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "4", "PMIX_RANK": "1"}, (1, 4)),
        ({"MV2_COMM_WORLD_RANK": "0", "MV2_COMM_WORLD_SIZE": "2"}, (0, 2)),
        ({"PMIX_RANK": "2"}, (2, 0)),
        ({"PMIX_RANK": "2", "SLURM_STEP_NUM_TASKS": "6", "SLURM_PROCID": "2"}, (2, 6)),
        ({"SLURM_PROCID": "5", "SLURM_STEP_NUM_TASKS": "6", "SLURM_NTASKS": "6"}, (5, 6)),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "16"}, None),  # the batch script itself
        ({"PMI_RANK": "0"}, None),
        ({"PMI_RANK": "none", "PMI_SIZE": "2"}, None),
        # mpirun within a Slurm job: its own variables count, not those of srun, which started its daemons.
        ({"PMI_RANK": "3", "PMI_SIZE": "4", "SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2"}, (3, 4)),
    ],
)
def test_rank_and_size_are_read_from_the_environment(
    environment: dict[str, str], expected: tuple[int, int] | None
) -> None:
    launch = detect_launcher(environment)
    assert (None if launch is None else (launch.rank, launch.size)) == expected
