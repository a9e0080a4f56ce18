"""Environments of children: nothing of MPI, and one thread unless the user asks for more."""

from __future__ import annotations

import os

import pytest

from terranova.system.environment import (
    ALONE,
    ONE_THREAD,
    clean_environment,
    limit_threads,
    threads_here,
    worker_environment,
)


def test_variables_of_mpi_jobs_are_left_out_and_nothing_else() -> None:
    ours = {"HOME": "/somewhere/a", "PATH": "/bin", "SLURM_JOB_ID": "7", "XPMI": "x", "MPLCONFIGDIR": "m"}
    theirs = dict.fromkeys(["PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK", "HYDRA_X", "MPIR_CVAR", "MV2_X"], "1")
    assert clean_environment({**ours, **theirs}) == ours


def test_the_own_environment_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMI_RANK", "3")
    environment = clean_environment()
    assert "PMI_RANK" not in environment
    environment["TERRANOVA_TEST"] = "1"
    assert "TERRANOVA_TEST" not in os.environ
    assert os.environ["PMI_RANK"] == "3"


def test_workers_compute_with_one_thread_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ONE_THREAD:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    environment = worker_environment()
    assert [environment[name] for name in ONE_THREAD] == ["4", "1", "1"]
    assert "PMI_SIZE" not in environment


def test_a_clean_environment_has_nothing_of_mpi() -> None:
    job = {
        "PMI_RANK": "0",
        "PMIX_NAMESPACE": "x",
        "OMPI_MCA_x": "1",
        "HYDI_CONTROL_FD": "7",
        "MPI_LOCALRANKID": "0",
    }
    kept = {"PATH": "/bin", "MPI4PY_LIBMPI": "/lib/libmpi.so", "SLURM_JOB_ID": "1", "OMP_NUM_THREADS": "1"}
    assert clean_environment({**job, **kept}) == kept
    assert clean_environment() == clean_environment(os.environ)


def test_children_of_workers_work_alone() -> None:
    assert worker_environment()[ALONE] == "1"


def _threads(monkeypatch: pytest.MonkeyPatch, **chosen: str) -> tuple[dict[str, int], dict[str, str]]:
    """Limit the threads of this process; return what its libraries have then, and the variables."""
    import numpy as np
    import threadpoolctl

    np.ones((2, 2)) @ np.ones((2, 2))
    for name in ONE_THREAD:
        monkeypatch.setenv(name, "to be put back")
        monkeypatch.delenv(name)
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    with threadpoolctl.threadpool_limits(2):
        limit_threads()
        return threads_here(), {name: os.environ[name] for name in ONE_THREAD if name in os.environ}


def test_ranks_have_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads, variables = _threads(monkeypatch)
    assert set(threads.values()) == {1}
    assert variables == dict.fromkeys(ONE_THREAD, "1")


def test_ranks_have_as_many_threads_as_their_user_says(monkeypatch: pytest.MonkeyPatch) -> None:
    threads, variables = _threads(monkeypatch, OMP_NUM_THREADS="2")
    assert set(threads.values()) == {2}
    assert variables == {"OMP_NUM_THREADS": "2"}
    threads, variables = _threads(monkeypatch, OPENBLAS_NUM_THREADS="2", MKL_NUM_THREADS="2")
    assert variables == {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    assert {count for name, count in threads.items() if name in ("openblas", "mkl")} == {2}
