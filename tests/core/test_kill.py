"""kill -9 at any moment loses nothing: the resumed scan ends with the rows of one that was never killed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import terranova

SCRIPT = """
import sys, toys, terranova
from terranova.registry import registry
registry().register(toys, name="toys", origin="tests")
terranova.scan(
    model={"name": "toy-point", "delay": 0.001}, constraints=["toy-windows"],
    sampler={"name": sys.argv[2], "islands": 3}, budget={"evaluations": 1500}, seed=5,
    parallel={"isolation": "none"}, output=sys.argv[1], quiet=True,
)
"""


def _rows(directory: Path) -> pd.DataFrame:
    frame = terranova.open(directory).to_pandas().drop(columns="seconds")
    return frame.sort_values(["island", "index"], ignore_index=True)


def _stored(directory: Path) -> int:
    try:
        return int(terranova.open(directory).count)
    except terranova.TerranovaError:
        return 0


@pytest.mark.parametrize("sampler", ["random", "sobol", "cmaes", "cmaes-novelty", "explorer"])
def test_killed_three_times_and_resumed_equals_never_killed(
    tmp_path: Path, sampler: str, toy_registry: None
) -> None:
    directory = tmp_path / "killed"
    command = [sys.executable, "-c", SCRIPT, str(directory), sampler]
    for target in (100, 500, 1100):
        process = subprocess.Popen(command)
        deadline = time.monotonic() + 60
        while process.poll() is None and _stored(directory) < target and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
        process.wait()
        assert target <= _stored(directory) < 1500, "it should have been killed half-way"
        command = [
            sys.executable,
            "-c",
            "import sys, toys, terranova\n"
            "from terranova.registry import registry\n"
            "registry().register(toys, name='toys', origin='tests')\n"
            "terranova.resume(sys.argv[1], quiet=True)",
            str(directory),
        ]
    terranova.resume(directory, quiet=True)
    whole = tmp_path / "whole"
    subprocess.run([sys.executable, "-c", SCRIPT, str(whole), sampler], check=True, timeout=120)
    pd.testing.assert_frame_equal(_rows(directory), _rows(whole))
