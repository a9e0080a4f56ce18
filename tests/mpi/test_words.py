"""Expressions, a choice and a limit over two columns: scanned on two ranks, killed, resumed, rescored, exported."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import terranova

pytest.importorskip("mpi4py", reason="the mpi extra is not installed")

pytestmark = [
    pytest.mark.mpi,
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.xdist_group("mpi"),
]

EXAMPLE = Path(__file__).parents[2] / "examples" / "words.yaml"
BIN = Path(sys.executable).parent
BUDGET = ["--evaluations", "6000"]


def _scan(directory: Path, *launcher: str) -> subprocess.Popen[bytes]:
    command = [*launcher, str(BIN / "terranova"), "scan", str(EXAMPLE), "--output", str(directory), *BUDGET]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True)


def _rows(directory: Path) -> object:
    frame = terranova.open(directory).to_pandas().sort_values(["island", "index"], ignore_index=True)
    return frame.drop(columns="seconds")


def test_two_ranks_killed_and_resumed_are_one_rank(tmp_path: Path) -> None:
    assert _scan(tmp_path / "one").wait(timeout=300) == 0
    killed = _scan(tmp_path / "two", str(BIN / "mpirun"), "-n", "2")
    parts = tmp_path / "two"
    for _ in range(3000):
        if list(parts.rglob("journal-*.log")) or killed.poll() is not None:
            break
        time.sleep(0.1)
    if killed.poll() is None:
        os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    resumed = subprocess.run(
        [str(BIN / "terranova"), "resume", str(parts)], capture_output=True, text=True, timeout=300
    )
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    one, two = _rows(tmp_path / "one"), _rows(tmp_path / "two")
    for name in one.columns:  # type: ignore[attr-defined]
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)  # type: ignore[index]
    _columns_are_what_they_say(one)
    _goes_on(tmp_path)


def _columns_are_what_they_say(frame: object) -> None:
    f = frame
    assert set(f["ratio"]) == {1.0, 2.0, 5.0}  # type: ignore[index]
    ok = f[f["status"] == 0]  # type: ignore[index]
    np.testing.assert_array_equal(ok["tanb2"], ok["ratio"] * ok["tanb1"])
    np.testing.assert_array_equal(ok["dm"], ok["mH2"] - ok["mH1"])
    assert (ok["dm"] >= 0).all()
    assert (ok["mC2"] >= ok["mC1"]).all()
    assert (abs(ok["mA1"] - ok["mC1"])[ok["valid"]] <= 150).all()


def _goes_on(folder: Path) -> None:
    run = terranova.open(folder / "two")
    assert run.best(3)["loglike"].notna().all()
    assert terranova.export(run, output=folder / "points.csv").exists()
    narrower = {"name": "n", "observable": "dm / mH1", "kind": "window", "upper": 0.5, "source": "this test"}
    again = terranova.rescore(run, [narrower], folder / "three")
    assert 0 < again.valid_count < again.count
