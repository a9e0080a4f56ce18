"""Signals during evaluation: everything that was evaluated is stored, the exit code says what to do next."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from support.scan_processes import MPIRUN, PATIENCE, Lab, alive, assert_same_rows, count, relatives, until

import terranova
from terranova.runs.run import SUMMARY

SLOW = "toy-naughty-point"
mpi = [
    pytest.mark.mpi,
    pytest.mark.xdist_group("mpi"),
    pytest.mark.skipif(MPIRUN is None, reason="no mpirun on this machine"),
]


def _begun(directory: Path, points: int = 1) -> bool:
    return count(directory) >= points


def _state(directory: Path) -> object:
    return terranova.open(directory).summary.get("state")


@pytest.mark.fault("F20")
@pytest.mark.parametrize(
    ("number", "code", "state"),
    [
        pytest.param(signal.SIGTERM, 75, "signal", marks=pytest.mark.slow),
        pytest.param(signal.SIGUSR1, 75, "signal", marks=pytest.mark.slow),
        (signal.SIGINT, 130, "interrupt"),
    ],
)
def test_a_signal_stops_the_scan_with_everything_stored(
    tmp_path: Path, number: signal.Signals, code: int, state: str
) -> None:
    lab = Lab(tmp_path)
    path, killed = lab.config("stopped", evaluations=3000, epoch=1000)
    process = lab.start("scan", path, deed={"nap": 0.01})
    until(lambda: _begun(killed), "points are stored", process=process)
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, out + err
    assert f"Go on with: terranova resume {killed}" in err
    assert "Traceback" not in err
    assert 0 < count(killed) < 3000
    assert _state(killed) == state
    path, whole = lab.config("whole", evaluations=3000, epoch=1000)
    assert lab.run("scan", path, "-q").returncode == 0
    assert lab.run("resume", killed, "-q").returncode == 0
    assert_same_rows(killed, whole)


@pytest.mark.fault("F20")
@pytest.mark.parametrize(
    "parallel",
    [pytest.param("executor: serial", marks=pytest.mark.slow), "executor: processes, workers: 2"],
    ids=["serial", "processes"],
)
def test_a_long_batch_is_broken_off_and_what_is_done_of_it_stored(tmp_path: Path, parallel: str) -> None:
    # A batch of 192 points of 0.1 s: the signal comes long before its end.
    lab = Lab(tmp_path)
    path, stopped = lab.config(
        "stopped", model="{name: toy-naughty-point, delay: 0.1}", islands=192, evaluations=300, parallel=parallel
    )
    process = lab.start("scan", path, "-q")
    until(lambda: _begun(stopped), "the first rows of the batch are stored", process=process)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 75, out + err
    stored = count(stopped)
    assert 0 < stored < 192, "a part of the first batch"
    process = lab.start("resume", stopped, "-q")
    until(lambda: count(stopped) > stored, "it goes on within the batch", process=process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 75
    # The rest at full speed: another model of the same numbers cannot be resumed, so compare with what is there.
    path, whole = lab.config("whole", model="{name: toy-naughty-point, delay: 0.0}", islands=192, evaluations=300)
    assert lab.run("scan", path, "-q").returncode == 0
    one = terranova.open(stopped).to_pandas().drop(columns="seconds").set_index(["island", "index"])
    other = terranova.open(whole).to_pandas().drop(columns="seconds").set_index(["island", "index"])
    assert one.index.is_unique
    terranova_rows = other.loc[one.index]
    assert one.equals(terranova_rows)


@pytest.mark.fault("F20")
def test_one_long_point_in_this_process_is_broken_off(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    path, stopped = lab.config(
        "stopped", model="{name: toy-naughty-point, delay: 600}", parallel="executor: serial"
    )
    process = lab.start("scan", path, "-q")
    until(lambda: (stopped / "ranks").is_dir(), "the scan has begun", process=process)
    time.sleep(0.5)
    process.send_signal(signal.SIGUSR1)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 75, out + err


@pytest.mark.slow
@pytest.mark.fault("F20")
def test_a_second_ctrl_c_ends_the_scan_at_once(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    # A model that takes no notice of the first one: 20 s of naps, broken only where the engine lets them.
    path, stopped = lab.config("stopped", evaluations=3000, epoch=1000)
    process = lab.start("scan", path, deed={"nap": 0.05})
    until(lambda: _begun(stopped), "points are stored", process=process)
    os.kill(process.pid, signal.SIGSTOP)  # both arrive while it does nothing
    os.kill(process.pid, signal.SIGINT)
    os.kill(process.pid, signal.SIGCONT)
    time.sleep(0.7)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    # One that comes while Python already leaves is the system's to deal with; a shell says 130 of both.
    assert process.returncode in (130, -signal.SIGINT)
    assert lab.run("resume", stopped, "-q").returncode == 0
    assert count(stopped) == 3000


@pytest.mark.fault("F20")
def test_the_second_ctrl_c_is_an_exception_and_an_echo_of_the_first_is_not() -> None:
    from terranova.system import signals as interrupt

    with interrupt.StopRequest() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)  # a terminal and a launcher both pass on the same key
        assert stop.signal == signal.SIGINT
        stop._asked_at -= 2 * interrupt.SAME_REQUEST
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)  # a batch system that grows impatient changes nothing


# -- ranks


@pytest.mark.fault("F20")
@pytest.mark.parametrize(
    ("whom", "parallel"),
    [
        pytest.param(1, "mode: islands", marks=mpi),
        pytest.param(1, "mode: evaluations", marks=mpi),
        pytest.param(0, "mode: islands", marks=[*mpi, pytest.mark.slow]),
        pytest.param(0, "mode: evaluations", marks=[*mpi, pytest.mark.slow]),
        pytest.param(None, "mode: islands", marks=[*mpi, pytest.mark.slow]),
        pytest.param(None, "mode: evaluations", marks=[*mpi, pytest.mark.slow]),
    ],
)
def test_a_signal_to_one_rank_stops_all_within_a_generation(
    tmp_path: Path, whom: int | None, parallel: str
) -> None:
    lab = Lab(tmp_path)
    # An epoch that would take hours: the ranks do not wait for its end.
    path, stopped = lab.config(
        "stopped", model=SLOW, islands=8, evaluations=1_000_000, epoch=1_000_000, parallel=parallel
    )
    process = lab.start("scan", path, "-q", ranks=2, deed={"nap": 0.05})
    until(lambda: _begun(stopped, 8), "points are stored", process=process)
    if whom is None:
        process.send_signal(signal.SIGTERM)  # to the launcher, which passes it on to all
    else:
        os.kill(_rank(whom, stopped), signal.SIGTERM)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 75, out + err
    assert err.count("every point is stored") == 1
    assert count(stopped) < 1_000_000
    until(lambda: not relatives(path), "no process is left")


def _rank(number: int, directory: Path) -> int:
    """Return the process of a rank."""
    import json

    return int(json.loads((directory / "ranks" / f"rank-{number:04d}.alive").read_text())["pid"])


@pytest.mark.fault("F20")
@pytest.mark.slow
@pytest.mark.parametrize("ranks", [pytest.param(2, marks=mpi), pytest.param(3, marks=mpi)])
def test_stopped_on_several_ranks_and_resumed_equals_never_stopped(tmp_path: Path, ranks: int) -> None:
    lab = Lab(tmp_path)
    words = {"sampler": "cmaes-novelty", "islands": 6, "evaluations": 1200, "epoch": 4}
    path, whole = lab.config("whole", **words)  # type: ignore[arg-type]
    assert lab.run("scan", path, "-q").returncode == 0
    path, stopped = lab.config("stopped", **words)  # type: ignore[arg-type]
    process = lab.start("scan", path, "-q", ranks=ranks, deed={"nap": 0.05})
    for number, points in ((signal.SIGTERM, 100), (signal.SIGUSR1, 400), (signal.SIGTERM, 800)):
        until(lambda points=points: _begun(stopped, points), "points are stored", process=process)  # type: ignore[misc]
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 75, out + err
        process = lab.start("resume", stopped, "-q", ranks=ranks, deed={"nap": 0.02})
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, out + err
    assert_same_rows(stopped, whole)
    assert (stopped / SUMMARY).exists()
    assert not alive(process.pid)


@pytest.mark.fault("F20")
def test_a_signal_between_two_batches_stores_nothing_twice(tmp_path: Path, toy_registry: None) -> None:
    class Halting(terranova.Sampler):
        """Asks the scan to stop while it is told of its third batch."""

        name = "halting"
        told = 0

        def ask(self) -> Any:
            return self.rng.random((5, self.space.dimension))

        def tell(self, batch: Any) -> None:
            self.told += 1
            if self.told == 3:
                os.kill(os.getpid(), signal.SIGTERM)

    class Module:
        @staticmethod
        @terranova.hookimpl
        def terranova_samplers() -> list[Any]:
            return [Halting]

    from terranova.registry import registry

    registry().register(Module, name="halting", origin="tests")
    run = terranova.scan(
        model={"name": "toy-point"},
        constraints=["toy-windows"],
        sampler={"name": "halting", "islands": 1},
        budget={"evaluations": 100},
        parallel={"executor": "serial", "isolation": "none"},
        output=str(tmp_path / "run"),
        quiet=True,
    )
    assert run.summary["state"] == "signal"
    assert run.count == 15
    assert run.summary["evaluations"] == 15
    assert terranova.open(run.directory).verify().ok
