"""Models as others use them: inputs completed and checked, failures turned into status, neighbours unharmed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from support import toys

import terranova
from terranova import (
    BoundModel,
    Model,
    Observable,
    Parameter,
    PointFailed,
    PointModel,
    Problem,
    Status,
    Uniform,
)
from terranova.errors import ContractError

X = np.linspace(0.0, 10.0, 12).reshape(-1, 1)


class Base(Model):
    """One parameter, two observables; subclasses answer wrongly."""

    name = "misbehaving"
    parameters = (Parameter("a", Uniform(0.0, 10.0)),)
    observables = (Observable("p"), Observable("q"))

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """Twice and three times a."""
        return {"p": 2 * points["a"], "q": 3 * points["a"]}


def test_a_model_that_works_in_place_does_not_change_the_points() -> None:
    class InPlace(Base):
        def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
            points["a"][...] *= 1000.0
            return super().evaluate(points)

    for rows in (X, X[:1]):
        kept = rows.copy()
        BoundModel(InPlace()).evaluate_array(kept)
        np.testing.assert_array_equal(kept, rows)


def test_a_model_with_one_buffer_for_all_answers_is_right_after_an_exception_too() -> None:
    buffer = np.empty((len(X), 2))

    class Buffered(Base):
        def evaluate_array(self, x: Any) -> Any:
            if np.any(x == X[5]) and len(x) > 1:
                raise RuntimeError("one bad point")
            buffer[: len(x)] = x * [2.0, 3.0]
            return buffer[: len(x)]

    evaluation = BoundModel(Buffered()).evaluate_array(X)
    np.testing.assert_array_equal(evaluation.observables, X * [2.0, 3.0])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"p": np.sqrt(-X[:, 0] + 0j), "q": X[:, 0]}, "complex"),
        ({"p": X[:, 0]}, "no observable 'q'"),
        ({"p": X[:, 0], "q": X}, "shape"),
        ({"p": X[:, 0], "q": "text"}, "not an array of numbers"),
        ([X], "expected a mapping"),
    ],
)
def test_wrong_answers_are_named(answer: Any, words: str) -> None:
    class Wrong(Base):
        def evaluate(self, points: Mapping[str, Any]) -> Any:
            return answer

    with pytest.raises(ContractError, match=words):
        BoundModel(Wrong()).evaluate_array(X)


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        (
            {"planes": (("a", "rang"),)},
            "planes holds 'rang', which is no parameter or observable of it .did you",
        ),
        ({"planes": (("a",),)}, "planes holds .'a',., expected .x, y. or .x, y, colour."),
        ({"planes": ("ab",)}, "planes holds 'ab', expected"),
        ({"observables": (Observable("x", scale="logarithmic"),)}, "'x' has scale 'logarithmic', expected one of"),
    ],
)
def test_what_a_model_wants_to_be_drawn_must_exist(attributes: dict[str, Any], words: str) -> None:
    class Broken(toys.Shell):
        pass

    for name, value in attributes.items():
        setattr(Broken, name, value)
    with pytest.raises(ContractError, match=words):
        BoundModel(Broken())


class Late(PointModel):
    """A later stage that fails for some points."""

    name = "late"
    parameters = (Parameter("a", Uniform(0.0, 10.0)),)
    observables = (Observable("first"), Observable("second", stage=1))

    def evaluate_point(self, point: dict[str, float]) -> Any:
        return {"first": point["a"]}

    def evaluate_stage(self, stage: int, x: Any, observables: Any) -> Any:
        assert x.shape == (1, 1)
        if x[0, 0] > 5.0:
            raise PointFailed("too heavy", unphysical=x[0, 0] > 7.0)
        filled = observables.copy()
        filled[:, 1] = 2.0 * x[:, 0]
        return filled


def test_a_later_stage_of_a_point_model_fails_point_by_point() -> None:
    model, x = BoundModel(Late()), np.array([[1.0], [6.0], [8.0], [2.0], [3.0]])
    rows = model.evaluate_stage(1, x, model.evaluate_array(x), np.array([True, True, True, True, False]))
    assert rows.status.tolist() == [Status.OK, Status.RAISED, Status.UNPHYSICAL, Status.OK, Status.OK]
    assert list(rows.reason) == ["", "too heavy", "too heavy", "", ""]
    assert rows.stage.tolist() == [1, 1, 1, 1, 0]
    np.testing.assert_array_equal(rows.observables[:, 1], [2.0, np.nan, np.nan, 4.0, np.nan])


def test_a_later_stage_cannot_change_an_earlier_one_nor_answer_in_another_shape() -> None:
    class Late(toys.Staged):
        def evaluate_stage(self, stage: int, x: Any, observables: Any) -> Any:
            return np.full_like(observables, 7.0)

    problem = Problem(BoundModel(Late()), [])
    np.testing.assert_array_equal(problem.evaluate(X).observables, np.column_stack([X[:, 0], np.full(12, 7.0)]))

    class Misshapen(toys.Staged):
        def evaluate_stage(self, stage: int, x: Any, observables: Any) -> Any:
            return 2.0 * x

    with pytest.raises(ContractError, match=r"evaluate_stage\(1\) returned shape"):
        Problem(BoundModel(Misshapen()), []).evaluate(X)


def test_a_reason_that_is_no_text_is_made_one() -> None:
    class Odd(PointModel):
        name = "odd"
        parameters = Base.parameters
        observables = Base.observables

        def evaluate_point(self, point: dict[str, float]) -> Mapping[str, float]:
            raise PointFailed(7)  # type: ignore[arg-type]

    assert list(BoundModel(Odd()).evaluate_array(X[:2]).reason) == ["7", "7"]


def test_it_says_what_it_has_and_what_it_takes(toy_registry: None) -> None:
    model = terranova.model("alp")
    assert [p.name for p in model.parameters] == list(model.defaults)
    assert {name: model.defaults[name] for name in ("cqL3", "cG", "cuR")} == {"cqL3": 0.0, "cG": 0.0, "cuR": 0.0}
    assert model.benchmarks["fit"]["cG"] == 0.125
    assert "19: ma, fa, Lam" in repr(model)
    assert "decay constant" in model._repr_html_()
    tied = terranova.model("alp", scale="4pi-fa")
    assert np.isfinite(tied.evaluate(tied.benchmarks["fit"])["ctau"]).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ma": "x"}, "parameter 'ma': expected a number or an array of numbers, got 'x'"),
        ({"ma": None}, "parameter 'ma': expected a number or an array of numbers, got None"),
        ({"ma": [[1.0, 2.0]]}, r"parameter 'ma': expected numbers in one dimension, got shape \(1, 2\)"),
        ({"mass": 1.0}, "no parameter 'mass'"),
        ({"ma": [1.0, 2.0], "fa": [1.0, 2.0, 3.0]}, "arrays do not have one length"),
    ],
)
def test_wrong_values_are_refused_by_the_name_of_the_parameter(given: Any, message: str) -> None:
    model = terranova.model("alp")
    with pytest.raises(ValueError, match=message):
        model.evaluate(given)
