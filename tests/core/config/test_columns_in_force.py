"""Priors in force, parameters that only expressions read, and expressions: what they become, and what is said."""

from __future__ import annotations

from typing import Any

import pytest

import terranova
from terranova.config import load_config, load_problem
from terranova.config.build import build_problem
from terranova.errors import ConfigError
from terranova.evaluation.problem import Problem

pytestmark = pytest.mark.usefixtures("toy_registry")


def _keys(**keys: Any) -> dict[str, Any]:
    return {"model": "toy-shell", "constraints": [], **keys}


def _problem(**keys: Any) -> Problem:
    return build_problem(load_problem(_keys(**keys)))


def _said(**keys: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_problem(_keys(**keys))
    return [f"{p.key}: {p.message}" for p in caught.value.diagnostics]


WINDOW = {"name": "w", "kind": "window", "upper": 1, "source": "mine"}


def test_columns_beyond_those_of_the_model() -> None:
    problem = _problem(
        parameters={
            "b": "a + step",
            "step": {"prior": "log", "lower": 1, "upper": 9, "unit": "GeV"},
            "phi": {"prior": "uniform", "lower": 0, "upper": "a"},
        },
        observables={"twice": "2 * excess", "excess": {"expression": "b - a", "scale": "log"}},
        constraints=[{**WINDOW, "observable": "excess / a"}],
    )
    model = problem.model
    assert model.auxiliary == ("step",)
    assert [p.name for p in model.space.free] == ["a", "c", "phi", "step"]
    names = [o.name for o in model.observables]
    assert names == ["ring", "ratio", "excess", "twice", "excess / a"]
    assert [o.unit for o in model.observables[2:]] == ["GeV", "GeV", "1"]


def test_the_configuration_repeats_itself() -> None:
    config = load_config(
        _keys(
            parameters={"b": "2 * a", "k": {"prior": "normal", "mean": 0, "sd": 1, "unit": "1"}, "a": 3},
            observables={"d": "b - a", "e": {"expression": "ring * k", "unit": "1"}},
            constraints=[{**WINDOW, "observable": "d", "unit": "GeV"}],
            budget={"evaluations": 10},
            sampler="toy-points",
        ),
        check_plugins=False,
    )
    again = load_config(config.to_dict(), check_plugins=False)
    assert again == config
    assert again.digest() == config.digest()
    assert config.to_dict()["parameters"]["b"] == "2 * a"


def test_configurations_without_expressions_are_what_they_were() -> None:
    config = load_config(_keys(budget={"evaluations": 10}), check_plugins=False)
    assert "observables" not in config.identity()


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (
            {"parameters": {"b": "2 * aa"}},
            "parameters.b: expected a number, got '2 * aa': as an expression, it reads",
        ),
        (
            {"parameters": {"b": {"prior": "log", "lower": "aa", "upper": 9}}},
            "parameters.b.lower: expected a number",
        ),
        ({"parameters": {"idle": 3}}, "parameters.idle: model 'toy-shell' has no parameter 'idle'"),
        ({"parameters": {"a": "b", "b": "a"}}, "parameters: parameters depend on one another in a circle: a, b"),
        (
            {"parameters": {"a": {"prior": "uniform", "lower": 0, "upper": 1, "unit": "TeV"}}},
            "parameters.a.unit: 'a' of model 'toy-shell' is in 'GeV', not in 'TeV'",
        ),
        ({"observables": {"ring": "a"}}, "observables.ring: model 'toy-shell' has an observable 'ring' already"),
        ({"observables": {"d": "a + c"}}, "observables.d: 'a + c': + of GeV and GeV^2"),
        ({"observables": {"d": "a + q"}}, "observables.d: 'a + q' reads 'q', which there is not"),
        ({"observables": {"d": "e", "e": "d"}}, "observables: expressions read one another in a circle"),
        ({"observables": {"A": "b"}}, "observables: model 'toy-shell' uses the names"),
        ({"constraints": [{**WINDOW, "observable": "a + "}]}, "constraints[0]: constraint 'w': 'a + ' is no expr"),
        ({"constraints": [{**WINDOW, "observable": "a - q"}]}, "constraints[0]: constraint 'w': 'a - q' reads 'q'"),
        (
            {"constraints": [{**WINDOW, "observable": "a - b"}]},
            "constraints[0]: constraint 'w' is in unit '1', but",
        ),
        (
            {"constraints": [{**WINDOW, "observable": "rng"}]},
            "constraints[0]: constraint 'w' reads 'rng', which model",
        ),
    ],
)
def test_what_does_not_fit_is_said_once_at_its_place(keys: dict[str, Any], words: str) -> None:
    said = _said(**keys)
    assert len(said) == 1, said
    assert said[0].startswith(words)


def test_from_python_in_the_same_words() -> None:
    problem = terranova.problem(
        "toy-shell", [{**WINDOW, "observable": "a - b", "unit": "GeV"}], parameters={"b": "a"}
    )
    assert problem.score(*_point(problem))[0].tolist() == [[0.0]]


def _point(problem: Problem) -> tuple[Any, Any]:
    import numpy as np

    x = problem.model.space.to_physical(np.full((1, problem.model.space.dimension), 0.25))
    return x, problem.evaluate(x).observables
