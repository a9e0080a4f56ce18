"""Objects in the keys of a configuration: each gets a name, or a sentence."""

from __future__ import annotations

from typing import Any

import pytest

import terranova
from terranova import ConfigError, Function, LogUniform, Model, Observable, Parameter, Sampler, Uniform, Window
from terranova.config.objects import named, with_names


class Mine(Model):
    """Mine."""

    name = "mine"
    parameters = (Parameter("a", Uniform(0.0, 1.0)),)
    observables = (Observable("y"),)

    def evaluate(self, points: Any) -> Any:
        return {"y": points["a"] ** 2}


WINDOW = Window(name="low", observables=("y",), source="me", upper=0.5)


def function(name: str = "split") -> Function:
    return Function(name=name, observables=("y",), source="me", violation_of=lambda y: y)


def test_objects_get_names_wherever_they_stand() -> None:
    source, keys = with_names(
        {
            "model": Mine,
            "constraints": [WINDOW, function(), "set"],
            "problems": [{"model": {"name": Mine(), "a": 1}}],
        },
        {"parameters": {"a": LogUniform(1.0, 2.0)}, "seed": 1},
    )
    assert source == {
        "model": "python:mine",
        "constraints": [WINDOW, "python:split", "set"],
        "problems": [{"model": {"name": "python:mine", "a": 1}}],
    }
    assert keys == {"parameters": {"a": LogUniform(1.0, 2.0)}, "seed": 1}


def test_a_constraint_of_ones_own_class_gets_a_name() -> None:
    class Own(Window):
        kind = "window"

    assert named(Own(name="own", observables=("y",), source="me", upper=0.5)) == "python:own"


@pytest.mark.parametrize(
    ("value", "key", "message"),
    [
        (len, "model", r"model: the function len cannot stand here: .*terranova\.model_from"),
        (
            lambda y: y,
            "constraints",
            r"constraints: the function <lambda> cannot stand here: .*terranova\.Function",
        ),
        (int, "model", r"model: the class int cannot stand here: it is not derived from terranova\.Model"),
        (int, "sampler", "it is not derived from terranova.Sampler"),
        (int, "seed", "seed: the class int cannot stand here$"),
    ],
)
def test_what_cannot_have_a_name(value: Any, key: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        named(value, (key,))


def test_a_class_that_lacks_a_method() -> None:
    class Half(Sampler):
        name = "half"

    with pytest.raises(ConfigError, match="sampler: sampler class Half does not implement"):
        named(Half, ("sampler",))


def test_models_and_problems_are_made_of_objects() -> None:
    assert terranova.model(Mine).evaluate(a=0.5)["y"].tolist() == [0.25]
    problem = terranova.problem(Mine, [WINDOW, function()], parameters={"a": LogUniform(0.1, 1.0)})
    assert [c.name for c in problem.constraints] == ["low", "split"]
    assert problem.model.space.parameters[0].prior == LogUniform(0.1, 1.0)
    with pytest.raises(ConfigError, match="model: expected the name of a model, or a model, got 3"):
        terranova.model(3)
