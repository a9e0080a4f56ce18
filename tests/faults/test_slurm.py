"""The batch script for Slurm, with programs in place of Slurm's own that do what those do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.scan_processes import MPIRUN, PATIENCE, Lab, assert_same_rows, count, relatives, until

SBATCH = Path(__file__).parents[2] / "examples" / "slurm" / "scan.sbatch"

pytestmark = pytest.mark.fault("F20")


class Slurm:
    """Runs the batch script as slurmd does; what scontrol and srun are told is in a log."""

    def __init__(self, folder: Path, environment: dict[str, str], ranks: int) -> None:
        self.folder, self.log = folder, folder / "log"
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.log.touch()
        self.program("scontrol", "exit 0")
        self.program("srun", f'exec "{MPIRUN}" "$@"')
        self.environment = {
            **environment,
            "PATH": f"{self.bin}:{environment['PATH']}",
            "TERRANOVA_BIN": str(Path(sys.executable).parent),
            "SLURM_NTASKS": str(ranks),
            "SLURM_JOB_ID": "42",
        }

    def program(self, name: str, then: str) -> None:
        """Put a program on the PATH that writes down what it is told."""
        path = self.bin / name
        path.write_text(f'#!/bin/bash\necho {name} "$1" "$2" >> "{self.log}"\n{then}\n')
        path.chmod(0o755)

    def submit(self, config: object, run: object, **environment: str) -> subprocess.Popen[str]:
        """Start the batch script."""
        return subprocess.Popen(
            ["bash", str(SBATCH), str(config), str(run)],
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def told(self) -> list[str]:
        """Return what the programs were told, since the last time."""
        lines = self.log.read_text().splitlines()
        self.log.write_text("")
        return lines


@pytest.mark.parametrize(("answer", "requeued"), [(0, False), (4, False), (75, True), (130, False)])
def test_only_an_interrupted_scan_is_queued_again(tmp_path: Path, answer: int, requeued: bool) -> None:
    slurm = Slurm(tmp_path, dict(os.environ), 4)
    slurm.program("terranova", f"exit {answer}")
    script = slurm.submit("scan.yaml", tmp_path / "run", TERRANOVA_BIN=str(slurm.bin))
    script.communicate(timeout=PATIENCE)
    assert script.returncode == answer
    assert slurm.told() == ["terranova launch -n", *["scontrol requeue 42"] * requeued]


@pytest.mark.parametrize("number", [pytest.param(signal.SIGTERM, marks=pytest.mark.slow), signal.SIGUSR1])
def test_slurms_warning_stops_the_scan_and_the_next_job_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    lab = Lab(tmp_path)
    slurm = Slurm(tmp_path, lab.with_deed({"nap": 0.02}), 1)
    path, whole = lab.config("whole", sampler="cmaes-novelty")
    assert lab.run("scan", path, "-q").returncode == 0
    script = slurm.submit(path, tmp_path / "run")
    until(lambda: count(tmp_path / "run") > 50, "points are stored", process=script)
    script.send_signal(number)
    out, err = script.communicate(timeout=PATIENCE)
    assert script.returncode == 75, out + err
    assert slurm.told() == ["scontrol requeue 42"]
    script = slurm.submit(path, tmp_path / "run")
    out, err = script.communicate(timeout=PATIENCE)
    assert script.returncode == 0, out + err
    assert slurm.told() == []
    assert_same_rows(tmp_path / "run", whole)


@pytest.mark.slow
@pytest.mark.mpi
@pytest.mark.xdist_group("mpi")
@pytest.mark.skipif(MPIRUN is None, reason="no mpirun on this machine")
@pytest.mark.parametrize("to_script", [True, False], ids=["B:USR1", "USR1"])
def test_with_srun_and_several_ranks(tmp_path: Path, to_script: bool) -> None:
    lab = Lab(tmp_path)
    slurm = Slurm(tmp_path, lab.with_deed({"nap": 0.02}), 2)
    path, whole = lab.config("whole", sampler="cmaes-novelty")
    assert lab.run("scan", path, "-q").returncode == 0
    script = slurm.submit(path, tmp_path / "run", TERRANOVA_LAUNCHER="srun")
    until(lambda: count(tmp_path / "run") > 50, "points are stored", process=script)
    if to_script:
        script.send_signal(signal.SIGUSR1)
    else:
        ranks = [p for p in relatives(tmp_path / "run") if b"launch" not in Path(f"/proc/{p}/cmdline").read_bytes()]
        for pid in ranks:
            if b"python" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]:
                os.kill(pid, signal.SIGUSR1)
    out, err = script.communicate(timeout=PATIENCE)
    assert script.returncode == 75, out + err
    assert slurm.told() == ["srun -n 2", "scontrol requeue 42"]
    script = slurm.submit(path, tmp_path / "run", TERRANOVA_LAUNCHER="srun")
    script.communicate(timeout=PATIENCE)
    assert script.returncode == 0
    assert_same_rows(tmp_path / "run", whole)
