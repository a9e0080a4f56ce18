"""A model that ends the scan with exit code 0: the scan says so, and nobody takes it for done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.scan_processes import Lab, count

import terranova
from terranova.runs.run import SUMMARY
from terranova.store.lock import LOCK

pytestmark = pytest.mark.fault("F47")


@pytest.mark.slow
@pytest.mark.integration
def test_a_scan_that_its_model_ends_names_it_and_launch_ends_it(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    path, run = lab.config("run", evaluations=600)
    deed = {"deed": "exit0", "points": 200, "once": str(tmp_path / "once")}
    died = lab.run("scan", path, "-q", deed=deed)
    assert died.returncode == 1, died.stderr
    assert "model 'toy-naughty', which ran within the scan itself, has just ended it by os._exit(0)" in died.stderr
    assert terranova.open(run).cut_off
    assert "cut off: its process is gone" in repr(terranova.open(run))
    again = lab.run("launch", run, "-q", deed={**deed, "points": 300, "once": str(tmp_path / "twice")})
    assert again.returncode == 0, again.stderr
    assert "has just ended it by os._exit(0)" in again.stderr
    assert count(run) == 600
    assert terranova.open(run).summary["state"] == "evaluations"


def test_a_run_whose_process_is_gone_says_so(tmp_path: Path, toy_registry: None) -> None:
    from support.stored_runs import rows, stored

    run = stored(tmp_path / "run", rows([[0.0, 0.0]] * 3))
    (run.directory / SUMMARY).write_text('{"state": "running"}')
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        process.wait()
    holder = {"pid": process.pid, "host": os.uname().nodename}
    for changed, gone in (
        ({}, True),
        ({"pid": os.getpid()}, False),
        ({"host": "elsewhere"}, False),
        ({"pid": "x"}, False),
    ):
        (run.directory / LOCK).write_text(json.dumps({**holder, **changed}))
        assert run.cut_off is gone, changed
        state = dict(run.describe())["state"]
        assert state.startswith("cut off: its process is gone" if gone else "running")
    (run.directory / LOCK).write_text("")
    assert not run.cut_off
