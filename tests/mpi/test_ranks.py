"""The number of ranks changes how long a scan takes, and nothing else. Real mpirun, the real 3HDM."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import terranova

pytest.importorskip("mpi4py", reason="the mpi extra is not installed")
MPIRUN = shutil.which("mpirun", path=str(Path(sys.executable).parent)) or shutil.which("mpirun")

pytestmark = [
    pytest.mark.mpi,
    pytest.mark.xdist_group("mpi"),
    pytest.mark.skipif(MPIRUN is None, reason="no mpirun on this machine"),
]

CONFIG = """
model: thdm3
constraints: [theory, electroweak, higgs-lhc, flavour, scalars]
sampler: {{name: {sampler}, islands: 6}}
budget: {{evaluations: 9000}}
seed: 11
output: {output}
"""


def _scan(tmp_path: Path, sampler: str, ranks: int) -> pd.DataFrame:
    output = tmp_path / f"{sampler}-{ranks}"
    config = tmp_path / f"{sampler}-{ranks}.yaml"
    config.write_text(CONFIG.format(sampler=sampler, output=output))
    command = [str(MPIRUN), "-n", str(ranks), sys.executable, "-m", "terranova", "scan", str(config), "-q"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    frame = terranova.open(output).to_pandas().drop(columns="seconds")
    return frame.sort_values(["island", "index"], ignore_index=True)


@pytest.mark.parametrize("sampler", ["cmaes-novelty", "cmaes", "sobol", "explorer"])
def test_one_two_and_three_ranks_give_identical_rows(tmp_path: Path, sampler: str) -> None:
    one, two, three = (_scan(tmp_path, sampler, ranks) for ranks in (1, 2, 3))
    assert len(one) == 9000
    pd.testing.assert_frame_equal(one, two)
    pd.testing.assert_frame_equal(one, three)


def test_a_run_killed_on_two_ranks_goes_on_with_three(tmp_path: Path) -> None:
    whole = _scan(tmp_path, "cmaes-novelty", 1)
    output = tmp_path / "killed"
    config = tmp_path / "killed.yaml"
    config.write_text(CONFIG.format(sampler="cmaes-novelty", output=output))
    base = [sys.executable, "-m", "terranova"]
    process = subprocess.Popen([str(MPIRUN), "-n", "2", *base, "scan", str(config), "-q"])
    try:
        while process.poll() is None:
            try:
                if terranova.open(output).count > 2000:
                    break
            except terranova.TerranovaError:
                pass
    finally:
        process.kill()
        process.wait()
    command = [str(MPIRUN), "-n", "3", *base, "resume", str(output), "-q"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    frame = terranova.open(output).to_pandas().drop(columns="seconds")
    frame = frame.sort_values(["island", "index"], ignore_index=True)
    pd.testing.assert_frame_equal(frame, whole)


def test_more_ranks_than_islands_is_an_error_not_a_hang(tmp_path: Path) -> None:
    config = tmp_path / "few.yaml"
    config.write_text(CONFIG.format(sampler="sobol", output=tmp_path / "few").replace("islands: 6", "islands: 1"))
    command = [str(MPIRUN), "-n", "2", sys.executable, "-m", "terranova", "scan", str(config), "-q"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert (done.stdout + done.stderr).count("2 ranks, but sampler.islands is 1") == 1
