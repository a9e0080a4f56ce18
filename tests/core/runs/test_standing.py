"""Standing of a scan: what is said of one that runs, has ended, or was cut off."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from support.stored_runs import rows, stored, windows

from terranova.runs.run import SUMMARY, Run
from terranova.runs.standing import standing_of

pytestmark = pytest.mark.usefixtures("toy_registry")
NO_PROCESS = 2**22 + 1  # beyond the largest number that Linux gives


def a_run(folder: Path, pid: int | None = None, **summary: Any) -> Run:
    directory = folder / "run"
    stored(directory, rows([[0.0], [3.0]]), constraints=[windows(ratio=(0.0, 1.0))])
    if summary:
        (directory / SUMMARY).write_text(json.dumps(summary))
    if pid is not None:
        (directory / "ranks").mkdir()
        sign = {"pid": pid, "host": socket.gethostname()}
        (directory / "ranks" / "rank-0000.alive").write_text(json.dumps(sign))
        (directory / "ranks" / "rank-0001.alive").write_text("damaged")
    return Run(directory)


def test_a_scan_that_runs(tmp_path: Path) -> None:
    numbers = {"seconds": 90.0, "rate": 12.0, "fraction": 0.25, "seconds_left": 3700.0}
    standing = standing_of(a_run(tmp_path, os.getpid(), state="running", **numbers))
    assert standing.alive
    assert (standing.evaluated, standing.valid) == (2, 1)
    (rank,) = standing.ranks
    assert (rank.rank, rank.pid, rank.gone) == (0, os.getpid(), False)
    assert rank.age < 600
    text = repr(standing)
    assert "25 % used, about 1h 01m left" in text
    assert "1m 30s, 12 points/s" in text
    assert "last sign of life" in text
    assert "25 %" in standing._repr_html_()


def test_a_rank_that_is_gone(tmp_path: Path) -> None:
    standing = standing_of(a_run(tmp_path, NO_PROCESS, state="running"))
    assert not standing.alive
    assert "running, but a rank is gone" in repr(standing)
    assert "its process is gone" in repr(standing)


def test_a_scan_that_has_ended_and_one_that_never_said(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    ended = standing_of(a_run(tmp_path / "a", NO_PROCESS, state="evaluations", seconds=3.0))
    assert (ended.alive, list(ended.ranks)) == (False, [])
    assert "ended (evaluations)" in repr(ended)
    (tmp_path / "b").mkdir()
    silent = standing_of(a_run(tmp_path / "b"))
    assert silent.state == "unknown"
    assert json.loads(json.dumps(silent.to_dict(), allow_nan=False))["seconds"] is None
