"""The interface of executors: what holds for one that brings only what it must."""

from __future__ import annotations

import numpy as np
import pytest
from support.fragile_models import Staged, problem

from terranova.errors import ContractError
from terranova.evaluation.executor import Executor, Watch
from terranova.interfaces.batch import Evaluation
from terranova.types import Floats

PROBLEM = problem(Staged)


class Least(Executor):
    """Only what must be there."""

    name = "least"

    def evaluate(self, x: Floats) -> Evaluation:
        return self.problem.evaluate(x)


def test_an_executor_is_its_own_context() -> None:
    executor = Least(PROBLEM, workers=3)
    with executor as entered:
        assert entered is executor
        entered.warm_up()
        assert entered.evaluate(np.full((4, 2), 0.5)).observables.shape == (4, 2)
    assert (executor.problem, executor.workers) == (PROBLEM, 3)


def test_it_serves_nobody_and_isolates_nothing_unless_it_says_so() -> None:
    assert not Least.over_ranks
    assert not Least.isolates
    with pytest.raises(ContractError, match="does not work over ranks"):
        Least.serve(PROBLEM)


def test_without_the_engine_nobody_watches() -> None:
    watch = Least(PROBLEM).watch
    assert type(watch) is Watch
    watch.poll()
    with watch.breakable():
        watch.done(0, PROBLEM.evaluate(np.zeros((1, 2))))


def test_an_error_within_the_context_is_passed_on() -> None:
    with pytest.raises(ZeroDivisionError), Least(PROBLEM):
        raise ZeroDivisionError
