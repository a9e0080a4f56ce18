"""Models: what the base classes do for a subclass, and what they tell its author."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from terranova.errors import ContractError, PointFailed
from terranova.interfaces.model import Model, Observable, PointModel
from terranova.interfaces.parameters import Parameter
from terranova.interfaces.priors import Uniform


class Sums(Model):
    """Two observables; the answer can be replaced, to do it wrong."""

    name = "sums"
    parameters = (Parameter("a", Uniform(0, 1)), Parameter("b", Uniform(0, 1)))
    observables = (Observable("sum"), Observable("difference"), Observable("late", stage=1))
    answer: Any = None

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.answer is not None:
            return self.answer  # type: ignore[no-any-return]
        return {"difference": points["a"] - points["b"], "sum": points["a"] + points["b"]}


class Points(PointModel):
    """The quotient, one by one."""

    name = "points"
    parameters = Sums.parameters
    observables = (Observable("quotient"),)

    def evaluate_point(self, point: dict[str, float]) -> Mapping[str, float]:
        if point["a"] < 0:
            raise PointFailed("negative")
        return {"quotient": point["a"] / point["b"]}


X = np.array([[0.5, 0.25], [1.0, 0.0]])


def test_columns_are_in_the_declared_order_and_later_stages_unknown() -> None:
    nan = np.nan
    np.testing.assert_array_equal(Sums().evaluate_array(X), [[0.75, 0.25, nan], [1.0, 1.0, nan]])


def test_a_number_stands_for_all_points() -> None:
    model = Sums()
    model.answer = {"sum": 2, "difference": [1.0, 3.0]}
    np.testing.assert_array_equal(model.evaluate_array(X)[:, :2], [[2.0, 1.0], [2.0, 3.0]])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([1.0, 2.0], "returned list, expected a mapping"),
        ({"sum": X[:, 0], "diference": X[:, 0]}, r"no observable 'difference' \(did you mean 'diference'\?\)"),
        ({"sum": X[:1, 0], "difference": X[:, 0]}, r"'sum' with shape \(1,\), expected \(2,\) for 2 points"),
        ({"sum": X, "difference": X[:, 0]}, r"'sum' with shape \(2, 2\)"),
        ({"sum": X[:, 0] * 1j, "difference": X[:, 0]}, "observable 'sum' of model 'sums' is complex"),
    ],
)
def test_wrong_answers_are_named(answer: Any, words: str) -> None:
    model = Sums()
    model.answer = answer
    with pytest.raises(ContractError, match=words):
        model.evaluate_array(X)


def test_a_stage_that_was_declared_must_be_written() -> None:
    with pytest.raises(ContractError, match="'sums' declares observables of stage 1 but no evaluate_stage"):
        Sums().evaluate_stage(1, X, np.zeros((2, 3)))


def test_a_model_suggests_no_seeds_unless_it_says_so() -> None:
    assert Sums().seeds(np.random.default_rng(1), 3, {}) is None


def test_points_that_fail_are_nan_and_cost_their_neighbours_nothing() -> None:
    points = {"a": np.array([1.0, -1.0, 1.0, 3.0]), "b": np.array([2.0, 1.0, 0.0, 4.0])}
    np.testing.assert_array_equal(Points().evaluate(points)["quotient"], [0.5, np.nan, np.nan, 0.75])
