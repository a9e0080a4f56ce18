"""Observables that follow from other columns: their order, units, stages and values, alone and behind models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from terranova import Model, Observable, Parameter, PointModel, Uniform
from terranova.errors import ContractError
from terranova.evaluation.bound_model import BoundModel
from terranova.evaluation.derived_observables import DerivedObservable, compute, from_constraints, settle
from terranova.evaluation.problem import Problem
from terranova.interfaces.batch import Status
from terranova.interfaces.conditional_priors import Between, Derived
from terranova.interfaces.constraint_kinds import Window
from terranova.interfaces.constraint_set import ConstraintSet
from terranova.interfaces.expressions import Expression, ExpressionError
from terranova.interfaces.parameters import ParameterSpace
from terranova.types import Floats

PARAMETERS = (Parameter("a", Uniform(0, 10), unit="GeV"), Parameter("b", Uniform(0, 10), unit="GeV"))


class Staged(Model):
    """An observable at once, and one that comes later."""

    name = "staged"
    parameters = PARAMETERS
    observables = (Observable("total", unit="GeV"), Observable("late", unit="GeV^2", stage=1))

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """The sum, at once."""
        return {"total": points["a"] + points["b"]}

    def evaluate_stage(self, stage: int, x: Floats, observables: Floats) -> Floats:
        """The product, later."""
        assert x.shape[1:] == (2,)
        assert observables.shape[1:] == (2,)
        out = observables.copy()
        out[:, 1] = x[:, 0] * x[:, 1]
        return out


class OneByOne(PointModel):
    """The sum, a point at a time."""

    name = "one-by-one"
    parameters = PARAMETERS
    observables = (Observable("total", unit="GeV"),)

    def evaluate_point(self, point: dict[str, float]) -> Mapping[str, float]:
        """The sum of what there is: a parameter too many would be seen."""
        return {"total": sum(point.values())}


def derived(name: str, text: str, unit: str = "") -> DerivedObservable:
    return DerivedObservable(Observable(name, unit=unit), Expression(text))


def test_each_comes_after_what_it_reads_with_unit_and_stage() -> None:
    settled = settle([derived("r", "root / a"), derived("root", "sqrt(late)")], PARAMETERS, Staged.observables)
    assert [(d.name, d.observable.unit, d.observable.stage) for d in settled] == [("root", "GeV", 1), ("r", "1", 1)]


def test_a_unit_that_nobody_knows_stays_open() -> None:
    parameters = (*PARAMETERS, Parameter("x", Uniform(0, 1), unit=""))
    assert settle([derived("d", "a * x")], parameters, ())[0].observable.unit == ""
    assert settle([derived("d", "a * x", "GeV")], parameters, ())[0].observable.unit == "GeV"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ([derived("d", "a + totl")], r"reads 'totl', which there is not \(did you mean 'total'"),
        ([derived("d", "e"), derived("e", "d")], "in a circle: d, e"),
        ([derived("d", "a + late")], r"\+ of GeV and GeV\^2, which are different units"),
        ([derived("d", "a + b", "pb")], "is in GeV, not in pb"),
    ],
)
def test_what_cannot_be_computed(wanted: list[DerivedObservable], words: str) -> None:
    with pytest.raises(ExpressionError, match=words):
        settle(wanted, PARAMETERS, Staged.observables)


def test_columns_of_points() -> None:
    x, o = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[10.0], [np.nan]])
    found = compute([derived("d", "a * total"), derived("e", "d + b")], ["a", "b"], x, ["total"], o)
    assert found == pytest.approx(np.array([[10.0, 12.0], [np.nan, np.nan]]), nan_ok=True)


def test_expressions_of_constraints_are_called_as_they_are_written() -> None:
    found = from_constraints(["total", "a - b", "other", "a - b"], ["total", "a", "b"])
    assert [d.name for d in found] == ["a - b"]
    with pytest.raises(ExpressionError, match="more than 100 characters"):
        from_constraints([" + ".join(["a"] * 40)], ["a"])


def test_behind_a_model_with_stages() -> None:
    model = BoundModel(Staged(), derived=[derived("late_root", "sqrt(late)"), derived("diff", "a - b")])
    assert [o.name for o in model.observables] == ["total", "late", "late_root", "diff"]
    out = model.evaluate(a=[8.0, 2.0], b=2.0)
    assert out["late_root"].tolist() == [4.0, 2.0]
    assert out["diff"].tolist() == [6.0, 0.0]
    first = model.evaluate_array(np.array([[8.0, 2.0]]))
    assert np.isnan(first.observables).tolist() == [[False, True, True, False]]
    assert first.status.tolist() == [Status.OK]


def test_a_point_without_a_value_fails_and_says_which() -> None:
    model = BoundModel(Staged(), derived=[derived("ratio", "a / b")])
    evaluation = model.evaluate_array(np.array([[1.0, 0.0], [1.0, 2.0]]))
    assert evaluation.status.tolist() == [Status.NON_FINITE, Status.OK]
    assert "first ratio" in evaluation.reason[0]


@pytest.mark.parametrize("plugin", [Staged(), OneByOne()])
def test_parameters_of_expressions_are_not_shown_to_the_model(plugin: Model) -> None:
    further = (Parameter("step", Uniform(0, 1), unit="GeV"), Parameter("top", Derived("a + step"), unit="GeV"))
    model = BoundModel(plugin, ParameterSpace(PARAMETERS).extended(further), [derived("d", "top - a", "GeV")])
    assert model.auxiliary == ("step", "top")
    evaluation = model.evaluate_array(model.space.to_physical(np.full((3, 3), 0.5)))
    assert evaluation.observables[:, 0].tolist() == [10.0] * 3
    assert evaluation.observables[:, -1].tolist() == [0.5] * 3
    assert model.evaluate(a=1.0, b=1.0, step=0.25)["d"].tolist() == [0.25]


def test_a_point_at_which_a_parameter_has_no_value_is_unphysical() -> None:
    space = ParameterSpace(PARAMETERS).override({"b": Between("a", 5.0)})
    model = BoundModel(Staged(), space)
    x = space.to_physical(np.array([[0.9, 0.5], [0.1, 0.5]]))
    evaluation = model.evaluate_array(x)
    assert evaluation.status.tolist() == [Status.UNPHYSICAL, Status.OK]
    assert evaluation.reason[0] == "parameter b has no value: uniform [a, 5]"


def test_what_is_stored_is_completed() -> None:
    model = BoundModel(Staged(), derived=[derived("d", "total - a"), derived("e", "d ** 2 + late")])
    stored = np.array([[3.0, np.nan, np.nan, np.nan]])
    assert [d.name for d in model.computable({"total"})] == ["d"]
    filled = model.filled(np.array([[1.0, 2.0]]), stored)
    assert filled == pytest.approx(np.array([[3.0, np.nan, 2.0, np.nan]]), nan_ok=True)


def _problem(observable: str, **keys: Any) -> Problem:
    window = Window(name="w", observables=(observable,), source="this test", **keys)
    return Problem(BoundModel(Staged()), [ConstraintSet("s", (window,))])


def test_a_problem_made_in_python_reads_expressions_too() -> None:
    problem = _problem("abs(a - b)", upper=1.0, unit="GeV")
    x = np.array([[1.0, 5.0], [1.0, 1.5]])
    violations, _ = problem.score(x, problem.evaluate(x).observables)
    assert violations[:, 0].tolist() == [3.0, 0.0]
    assert problem.search_space.windows == {"abs(a - b)": (-np.inf, 1.0)}


@pytest.mark.parametrize(("observable", "words"), [("a - ", "is no expression"), ("a - c", "reads 'c'")])
def test_a_problem_refuses_what_is_none(observable: str, words: str) -> None:
    with pytest.raises(ContractError, match=words):
        _problem(observable, upper=1.0)
