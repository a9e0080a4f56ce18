"""One writing job at a time: locks of processes that live, died, or run elsewhere."""

import json
import logging
import os
import signal
import subprocess
import sys

import pytest

from terranova.errors import RunError, RunLocked
from terranova.store import RunLock
from terranova.store.lock import LOCK
from terranova.testing import Fail


def test_a_lock_is_exclusive_until_released(tmp_path):
    with RunLock(tmp_path), pytest.raises(RunLocked, match=f"process {os.getpid()} on .*, since "):
        RunLock(tmp_path)
    lock = RunLock(tmp_path)
    lock.release()
    lock.release()
    RunLock(tmp_path).release()


@pytest.mark.integration
def test_a_killed_process_frees_its_lock(tmp_path):
    script = "import sys, pathlib\nfrom terranova.store import RunLock\n"
    script += "lock = RunLock(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(RunLocked, match=f"in use: process {process.pid} on"):
            RunLock(tmp_path)
        process.send_signal(signal.SIGKILL)
        process.wait()
    RunLock(tmp_path).release()


def test_a_file_system_without_locks_only_warns(tmp_path, monkeypatch, caplog):
    import fcntl

    def unsupported(fd, operation):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with caplog.at_level(logging.WARNING):
        RunLock(tmp_path).release()
    assert "cannot be locked" in caplog.text


def _taken_elsewhere(directory, **more):
    holder = {"pid": 7, "host": "another-node", "since": "2024-01-01T00:00:00+00:00", **more}
    (directory / LOCK).write_text(json.dumps(holder))


def test_a_lock_that_another_host_never_released_is_respected(tmp_path):
    _taken_elsewhere(tmp_path)
    with pytest.raises(RunLocked, match=r"process 7 on another-node, since 2024.* never released"):
        RunLock(tmp_path)
    (tmp_path / LOCK).unlink()  # as the message says
    RunLock(tmp_path).release()


def test_a_job_that_was_queued_again_takes_over_its_own_lock(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("SLURM_JOB_ID", "42")
    _taken_elsewhere(tmp_path, job="SLURM_JOB_ID=42")
    RunLock(tmp_path).release()
    assert "taken over from process 7 on another-node" in caplog.text
    _taken_elsewhere(tmp_path, job="SLURM_JOB_ID=41")
    with pytest.raises(RunLocked):
        RunLock(tmp_path)


@pytest.mark.parametrize("rubbish", ["", "{", "[]", "7"])
def test_a_lock_file_with_rubbish_in_it_is_free(tmp_path, rubbish):
    (tmp_path / LOCK).write_text(rubbish)
    with RunLock(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()
    assert (tmp_path / LOCK).read_text() == "", "a released lock names nobody"


def test_a_directory_that_cannot_be_made_is_an_error_for_people(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        RunLock(tmp_path / "file")


@pytest.mark.parametrize("operation", ["ftruncate", "write"])
def test_a_lock_that_cannot_be_written_is_let_go(tmp_path, operation):
    with Fail(operation), pytest.raises(RunError, match="cannot be locked"):
        RunLock(tmp_path)
    RunLock(tmp_path).release()
