"""Models of plain functions: every way to declare them, and what is refused at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from terranova import BoundModel, ConfigError, LogUniform, Observable, Parameter, PointFailed, Uniform, model_from
from terranova.errors import ContractError
from terranova.interfaces.batch import Status
from terranova.interfaces.priors import Fixed


def width(m: Any, x: Any) -> Any:
    """Width of something."""
    return x**2 * m


PARAMETERS = {"m": (1, 100), "x": LogUniform(1e-3, 1.0)}
POINTS = {"m": [2.0, 3.0], "x": [0.5, 0.1]}
EXPECTED = [0.5, 0.03]


@pytest.mark.parametrize("vectorised", [False, True])
@pytest.mark.parametrize(
    ("function", "observables"),
    [
        (width, "width"),
        (width, ["width"]),
        (width, {"width": "GeV"}),
        (width, [Observable("width", "GeV")]),
        (lambda m, x: {"width": x**2 * m}, ["width"]),
        (lambda m, x: [x**2 * m], ["width"]),
        (lambda x, m, factor=1.0: factor * x**2 * m, ["width"]),
        (lambda **p: p["x"] ** 2 * p["m"], ["width"]),
        (lambda point: point["x"] ** 2 * point["m"], ["width"]),
    ],
)
def test_all_ways_to_write_one_function_give_one_model(function: Any, observables: Any, vectorised: bool) -> None:
    model = BoundModel(model_from(function, PARAMETERS, observables, vectorised=vectorised))
    assert model.evaluate(POINTS)["width"] == pytest.approx(EXPECTED)


def test_several_observables_may_come_in_their_order() -> None:
    model = BoundModel(model_from(lambda m: (m, 2 * m), {"m": (0, 1)}, ["a", "b"], vectorised=True))
    assert model.evaluate(m=[0.1, 0.2])["b"].tolist() == [0.2, 0.4]


def test_one_point_at_a_time_takes_functions_of_floats_and_failures() -> None:
    def root(m: float) -> float:
        if m < 0:
            raise PointFailed("a tachyon")
        return math.sqrt(m)

    evaluation = BoundModel(model_from(root, {"m": (-1, 1)}, "r")).evaluate_array(np.array([[0.25], [-0.5]]))
    assert evaluation.observables[0, 0] == 0.5
    assert evaluation.status.tolist() == [Status.OK, Status.UNPHYSICAL]
    assert evaluation.reason[1] == "a tachyon"


def test_it_is_called_as_the_function_and_described_by_its_docstring() -> None:
    model = model_from(width, PARAMETERS, "width")
    assert (model.name, model.description) == ("width", "Width of something.")
    assert model_from(lambda m: m, {"m": (0, 1)}, "r", name="mine").name == "mine"


def test_every_form_of_a_parameter() -> None:
    def four(a: float, b: float, c: float, d: float) -> float:
        return a + b + c + d

    given = {"a": (0, 1), "b": 3, "c": LogUniform(1.0, 2.0), "d": Parameter("d", Uniform(0.0, 1.0), "GeV")}
    model = model_from(four, given, "r")
    assert [p.prior for p in model.parameters] == [
        Uniform(0.0, 1.0),
        Fixed(3.0),
        LogUniform(1.0, 2.0),
        Uniform(0.0, 1.0),
    ]
    assert model.parameters[3].unit == "GeV"
    assert model_from(four, list(model.parameters), "r").parameters == model.parameters


@pytest.mark.parametrize(
    ("function", "parameters", "observables", "message"),
    [
        (1.0, {"m": (0, 1)}, "r", r"function: expected a function, got 1\.0"),
        (width, {"m": (100, 1), "x": (0, 1)}, "r", r"parameters\.m: .*swapped\? write \(1, 100\)"),
        (width, {"m": "1..2", "x": 1}, "r", r"parameters\.m: expected \(lower, upper\)"),
        (width, {"m": (1, 2, 3), "x": 1}, "r", r"parameters\.m: expected \(lower, upper\)"),
        (width, {"m": (1, 2)}, "r", r"parameters: width\(\) needs 'x', too"),
        (
            width,
            {"m": (1, 2), "y": (0, 1)},
            "r",
            r"parameters\.y: width\(\) takes no argument 'y' \(there are: m, x\)",
        ),
        (width, {}, "r", "at least one parameter"),
        (width, ["m", "x"], "r", "parameters: expected names with priors"),
        (width, PARAMETERS, [], "at least one observable"),
        (width, PARAMETERS, [1], "observables: expected names"),
        (width, {"m": (1, 2), "x": Parameter("z", Uniform(0.0, 1.0))}, "r", r"parameters\.x: .* is called 'z'"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(
    function: Any, parameters: Any, observables: Any, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        model_from(function, parameters, observables)


def test_an_answer_of_the_wrong_length_is_no_bad_point() -> None:
    model = BoundModel(model_from(lambda m: (m,), {"m": (0, 1)}, ["a", "b"], name="mine"))
    with pytest.raises(ContractError, match=r"'mine': its function returned 1 values, expected 2 \(a, b\)"):
        model.evaluate(m=0.5)
