"""Worker processes: whoever dies, the trials are done once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.usefixtures("toy_registry"), pytest.mark.integration]


COMPARISON = """
samplers: [random, sobol]
problems: [{model: thdm3, constraints: [theory]}]
budget: {evaluations: 20000}
seeds: 2
workers: 2
"""


@pytest.mark.slow
def test_workers_import_nothing_from_the_current_folder(tmp_path: Path) -> None:
    for name in ("queue", "random", "signal"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a file of the current folder was imported')\n")
    (tmp_path / "c.yaml").write_text(COMPARISON.replace("20000", "40").replace("seeds: 2", "seeds: 1"))
    command = [sys.executable, "-P", "-m", "terranova", "compare", "c.yaml", "--output", "out", "--quiet"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.rglob("trial.json"))) == 2


@pytest.mark.slow
def test_worker_processes_survive_a_kill_and_the_command_goes_on(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(COMPARISON)
    command = [sys.executable, "-m", "terranova", "compare", "c.yaml", "--output", "out", "--quiet"]
    first = subprocess.Popen(command, cwd=tmp_path, start_new_session=True, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(tmp_path.rglob("journal*")) and not list(tmp_path.rglob("*.journal")):
        if first.poll() is not None or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    while _workers(tmp_path) and time.monotonic() < deadline:  # they end with the process that started them
        time.sleep(0.1)
    assert not _workers(tmp_path)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert "report: out/comparison.html" in done.stdout
    assert len(list(tmp_path.rglob("trial.json"))) == 4
    evaluations = {json.loads(p.read_text())["evaluations"] for p in tmp_path.rglob("trial.json")}
    assert evaluations == {20_000}


def _workers(directory: Path) -> list[int]:
    """Processes that run trials below a directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            here = os.readlink(process / "cwd")
        except OSError:
            continue
        if b"terranova.comparison.worker" in words and here == str(directory):
            found.append(int(process.name))
    return found


@pytest.mark.slow
def test_the_command_leaves_with_130_after_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(COMPARISON.replace("20000", "100000000"))
    command = [sys.executable, "-m", "terranova", "compare", "c.yaml", "--output", "out", "--quiet"]
    running = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list(tmp_path.rglob("attempts")) and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    said, complaints = running.communicate(timeout=120)
    assert running.returncode == 130, complaints
    assert "the same command goes on" in said
    assert "Traceback" not in complaints
    assert not _workers(tmp_path)
