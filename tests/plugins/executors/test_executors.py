"""Executors: rows in order and the same as in one process, whatever the model does to its process."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import fragile_models as toys

from terranova import Evaluation, Status
from terranova.errors import ContractError
from terranova.evaluation.problem import Problem
from terranova.interfaces.constraint_kinds import Function
from terranova.interfaces.constraint_set import ConstraintSet
from terranova.plugins.executors import MpiExecutor, ProcessesExecutor, SerialExecutor
from terranova.plugins.executors.tasks import MOST_POINTS, Pace
from terranova.registry import registry
from terranova.system.environment import clean_environment


def _same(found: Evaluation, expected: Evaluation) -> None:
    for name in ("observables", "status", "stage"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert list(found.reason) == list(expected.reason)
    assert found.seconds.shape == expected.seconds.shape


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def _all_gone(pids: list[int], patience: float = 10.0) -> bool:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if all(_gone(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def _pids(executor: ProcessesExecutor) -> list[int]:
    return [worker._process.pid or 0 for worker in executor._team]


def test_the_three_executors_are_registered() -> None:
    names = {"serial": SerialExecutor, "processes": ProcessesExecutor, "mpi": MpiExecutor}
    for name, executor in names.items():
        assert registry().get("executor", name).target is executor


@pytest.mark.parametrize("executor_class", [SerialExecutor, ProcessesExecutor, MpiExecutor])
def test_every_executor_gives_the_rows_of_the_problem(executor_class: type[ProcessesExecutor]) -> None:
    deeds = [toys.GOOD, toys.RAISES, toys.FAILS, toys.NAN, toys.GOOD] * 8
    problem = toys.problem(toys.Fragile)
    with executor_class(problem, workers=2) as executor:
        for x in (toys.points(deeds), toys.points([toys.GOOD]), toys.points([])):
            found, expected = executor.evaluate(x), problem.evaluate(x)
            _same(found, expected)
    staged = toys.problem(toys.Staged)
    x = np.random.default_rng(3).random((4321, 2))
    with executor_class(staged, workers=2) as executor:
        for _ in range(2):
            _same(executor.evaluate(x), staged.evaluate(x))


def test_a_slow_point_holds_up_nobody() -> None:
    problem = toys.problem(toys.Fragile)
    naps = [2.0, *[0.04] * 39]
    with ProcessesExecutor(problem, workers=2) as executor:
        executor.evaluate(toys.points([toys.GOOD] * 2))  # until both have started
        started = time.monotonic()
        found = executor.evaluate(toys.points([toys.GOOD] * 40, naps))
        seconds = time.monotonic() - started
    np.testing.assert_array_equal(found.observables, problem.evaluate(toys.points([toys.GOOD] * 40)).observables)
    assert seconds < 0.9 * sum(naps), "the other worker did the rest meanwhile"
    assert found.seconds[0] >= 2.0


def test_points_that_take_the_process_with_them_cost_a_row_each() -> None:
    deeds = [toys.GOOD] * 60
    for place, deed in ((7, toys.SEGFAULT), (8, toys.EXITS), (30, toys.KILLED), (59, toys.EXITS)):
        deeds[place] = deed
    problem = toys.problem(toys.Fragile)
    with ProcessesExecutor(problem, workers=2) as executor:
        executor.evaluate(toys.points([toys.GOOD] * 200))  # tasks are large by now: the guilty must be found
        found = executor.evaluate(toys.points(deeds))
        pids = _pids(executor)
    assert np.flatnonzero(found.status).tolist() == [7, 8, 30, 59]
    assert set(found.status[[7, 8, 30, 59]].tolist()) == {Status.CRASHED}
    assert found.reason[7] == "the worker process was killed by SIGSEGV"
    assert found.reason[8] == "the worker process exited with code 3"
    assert "SIGKILL" in found.reason[30]
    assert np.isnan(found.observables[[7, 8, 30, 59]]).all()
    good = np.array(deeds) == toys.GOOD
    expected = problem.evaluate(toys.points([toys.GOOD] * 60)).observables
    np.testing.assert_array_equal(found.observables[good], expected[good])
    assert _all_gone(pids)


def test_points_that_hang_end_at_their_deadline() -> None:
    deeds = [toys.GOOD] * 30
    deeds[4] = deeds[20] = toys.HANGS
    with ProcessesExecutor(toys.problem(toys.Fragile), workers=2, timeout=1.0) as executor:
        executor.evaluate(toys.points([toys.GOOD] * 200))
        found = executor.evaluate(toys.points(deeds))
    assert np.flatnonzero(found.status).tolist() == [4, 20]
    assert found.status[4] == Status.TIMEOUT
    assert found.reason[4] == "no answer within 1 s"
    assert found.seconds[4] >= 1.0


def test_programs_that_a_dead_worker_left_behind_are_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOY_CHILD_FILE", str(tmp_path / "pid"))
    with ProcessesExecutor(toys.problem(toys.Fragile)) as executor:
        found = executor.evaluate(toys.points([toys.LEAVES_CHILD, toys.GOOD]))
        assert found.status.tolist() == [Status.CRASHED, Status.OK]
        assert _all_gone([int((tmp_path / "pid").read_text())])


def test_workers_have_one_thread_and_nothing_of_mpi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMI_RANK", "0")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with ProcessesExecutor(toys.problem(toys.Fragile)) as executor:
        found = executor.evaluate(toys.points([toys.ENVIRONMENT]))
    assert found.observables.tolist() == [[0.0, 1.0]]
    assert os.environ["PMI_RANK"] == "0"
    assert "OMP_NUM_THREADS" not in os.environ


def test_a_bug_in_the_model_is_raised_with_its_traceback_and_the_pool_goes_on() -> None:
    good, bad = np.full((50, 2), 0.5), np.full((50, 2), 0.95)
    with ProcessesExecutor(toys.problem(toys.Misshapen), workers=2) as executor:
        executor.evaluate(good)
        with pytest.raises(ContractError, match=r"expected \(\d+, 2\)") as caught:
            executor.evaluate(bad)
        assert "evaluate_array" in caught.value.__notes__[0]
        assert executor.evaluate(good).status.tolist() == [Status.OK] * 50


def test_functions_that_no_module_has_travel_by_value() -> None:
    model = toys.problem(toys.Staged).model
    local = Function(name="local", observables=("first",), source="this test", violation_of=lambda first: 0 * first)
    problem = Problem(model, [ConstraintSet("mine", (local,))])
    x = np.random.default_rng(1).random((20, 2))
    with ProcessesExecutor(problem) as executor:
        np.testing.assert_array_equal(executor.evaluate(x).observables, problem.evaluate(x).observables)


def test_a_problem_that_cannot_travel_is_refused_before_the_first_point() -> None:
    model = toys.problem(toys.Staged).model
    lock = threading.Lock()  # belongs to this process

    def guarded(first: Any) -> Any:
        with lock:
            return 0 * first

    local = Function(name="local", observables=("first",), source="this test", violation_of=guarded)
    problem = Problem(model, [ConstraintSet("mine", (local,))])
    with (
        pytest.raises(ContractError, match=r"'staged'.*cannot be sent.*isolation: none"),
        ProcessesExecutor(problem),
    ):
        pass


def test_a_model_that_workers_cannot_import_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "only_here.py").write_text("from support.fragile_models import Staged\nclass Here(Staged): ...\n")
    with monkeypatch.context() as path:
        path.syspath_prepend(tmp_path)
        model = importlib.import_module("only_here").Here
    monkeypatch.setitem(sys.modules, "only_here", sys.modules.pop("only_here"))  # gone when the test ends
    with (
        pytest.raises(ContractError, match=r"cannot be rebuilt in a worker process .*only_here"),
        ProcessesExecutor(toys.problem(model)) as executor,
    ):
        executor.evaluate(np.zeros((3, 2)))


@pytest.mark.parametrize("words", [{"workers": 0}, {"timeout": 0.0}, {"timeout": -1.0}])
def test_senseless_options_are_refused(words: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(words))):
        ProcessesExecutor(toys.problem(toys.Staged), **words)  # type: ignore[arg-type]


def test_without_a_with_statement_there_are_no_workers() -> None:
    with pytest.raises(RuntimeError, match="with statement"):
        ProcessesExecutor(toys.problem(toys.Staged)).evaluate(np.zeros((3, 2)))


@pytest.mark.parametrize("error", [None, ZeroDivisionError, KeyboardInterrupt])
def test_no_process_outlives_the_executor(error: type[BaseException] | None) -> None:
    pids: list[int] = []

    def use() -> None:
        with ProcessesExecutor(toys.problem(toys.Staged), workers=2) as executor:
            executor.evaluate(np.zeros((10, 2)))
            pids.extend(_pids(executor))
            if error is not None:
                raise error

    with pytest.raises(error) if error is not None else nullcontext():
        use()
    assert len(pids) == 2
    assert _all_gone(pids)


OWNER = """
import sys
from support import fragile_models as toys
from terranova.plugins.executors import ProcessesExecutor

with ProcessesExecutor(toys.problem(toys.Fragile), workers=2) as executor:
    executor.evaluate(toys.points([toys.GOOD] * 4))
    print(*[worker._process.pid for worker in executor._team], flush=True)
    executor.evaluate(toys.points([toys.HANGS] * 4))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_workers_die_with_their_owner_in_the_middle_of_a_point(number: signal.Signals) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER],
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert owner.stdout is not None
        pids = [int(word) for word in owner.stdout.readline().split()]
        time.sleep(0.2)
        owner.send_signal(number)
        owner.wait(120)
    finally:
        owner.kill()
        owner.communicate()
    assert len(pids) == 2
    assert _all_gone(pids)


def test_tasks_grow_until_they_last_long_enough_and_shrink_towards_the_end() -> None:
    pace = Pace(task_seconds=0.2)
    assert pace.points(1000, 4) == 1, "nothing is known yet"
    pace.learn(1, 0.001)
    assert pace.points(100_000, 4) == 200
    assert pace.points(800, 4) == 100
    assert pace.points(10, 4) == 5, "not below 5 ms"
    assert pace.points(3, 4) == 3
    cheap = Pace()
    cheap.learn(1000, 0.0)
    assert cheap.points(100_000, 4) == MOST_POINTS
    slow = Pace()
    slow.learn(1, 60.0)
    assert slow.points(100, 4) == 1


@pytest.mark.integration
def test_a_slow_constraint_runs_in_the_workers_under_the_time_out_and_costs_one_point_at_most() -> None:
    from support.slow_constraints import STUBBORN
    from support.toys import Shell

    from terranova import BoundModel

    problem = Problem(BoundModel(Shell()), [ConstraintSet("set", (STUBBORN,))])
    x = np.array([[a, 1.0, 1.0, 0.0] for a in (5.0, 5.0 + 7.0**0.5, 6.0, 5.0 + 9.0**0.5, 7.0, 5.0 + 11.0**0.5)])
    with ProcessesExecutor(problem, 2, timeout=3.0) as executor:
        evaluation = executor.evaluate(x)
    number = np.arange(len(x))
    batch = problem.batch(np.full((len(x), 4), 0.5), x, evaluation, number, number, number)
    expected = [Status.OK, Status.UNSCORED, Status.OK, Status.CRASHED, Status.OK, Status.TIMEOUT]
    assert batch.status.tolist() == expected
    np.testing.assert_allclose(batch.violations[:, 0], [0.0, np.inf, 0.0, np.inf, 1.0, np.inf])
    assert batch.reason[1] == "constraint 'stubborn' of 'set': ArithmeticError: no convergence"
    assert batch.reason[5] == "no answer within 3 s"
