"""A long run of a cheap model: memory, open files and threads stay what they were after the warm-up."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path

import pytest
from support.scan_processes import MPIRUN, PATIENCE, Lab, count, until

import terranova
from terranova.parallel.heartbeat import sign_of

SECONDS = float(os.environ.get("TERRANOVA_SOAK_SECONDS", 600.0))
SHORT = 15.0
GROWTH = 1.05


def _sample(pid: int) -> tuple[int, int, int]:
    """Return resident kilobytes, open files and threads of a process."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
    )
    return int(status["VmRSS"].split()[0]), len(os.listdir(f"/proc/{pid}/fd")), int(status["Threads"])


def _soak(folder: Path, ranks: int, seconds: float, sampler: str) -> None:
    lab = Lab(folder)
    path, run = lab.config("soak", sampler=sampler, evaluations=10**12, islands=64, epoch=20)
    # Compiling takes memory once, the first time after an installation; and late, for what needs valid points.
    warm, _ = lab.config("warm", sampler=sampler, evaluations=100_000, islands=64, epoch=20)
    assert lab.run("scan", warm, "-q").returncode == 0
    process = lab.start("scan", path, "-q", "--wall", f"{seconds:g}s", ranks=ranks)
    until(lambda: count(run) > 1000, "the scan runs", process=process)
    signs = [sign_of(run, rank) for rank in range(ranks)]
    pids = [int(json.loads(sign.read_text())["pid"]) for sign in signs]
    history: list[list[tuple[int, int, int]]] = [[] for _ in pids]
    while process.poll() is None:
        time.sleep(min(1.0, seconds / 100))
        for sign, pid, samples in zip(signs, pids, history, strict=True):
            # What is looked at after the scan, for the summary and to check its rows, is not part of it.
            with suppress(OSError, KeyError):
                sample = _sample(pid)
                if sign.exists() and terranova.open(run).summary.get("state", "running") == "running":
                    samples.append(sample)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, out + err
    points = count(run)
    for rank, samples in enumerate(history):
        # The writer's buffers are real memory only once they have been full; that is the warm-up.
        rss, files, threads = (list(column) for column in zip(*samples[len(samples) // 3 :], strict=True))
        third = max(1, len(rss) // 3)
        early, late = max(rss[:third]), max(rss[-third:])
        print(
            f"rank {rank}: {points:,} points, memory {early / 1024:.1f} then {late / 1024:.1f} MB, "
            f"files {max(files[:third])} then {max(files[-third:])}, "
            f"threads {max(threads[:third])} then {max(threads[-third:])}"
        )
        assert late <= GROWTH * early, f"memory grew from {early} to {late} kB"
        assert max(files[-third:]) <= max(files[:third]) + 1  # while a part is being sealed there is one more
        assert max(threads[-third:]) <= max(threads[:third]) + 1


@pytest.mark.fault("F40")
def test_a_quarter_of_a_minute_leaves_no_trace(tmp_path: Path) -> None:
    _soak(tmp_path, 1, SHORT, "cmaes-novelty")


mpi = [
    pytest.mark.mpi,
    pytest.mark.xdist_group("mpi"),
    pytest.mark.skipif(MPIRUN is None, reason="no mpirun on this machine"),
]


@pytest.mark.slow
@pytest.mark.fault("F40")
@pytest.mark.timeout(SECONDS + 600)
@pytest.mark.parametrize(("ranks", "sampler"), [(1, "cmaes-novelty"), pytest.param(2, "cmaes-novelty", marks=mpi)])
def test_ten_minutes_leave_no_trace(tmp_path: Path, ranks: int, sampler: str) -> None:
    _soak(tmp_path, ranks, SECONDS, sampler)
