"""Real ranks: evaluations over them, and what happens when one of them fails. See over_ranks.py for the cases."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from terranova.system.environment import clean_environment

pytest.importorskip("mpi4py", reason="the mpi extra is not installed")
MPIRUN = shutil.which("mpirun", path=str(Path(sys.executable).parent)) or shutil.which("mpirun")

pytestmark = [
    pytest.mark.mpi,
    pytest.mark.xdist_group("mpi"),
    pytest.mark.skipif(MPIRUN is None, reason="no mpirun on this machine"),
]

QUICK = 90.0
"""Seconds after which a job that should have ended counts as hung; the machine may be busy."""


def _mpirun(case: str, ranks: int = 2) -> subprocess.CompletedProcess[str]:
    command = [str(MPIRUN), "-n", str(ranks), sys.executable, str(Path(__file__).with_name("over_ranks.py")), case]
    return subprocess.run(
        command, env=clean_environment(), capture_output=True, text=True, timeout=QUICK, check=False
    )


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_evaluations_over_ranks_are_those_of_one_process(ranks: int) -> None:
    done = _mpirun("equality", ranks)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("is done") == (ranks if ranks > 1 else 1)


def test_points_that_crash_or_hang_cost_a_row_each() -> None:
    done = _mpirun("isolated")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "status [0, 5, 0, 4, 5, 0]" in done.stdout


def test_a_broken_model_is_an_error_on_the_first_rank() -> None:
    done = _mpirun("broken_contract")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "caught ContractError" in done.stdout
    assert done.stderr.count("expected (50, 2)") == 1


def test_other_ranks_are_released_when_the_first_raises() -> None:
    done = _mpirun("root_raises")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "served to the end" in done.stdout
    assert done.stderr.count("the disk is full") == 1


def test_an_exception_on_one_rank_ends_the_job() -> None:
    done = _mpirun("one_rank_raises", 3)
    assert done.returncode == 1
    assert done.stderr.count("ValueError: only here") == 1
    assert "rank 2 of 3" in done.stderr


def test_sys_exit_on_one_rank_ends_the_job() -> None:
    done = _mpirun("one_rank_leaves")
    assert done.returncode == 7
    assert "rank 1 of 2: left with exit code 7" in done.stderr


def test_an_error_that_all_ranks_meet_is_said_once() -> None:
    done = _mpirun("all_raise", 3)
    assert done.returncode == 2
    assert done.stderr == "scan.yaml:3:1: no model is named 'thmd3'\n"


def test_the_first_rank_may_leave_with_a_code_of_its_own() -> None:
    done = _mpirun("root_leaves_with_code")
    assert done.returncode == 75
    assert done.stderr == ""


def test_exchanges_between_ranks() -> None:
    done = _mpirun("collectives", 3)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(f"rank {rank} agrees" in done.stdout for rank in range(3))


def test_a_script_without_a_guard_does_not_hang_either() -> None:
    code = (
        "from terranova.parallel.world import world\n"
        "if world().rank == 1: raise ValueError('in a script')\n"
        "world().barrier()"
    )
    started = time.monotonic()
    done = subprocess.run(
        [str(MPIRUN), "-n", "2", sys.executable, "-c", code],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=QUICK,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("ValueError: in a script") == 1
    assert time.monotonic() - started < QUICK


def test_the_doctor_sees_all_ranks() -> None:
    code = (
        "from terranova.cli import doctor; from terranova.parallel.exit import run_guarded; "
        "run_guarded(lambda: doctor.run() and 1 / 0)"
    )
    done = subprocess.run(
        [str(MPIRUN), "-n", "2", sys.executable, "-c", code],
        env={**clean_environment(), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=QUICK,
        check=False,
    )
    assert done.stdout.count("rank 0 of 2") == done.stdout.count("rank 1 of 2") == 1, done.stdout + done.stderr
