"""F41: two processes want one new directory at the same moment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import terranova

PAIRS = [pytest.param(2, id="2"), pytest.param(25, id="25", marks=pytest.mark.slow)]

SCAN = (
    "import sys, terranova\n"
    "from support import toys\n"
    "from terranova.registry import registry\n"
    "registry().register(toys, name='toys', origin='tests')\n"
    "sys.stdin.readline()\n"  # both are ready: go
    "terranova.scan(model='toy-shell', constraints=['toy-windows'], sampler='random', evaluations=400,\n"
    "    seed=int(sys.argv[2]), output=sys.argv[1], quiet=True)\n"
)


def _pair(directory: Path) -> list[int]:
    """Start two scans of different seeds on a directory; return their exit codes."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", SCAN, str(directory), str(seed)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in (1, 2)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0 or "RunLocked" in said or "RunExists" in said, said
    return [process.returncode for process in started]


@pytest.mark.fault("F41")
@pytest.mark.parametrize("pairs", PAIRS)
def test_of_two_scans_on_one_new_directory_one_is_refused(tmp_path: Path, toy_registry: None, pairs: int) -> None:
    for number in range(pairs):
        directory = tmp_path / str(number)
        codes = _pair(directory)
        assert codes.count(0) == 1, codes
        seed = 1 + codes.index(0)
        run = terranova.open(directory)
        assert run.config.seed == run.manifest.seed == seed
        assert run.count == 400
        alone = terranova.scan({**run.config.to_dict(), "output": str(tmp_path / f"alone-{number}")}, quiet=True)
        columns = ["island", "index", "a", "b"]
        assert run.to_pandas()[columns].equals(alone.to_pandas()[columns])
        assert json.loads((directory / "summary.json").read_text())["state"] == "evaluations"
