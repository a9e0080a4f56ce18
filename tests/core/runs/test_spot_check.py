"""Stored points that are evaluated again: what counts as the same, as last digits, as random, and as changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.stored_runs import scanned

from terranova import Status
from terranova.errors import RunMismatch
from terranova.interfaces.batch import Evaluation
from terranova.runs.run import Run
from terranova.runs.spot_check import POINTS, SpotCheck, spot_check

pytestmark = pytest.mark.usefixtures("toy_registry")


@pytest.fixture
def run(tmp_path: Path, toy_registry: None) -> Run:
    return scanned(tmp_path / "run", budget={"evaluations": 400})


class Altered:
    """The model of a run, with something done to its answers; counts its calls."""

    def __init__(self, run: Run, alter: Any) -> None:
        self._evaluate, self._alter = run.problem().evaluate, alter
        self.calls, self.points = 0, 0

    def __call__(self, x: np.ndarray[Any, Any]) -> Evaluation:
        self.calls += 1
        self.points += len(x)
        return self._alter(self._evaluate(x))


def _scaled(factor: float) -> Any:
    return lambda answer: replace(answer, observables=answer.observables * factor)


def test_the_same_model_gives_the_same_bits_and_is_asked_once(run: Run) -> None:
    model = Altered(run, lambda answer: answer)
    check = spot_check(run, run.problem(), model)
    assert check.same
    assert 8 <= check.points <= POINTS
    assert (model.calls, model.points) == (1, check.points)
    assert check.note() == check.warning() == ""
    check.require_same("cannot", "instead")


def test_other_values_are_a_change(run: Run) -> None:
    check = spot_check(run, run.problem(), Altered(run, _scaled(1.0 + 1e-6)))
    assert len(check.changed) == check.points
    assert not check.random
    with pytest.raises(RunMismatch, match=r"cannot resume.*\n  point \d+ of island \d: ring was .*, now ") as error:
        check.require_same("cannot resume it", "Do something else")
    assert str(error.value).endswith("Do something else")
    assert f"and {check.points - 5} more" in str(error.value)


def test_other_last_digits_are_no_change_but_noted(run: Run) -> None:
    check = spot_check(run, run.problem(), Altered(run, _scaled(1.0 + 1e-13)))
    assert not check.changed
    assert check.last_digits == check.points
    assert "last digits" in check.note()
    check.require_same("cannot", "instead")


def test_answers_that_differ_each_time_are_random_and_no_change(run: Run) -> None:
    rng = np.random.default_rng(1)
    noisy = Altered(run, lambda answer: replace(answer, observables=answer.observables + rng.normal(size=2)))
    check = spot_check(run, run.problem(), noisy)
    assert not check.changed
    assert check.random == check.points
    assert "not a function of its parameters" in check.note()
    assert "not a function of its parameters" in check.warning()


def test_a_point_that_fails_now_is_a_change_and_one_that_is_lost_is_none(run: Run) -> None:
    def failing(status: Status) -> Any:
        return lambda answer: replace(
            answer, status=np.full(len(answer.status), status, dtype=np.int8), reason=["why"] * len(answer.status)
        )

    check = spot_check(run, run.problem(), Altered(run, failing(Status.RAISED)))
    assert "now fails: why" in check.changed[0]
    assert spot_check(run, run.problem(), Altered(run, failing(Status.TIMEOUT))) == SpotCheck(points=0)


def test_scores_count_where_the_constraints_are_those_of_the_run(run: Run) -> None:
    problem = run.problem()
    windows = problem._scorings[0]._fast
    assert windows is not None
    windows._high = windows._high + 1.0  # what the data of a constraint, read wrong, would do
    assert "C_w_" in spot_check(run, problem).changed[0]
    assert spot_check(run, problem, scored=False).same


def test_points_that_took_long_are_not_repeated(run: Run) -> None:
    model = Altered(run, lambda answer: answer)
    assert spot_check(run, run.problem(), model, seconds=0.0).points == 1
    assert spot_check(run, run.problem(), model, seconds=0.0, at_least=0).points == 0


def test_nothing_stored_is_nothing_to_compare(tmp_path: Path) -> None:
    from support.stored_runs import prepared

    run, problem = prepared(tmp_path / "empty")
    assert spot_check(run, problem) == SpotCheck()
