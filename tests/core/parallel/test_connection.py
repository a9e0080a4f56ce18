"""Connection with the other ranks: whoever works alone does not import MPI, and what cannot work is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from terranova.errors import ParallelError
from terranova.system.environment import clean_environment

pytestmark = pytest.mark.integration

NOBODY = {name: value for name, value in clean_environment().items() if not name.startswith("SLURM_")}
"""This environment, as it is outside of any job."""


def _python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**NOBODY, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_process_alone_does_not_import_mpi() -> None:
    done = _python(
        "import sys; from terranova.parallel.world import world; world().barrier(); print('mpi4py' in sys.modules)",
        SLURM_NTASKS="4",
        SLURM_PROCID="0",
    )
    assert done.stdout.strip() == "False", done.stderr
    done = _python(
        "import sys; from terranova.parallel.world import world; print(world(), 'mpi4py' in sys.modules)",
        PMI_RANK="0",
        PMI_SIZE="1",
    )
    assert done.stdout.strip() == "<rank 0 of 1> False", done.stderr


NEEDS_WORLD = (
    "from terranova.parallel.exit import run_guarded; "
    "from terranova.parallel.world import world; run_guarded(world)"
)


@pytest.mark.parametrize("rank", [0, 1])
def test_copies_of_a_serial_run_are_refused(rank: int) -> None:
    pytest.importorskip("mpi4py", reason="the mpi extra is not installed")
    done = _python(NEEDS_WORLD, PMI_RANK=str(rank), PMI_SIZE="2")
    assert done.returncode == ParallelError.exit_code
    if rank:
        assert done.stderr == ""  # one of the copies speaks for all
    else:
        assert "one of 2 processes (PMI_RANK=0)" in done.stderr
        assert "sees 1" in done.stderr
        assert "terranova doctor" in done.stderr
        assert "Traceback" not in done.stderr


def test_the_launcher_of_another_mpi_is_refused_before_mpi_starts() -> None:
    mpi4py = pytest.importorskip("mpi4py", reason="the mpi extra is not installed")
    code = "import mpi4py; mpi4py.rc.initialize = False; from mpi4py import MPI; print(MPI.get_vendor()[0])"
    if "MPICH" not in _python(code).stdout:
        pytest.skip(f"mpi4py {mpi4py.__version__} uses no MPICH here")
    done = _python(NEEDS_WORLD, OMPI_COMM_WORLD_RANK="0", OMPI_COMM_WORLD_SIZE="2", PMIX_RANK="0")
    assert done.returncode == ParallelError.exit_code
    assert "Open MPI's launcher" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_ranks_without_mpi4py_are_refused_with_a_cure(tmp_path: Path) -> None:
    (tmp_path / "mpi4py.py").write_text("raise ModuleNotFoundError(\"No module named 'mpi4py'\")")
    done = _python(NEEDS_WORLD, PMI_RANK="0", PMI_SIZE="2", PYTHONPATH=str(tmp_path))
    assert done.returncode == ParallelError.exit_code
    assert "No module named 'mpi4py'" in done.stderr
    assert "pip install 'terranova[mpi]'" in done.stderr
    done = _python("print('help')\n" + NEEDS_WORLD.replace("(world)", "(dict)"), PMI_RANK="0", PMI_SIZE="2")
    assert done.returncode == 0, "a command that does not need the other ranks works"
