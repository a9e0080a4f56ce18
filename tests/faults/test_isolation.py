"""Isolation: whatever a model does to its process costs its point, with a reason, and nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support import hostile_models as hostile
from support.leftover_processes import nothing_is_left, processes_with

import terranova
from terranova import Evaluation, Status
from terranova.errors import ConfigError
from terranova.plugins.executors import ProcessesExecutor, SerialExecutor, worker
from terranova.plugins.executors.child import LOG_BYTES
from terranova.registry import registry

__all__ = ["nothing_is_left"]

MEMORY = 2_000_000_000
TIMEOUT = 2.0


@pytest.fixture
def hostile_registry() -> Iterator[None]:
    shared = registry()
    before = list(shared.plugins)
    shared.register(hostile, name="hostile", origin="tests")
    yield
    shared.plugins[:] = before


def evaluate(deeds: list[str], model: type[terranova.Model] = hostile.Hostile, **words: Any) -> Evaluation:
    """Evaluate points in one isolated process, as a serial scan does."""
    with SerialExecutor(hostile.problem(model), isolate=True, **words) as executor:
        executor.warm_up()
        return executor.evaluate(hostile.points(deeds))


# ------------------------------------------------------------------------------------------------------------
# what one point may do

CRASHES = {
    "segfault": "the worker process was killed by SIGSEGV",
    "abort": "the worker process was killed by SIGABRT",
    "leave": "the worker process exited with code 3",
    "interrupt": "the worker process was killed by SIGINT",
    "kill": "the worker process was killed by SIGKILL, perhaps out of memory",
    "kill_group": "the worker process was killed by SIGKILL",
    "close": "the worker process exited with code 1",
    "children_then_die": "the worker process exited with code 5",
}
HANGS = ("sleep", "gil", "busy_c_loop", "stop", "deaf")


@pytest.mark.fault("F21", "F25")
@pytest.mark.usefixtures("nothing_is_left")
def test_a_point_that_kills_its_process_is_a_row_and_the_others_are_evaluated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIES", str(tmp_path / "tries"))
    deeds = ["good"] * 100
    places = {5 + 9 * i: name for i, name in enumerate(CRASHES)}
    for place, name in places.items():
        deeds[place] = name
    found = evaluate(deeds, timeout=60.0)
    expected = hostile.problem(hostile.Hostile).evaluate(hostile.points(["good"] * 100)).observables[:, 0]
    good = np.array([name == "good" for name in deeds])
    np.testing.assert_array_equal(found.observables[good, 0], expected[good])
    assert set(found.status[good]) == {Status.OK}
    assert set(found.status[~good]) == {Status.CRASHED}
    for place, name in places.items():
        assert found.reason[place].startswith(CRASHES[name]), name
    tries = Counter((tmp_path / "tries").read_text().split()[1::2])
    assert {name: tries[name] for name in CRASHES} == dict.fromkeys(CRASHES, 2), "tried twice, then stored"
    assert tries["good"] == good.sum() + 100, "here all were good: no point twice for another one's crash"


NO_ANSWER = "the worker process said what is no answer"
OUTCOMES = {
    "streams": (Status.OK, ""),
    "fork": (Status.OK, ""),
    "daemon": (Status.OK, ""),
    "nonblocking": (Status.OK, ""),
    "thread": (Status.OK, ""),
    "session": (Status.RAISED, "PermissionError"),
    "long_words": (Status.RAISED, "ValueError: no no"),
    "habits": (Status.OK, ""),
    "garble": (Status.CRASHED, NO_ANSWER),
    "unknown_message": (Status.CRASHED, NO_ANSWER),
    "leaving_message": (Status.CRASHED, NO_ANSWER),
    "pointless_message": (Status.CRASHED, NO_ANSWER),
    "hang_up": (Status.CRASHED, "the worker process "),  # it is found out, or notices first
    "take_place": (Status.CRASHED, "the worker process exited with code 1"),
    "modules": (Status.CRASHED, "the worker process exited with code 1"),
    "daemonise": (Status.CRASHED, "the worker process exited with code 0"),
    "alarm": (Status.CRASHED, "the worker process was killed by SIGALRM"),
    "half_a_message": (Status.TIMEOUT, "no answer within 10 s"),
    "stop_within_a_message": (Status.TIMEOUT, "no answer within 10 s"),
    "traced": (Status.TIMEOUT, "no answer within 10 s"),
    "flood": (Status.OK, ""),
}
"""What becomes of points that harm the process around the model."""
QUICK = ("streams", "fork", "daemon", "nonblocking", "thread", "session", "long_words", "habits", "garble")


@pytest.mark.fault("F70")
@pytest.mark.usefixtures("nothing_is_left")
@pytest.mark.parametrize(
    "names", [QUICK, pytest.param([*OUTCOMES][len(QUICK) :], marks=pytest.mark.slow)], ids=["quick", "rest"]
)
def test_harm_to_the_connection_and_the_process_costs_its_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: Sequence[str]
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("data")
    monkeypatch.setenv("PRECIOUS", str(precious))
    deeds = ["good", *(deed for name in names for deed in (name, "good"))]
    found = evaluate(deeds, timeout=10.0)
    outcomes = {name: (found.status[i], found.reason[i]) for i, name in enumerate(deeds) if name != "good"}
    for name, (status, reason) in outcomes.items():
        assert status == OUTCOMES[name][0], f"{name}: {reason}"
        assert reason.startswith(OUTCOMES[name][1]), name
    expected = hostile.problem(hostile.Hostile).evaluate(hostile.points(["good"] * len(deeds))).observables[:, 0]
    good = found.status == Status.OK
    assert good[::2].all(), "no other point suffers"
    np.testing.assert_array_equal(found.observables[good, 0], expected[good])
    assert precious.read_text() == "data"


@pytest.mark.fault("F70")
@pytest.mark.usefixtures("nothing_is_left")
def test_a_worker_that_does_not_take_its_task_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "TAKE_SECONDS", 1.0)
    x = hostile.points(["good"] * 20_000)  # more than a connection holds
    with SerialExecutor(hostile.problem(hostile.HostileArray), isolate=True) as executor:
        executor.warm_up()
        assert executor._child is not None
        os.kill(executor._child._team[0].pid, signal.SIGSTOP)
        found = executor.evaluate(x)
    assert set(found.status) == {Status.OK}


@pytest.mark.slow
@pytest.mark.fault("F21")
@pytest.mark.usefixtures("nothing_is_left")
def test_an_overflow_of_the_stack_is_a_row() -> None:
    found = evaluate(["good", "stack", "good"])
    assert found.status[[0, 2]].tolist() == [Status.OK, Status.OK]
    assert found.reason[1].startswith(("the worker process was killed by SIGSEGV", "RecursionError"))


@pytest.mark.fault("F22")
@pytest.mark.parametrize("name", HANGS)
def test_a_point_that_hangs_ends_at_its_deadline(name: str, nothing_is_left: Callable[[], bool]) -> None:
    found = evaluate(["good", "good", name, "good"], timeout=TIMEOUT)
    assert found.status.tolist() == [Status.OK, Status.OK, Status.TIMEOUT, Status.OK]
    assert found.reason[2] == "no answer within 2 s"
    assert TIMEOUT <= found.seconds[2] < TIMEOUT + 5, "a second, and what a busy machine adds"
    assert nothing_is_left()


@pytest.mark.fault("F21")
@pytest.mark.usefixtures("nothing_is_left")
def test_python_errors_are_rows_and_leave_the_worker_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "marker").touch()
    monkeypatch.setenv("MARKER", "marker")  # relative to where the scan was started
    found = evaluate(["good", "read", "recursion", "unphysical", "wander", "good", "print", "good", "sys_exit"])
    assert found.status.tolist() == [0, Status.RAISED, Status.RAISED, Status.UNPHYSICAL, 0, 0, 0, 0, Status.RAISED]
    assert found.reason[1].startswith("EOFError")
    assert found.reason[2].startswith("RecursionError")
    assert found.reason[8] == "SystemExit: 4"
    assert found.observables[4, 1] == 0.0, "it went elsewhere"
    assert found.observables[[5, 6, 7], 1].tolist() == [1.0] * 3, "and was brought back"
    assert len(set(found.observables[[0, 5, 7], 2])) == 1, "one process did it all"


# ------------------------------------------------------------------------------------------------------------
# memory


@pytest.mark.slow
@pytest.mark.fault("F21")
@pytest.mark.usefixtures("nothing_is_left")
@pytest.mark.skipif(sys.platform != "linux", reason="the limit needs Linux")
@pytest.mark.parametrize("model", [hostile.Hostile, hostile.HostileArray])
def test_a_point_that_needs_too_much_memory_is_a_row(model: type[terranova.Model]) -> None:
    found = evaluate(["good", "memory", "good", "good"], model, memory=MEMORY)
    assert found.status.tolist() == [Status.OK, Status.CRASHED, Status.OK, Status.OK]
    assert found.reason[1] == "the worker process ran out of memory (parallel.memory is 2 GB)"


@pytest.mark.slow
@pytest.mark.fault("F21")
@pytest.mark.usefixtures("nothing_is_left")
@pytest.mark.skipif(sys.platform != "linux", reason="the limit needs Linux")
def test_a_model_that_leaks_gets_a_new_process_and_loses_no_point() -> None:
    found = evaluate(["leak"] * 100, memory=MEMORY)  # 3 GB in all
    assert set(found.status) == {Status.OK}
    assert len(set(found.observables[:, 2])) == 2


# ------------------------------------------------------------------------------------------------------------
# vectorised models: the batch as a whole, and the guilty by another way


@pytest.mark.fault("F21", "F22")
@pytest.mark.usefixtures("nothing_is_left")
def test_the_guilty_of_a_vectorised_batch_are_found_and_the_others_have_the_same_bits() -> None:
    deeds = ["good"] * 300
    deeds[17], deeds[18], deeds[200], deeds[299] = "segfault", "leave", "sleep", "abort"
    found = evaluate(deeds, hostile.HostileArray, timeout=TIMEOUT)
    expected = hostile.problem(hostile.HostileArray).evaluate(hostile.points(["good"] * 300)).observables
    assert np.flatnonzero(found.status).tolist() == [17, 18, 200, 299]
    assert found.status[[17, 18, 200, 299]].tolist() == [5, 5, 4, 5]
    good = found.status == Status.OK
    assert found.observables[good].tobytes() == expected[good].tobytes()


def test_a_vectorised_model_gets_its_batches_as_a_whole(tmp_path: Path) -> None:
    problem = hostile.problem(hostile.HostileArray)
    calls: list[int] = []
    with ProcessesExecutor(problem) as executor:
        executor.warm_up()
        start = executor._team[0].start
        executor._team[0].start = lambda task: (calls.append(len(task.x)), start(task))[1]  # type: ignore[assignment,func-returns-value,method-assign]
        for n in (1, 12, 5000):
            x = hostile.points(["good"] * n)
            assert executor.evaluate(x).observables.tobytes() == problem.evaluate(x).observables.tobytes()
    assert calls == [1, 12, 5000]


@pytest.mark.usefixtures("nothing_is_left")
def test_a_model_that_dies_in_the_middle_of_its_space_can_be_scanned() -> None:
    found = evaluate(["good", "segfault", "good"], hostile.DeadCentre)
    assert found.status.tolist() == [Status.OK, Status.CRASHED, Status.OK]


# ------------------------------------------------------------------------------------------------------------
# what is left, and what is printed


@pytest.mark.fault("F23")
def test_programs_that_points_leave_behind_end_with_the_worker(nothing_is_left: Callable[[], bool]) -> None:
    with SerialExecutor(hostile.problem(hostile.Hostile), isolate=True) as executor:
        assert executor.evaluate(hostile.points(["children", "good"])).status.tolist() == [Status.OK] * 2
        token = os.environ["TERRANOVA_TEST"]
        assert len(processes_with(token)) >= 4, "the worker, its guardian and two sleepers"
    assert nothing_is_left()


@pytest.mark.usefixtures("nothing_is_left")
def test_what_a_model_prints_goes_to_a_log_that_does_not_grow(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with SerialExecutor(hostile.problem(hostile.Hostile), isolate=True, logs=tmp_path / "logs") as executor:
        assert set(executor.evaluate(hostile.points(["print"] * 5)).status) == {Status.OK}  # 15 MB
    with SerialExecutor(hostile.problem(hostile.Hostile), isolate=True, logs=tmp_path / "logs") as executor:
        executor.evaluate(hostile.points(["segfault"]))
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")
    logs = sorted((tmp_path / "logs").iterdir())
    assert [log.name for log in logs] == ["model-0-0.log", "model-0-0.log.old"]
    assert all(log.stat().st_size <= LOG_BYTES + (1 << 16) for log in logs)
    said = b"".join(log.read_bytes() for log in logs)
    assert b"does not converge" in said
    assert b"_segfault" in said, "the stack of a crash"


OWNER = """
import sys
from support import hostile_models as hostile
from terranova.plugins.executors import SerialExecutor

with SerialExecutor(hostile.problem(hostile.Hostile), isolate=True) as executor:
    executor.evaluate(hostile.points(["children"]))
    print("busy", flush=True)
    executor.evaluate(hostile.points([sys.argv[1]]))
"""


@pytest.mark.fault("F22", "F23")
@pytest.mark.parametrize("name", ["sleep", "busy_c_loop", "stop"])
def test_nothing_outlives_a_scan_that_is_killed(name: str, nothing_is_left: Callable[[], bool]) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER, name], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    assert owner.stdout.readline() == "busy\n"
    time.sleep(0.2)
    folders = _scratch_folders(owner.pid)
    assert folders
    owner.kill()
    owner.communicate()
    assert nothing_is_left()
    assert not any(folder.exists() for folder in folders), "temporary folders neither"


def _scratch_folders(parent: int) -> list[Path]:
    found = []
    for pid in processes_with(os.environ["TERRANOVA_TEST"]):
        for entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            if entry.startswith(b"TMPDIR=") and b"terranova-worker" in entry:
                found.append(Path(entry[7:].decode()))
    return found


# ------------------------------------------------------------------------------------------------------------
# several workers


@pytest.mark.fault("F29")
def test_a_slow_worker_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOW", str(tmp_path / "slow"))
    x = np.linspace(0, 1, 300)[:, None]
    with ProcessesExecutor(hostile.problem(hostile.FastAndSlow), workers=3) as executor:
        executor.warm_up()
        executor.evaluate(x[:30])
        found = executor.evaluate(x)
    np.testing.assert_array_equal(found.observables[:, 0], np.exp(x[:, 0]))
    slow = float((tmp_path / "slow").read_text())
    counts = Counter(found.observables[:, 1])
    others = [count for pid, count in counts.items() if pid != slow]
    assert len(others) == 2
    assert counts[slow] < 0.15 * min(others), "the others did nearly all of the work meanwhile"


# ------------------------------------------------------------------------------------------------------------
# in a scan


def rows(directory: Path) -> pd.DataFrame:
    frame = terranova.open(directory).to_pandas().drop(columns="seconds")
    return frame.sort_values(["island", "index"], ignore_index=True)


@pytest.mark.slow
@pytest.mark.fault("F15")
@pytest.mark.usefixtures("nothing_is_left")
@pytest.mark.parametrize("model", ["toy-holes", "toy-point", "toy-staged"])
def test_isolation_and_executor_do_not_change_the_rows(tmp_path: Path, toy_registry: None, model: str) -> None:
    ways: dict[str, dict[str, Any]] = {
        "none": {"isolation": "none"},
        "auto": {},
        "process": {"isolation": "process"},
        "limits": {"timeout": "5m", "memory": "4 GB"},
        "workers": {"executor": "processes", "workers": 2},
    }
    cheap = {"name": "cheap", "observable": "cheap", "kind": "window", "upper": 3.0, "source": "test"}
    for name, words in ways.items():
        terranova.scan(
            model=model,
            constraints=[cheap] if model == "toy-staged" else ["toy-windows"],
            sampler={"name": "cmaes", "islands": 4},
            budget={"evaluations": 400},
            parallel=words,
            output=tmp_path / name,
            quiet=True,
        )
    for name in ways:
        pd.testing.assert_frame_equal(rows(tmp_path / name), rows(tmp_path / "none"))


DYING = """
import sys, terranova
from support import hostile_models as hostile
from terranova.registry import registry
registry().register(hostile, name="hostile", origin="tests")
terranova.scan(sys.argv[1], quiet=True)
"""

SCAN = """
model: hostile-array
constraints: []
parameters: {deed: {prior: uniform, lower: 0.0, upper: %s}}
sampler: {name: sobol, islands: 1}
budget: {evaluations: 64}
output: %s
parallel: {isolation: %s}
"""


@pytest.mark.slow
@pytest.mark.fault("F17", "F21")
@pytest.mark.usefixtures("nothing_is_left", "hostile_registry")
def test_a_model_that_kills_the_scan_says_so_and_the_scan_goes_on_in_isolation(tmp_path: Path) -> None:
    file, directory = tmp_path / "scan.yaml", tmp_path / "run"
    segfault = hostile.NAMES.index("segfault")
    assert segfault == 1, "the deed after the good one"
    file.write_text(SCAN % (1.05, directory, "none"))
    died = subprocess.run([sys.executable, "-c", DYING, str(file)], capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGSEGV
    assert "model 'hostile-array', which ran within the scan itself, has just killed it" in died.stderr
    assert "`parallel: {isolation: process}`" in died.stderr
    assert "_segfault" in died.stderr
    file.write_text(SCAN % (1.05, directory, "process"))
    terranova.resume(directory, file=file, quiet=True)
    found = rows(directory)
    assert len(found) == 64
    guilty = found.deed >= 1.0
    assert 0 < guilty.sum() < 10
    assert (found.status == np.where(guilty, Status.CRASHED, Status.OK)).all()
    assert (directory / "logs" / "model-0-0.log").exists()


@pytest.mark.fault("F21")
def test_a_model_that_leaves_in_place_costs_a_row() -> None:
    problem = hostile.problem(hostile.HostileArray)
    with SerialExecutor(problem) as executor:
        evaluation = executor.evaluate(hostile.points(["good", "sys_exit", "good"]))
    assert evaluation.status.tolist() == [Status.OK, Status.RAISED, Status.OK]
    assert list(evaluation.reason) == ["", "SystemExit: 4", ""]


RANDOM = {"model": "toy-shell", "constraints": [], "sampler": "random", "budget": {"evaluations": 1}}


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({"isolation": "maybe"}, "parallel.isolation"),
        ({"isolation": "none", "timeout": 1}, "parallel.timeout: needs a process for the model"),
        ({"isolation": "none", "memory": "1 GB"}, "parallel.memory: needs a process for the model"),
        ({"isolation": "none", "executor": "processes"}, "'processes' always isolates"),
        ({"memory": "lots"}, "parallel.memory: expected bytes, or an amount such as 500 MB"),
        ({"memory": 0}, "parallel.memory: must be a positive amount"),
        ({"memory": -1}, "parallel.memory: must be a positive amount"),
        ({"memory": True}, "parallel.memory"),
    ],
)
def test_words_without_sense_are_refused(words: dict[str, Any], problem: str, toy_registry: None) -> None:
    from terranova.config import load_config

    with pytest.raises(ConfigError, match=problem.replace("(", r"\(")):
        load_config({**RANDOM, "parallel": words})
