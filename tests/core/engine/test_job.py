"""The job of a supervised scan: run, interrupted, and gone. See tests/faults/test_ranks.py for whole scans."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from terranova.engine.job import JOB, Job
from terranova.errors import ParallelError
from terranova.system.process_tree import carriers

pytestmark = pytest.mark.integration


def _python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


def test_the_exit_code_of_the_launcher_is_returned(tmp_path: Path) -> None:
    job = Job(tmp_path, 3600.0)
    assert job.run(_python("raise SystemExit(7)")) == 7
    assert job.run(_python("")) == 0, "a job can be run again"


def test_a_launcher_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ParallelError, match="cannot be started: No such file"):
        Job(tmp_path, 3600.0).run([str(tmp_path / "mpirun")])


@pytest.mark.parametrize(("sent", "received"), [(signal.SIGINT, signal.SIGTERM), (signal.SIGUSR1, signal.SIGUSR1)])
def test_a_signal_is_passed_on_and_a_ctrl_c_as_a_request(
    tmp_path: Path, sent: signal.Signals, received: signal.Signals
) -> None:
    job = Job(tmp_path, 3600.0)
    threading.Timer(0.3, job.pass_on, [sent]).start()
    assert job.run(_python("import time; time.sleep(600)")) == -received


def test_what_is_forced_to_end_leaves_nothing(tmp_path: Path) -> None:
    job = Job(tmp_path, 3600.0)
    child = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-Sc', 'import time; time.sleep(60)'])"
    threading.Timer(0.5, job.force).start()
    assert job.run(_python(child + "; time.sleep(600)")) == -signal.SIGKILL
    assert list(carriers(f"{JOB}={job._token}")) == []


def test_ranks_without_a_sign_of_life_are_ended(tmp_path: Path) -> None:
    job = Job(tmp_path, -8.2)  # 0.16 s in all
    (tmp_path / "ranks").mkdir()
    sign = tmp_path / "ranks" / "rank-0000.alive"
    sign.touch()
    os.utime(sign, (1.0, 1.0))
    began = time.monotonic()
    assert job.run(_python("import time; time.sleep(600)")) is None
    assert time.monotonic() - began < 30


def test_a_sign_counts_whatever_its_time_is(tmp_path: Path) -> None:
    """One rank's clock is far ahead, and it has nothing to say; those of the others go back."""
    job = Job(tmp_path, 3600.0)
    (tmp_path / "ranks").mkdir()
    for number, then in enumerate((4e9, 2000.0)):
        sign = tmp_path / "ranks" / f"rank-000{number}.alive"
        sign.touch()
        os.utime(sign, (then, then))
    before = job._signs()
    assert job._signs() == before
    os.utime(sign, (1000.0, 1000.0))
    assert job._signs() != before
