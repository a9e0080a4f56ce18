"""What is given in Python or in a file: found by the name it got, and refused in words where it means nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terranova import (
    Constraint,
    ConstraintSet,
    Function,
    Model,
    Observable,
    Parameter,
    Sampler,
    Uniform,
    model_from,
)
from terranova.errors import PluginBroken, PluginMissing
from terranova.registry import given, registry
from terranova.registry.given import describe, find_given, give, import_given, is_reference, kind_of


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(given, "_given", {})


class Mine(Model):
    """One line.

    Args:
        power: of a.
    """

    parameters = (Parameter("a", Uniform(0.0, 1.0)),)
    observables = (Observable("y"),)

    def __init__(self, power: int = 2) -> None:
        self.power = power

    def evaluate(self, points: Any) -> Any:
        return {"y": points["a"] ** self.power}


def test_a_class_goes_by_its_name_and_has_its_options() -> None:
    assert give(Mine) == "python:Mine"
    plugin = registry().get("model", "python:Mine")
    assert plugin.target is Mine
    assert [option.name for option in plugin.options] == ["power"]
    assert (plugin.description, plugin.called) == ("One line.", "Mine")
    assert plugin.make(power=3).name == "Mine"


def test_an_object_has_no_options_any_more() -> None:
    model = Mine(power=5)
    plugin = registry().get("model", give(model))
    assert plugin.options == []
    assert plugin.make() is model


def test_the_source_of_an_object_counts_what_it_holds() -> None:
    sources = {registry().get("model", give(Mine(power))).source for power in (2, 3)}
    assert len(sources) == 2


def test_an_installed_class_keeps_its_name() -> None:
    (plugin,) = [p for p in registry().of_kind("model") if p.name == "alp"]
    assert give(plugin.target, registry().plugins) == "alp"
    assert give(plugin.target(), registry().plugins) == "python:alp"


def test_constraints_become_sets() -> None:
    one = Function(name="split", observables=("a", "b"), source="me", violation_of=lambda a, b: np.abs(a - b))
    assert give(one) == "python:split"
    assert registry().get("constraints", "python:split").target.constraints == (one,)
    group = ConstraintSet("mine", (one,), model="alp")
    assert give(group) == "python:mine"
    assert registry().get("constraints", "python:mine", model="alp").target is group


def test_what_is_nothing_of_the_kind_is_refused() -> None:
    class Half(Model):
        name = "half"

    with pytest.raises(TypeError, match="model class Half does not implement: evaluate"):
        give(Half)
    with pytest.raises(TypeError, match="3 is no model"):
        give(3)
    assert [kind_of(thing) for thing in (Mine, Mine(), Sampler, Constraint, 3, len)] == [
        "model",
        "model",
        "sampler",
        "",
        "",
        "",
    ]
    assert describe(len).startswith("builtin")


def test_names_that_mean_nothing_here_say_what_to_do() -> None:
    assert not is_reference("alp")
    assert find_given("model", "alp") is None
    with pytest.raises(PluginMissing, match=r"was given in Python.*terranova\.resume\(DIR, model=\.\.\.\)"):
        registry().get("model", "python:unknown")
    with pytest.raises(PluginMissing, match=r"constraints=\[\.\.\.\]"):
        registry().get("constraints", "python:unknown")
    with pytest.raises(PluginMissing, match="has not been imported"):
        registry().get("model", "/somewhere/my_model.py")


FILE = """
from terranova import ConstraintSet, Function, Model, Observable, Parameter, Uniform, Window, model_from

def square(a):
    return a**2

class First(Model):
    parameters = (Parameter("a", Uniform(0.0, 1.0)),)
    observables = (Observable("y"),)
    def evaluate(self, points):
        return {"y": points["a"] ** 2}

third = model_from(square, {"a": (0, 1)}, "y")
low = Window(name="low", observables=("y",), source="me", upper=0.5)
"""


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "my_model.py"
    path.write_text(text)
    return str(path)


def test_the_only_one_in_a_file_needs_no_name_and_any_can_be_named(tmp_path: Path) -> None:
    path = written(tmp_path, FILE)
    assert import_given("model", f"{path}:First").target.__name__ == "First"
    assert import_given("model", f"{path}:third").make().name == "square"
    assert [c.name for c in import_given("constraints", path).target] == ["low"]
    assert registry().get("model", f"{path}:First").origin == path
    with pytest.raises(PluginMissing, match=r"defines several: First, third; say which, as my_model\.py:First"):
        import_given("model", path)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (":Fisrt", r"has no 'Fisrt' \(did you mean 'First'\?\)"),
        (
            ":square",
            r"square is a function \(terranova\.model_from makes a model of one\), expected a class derived",
        ),
        (":low", "low is Window .*, expected a class derived from terranova.Model"),
    ],
)
def test_a_wrong_name_in_a_file(tmp_path: Path, reference: str, message: str) -> None:
    with pytest.raises(PluginMissing, match=message):
        import_given("model", written(tmp_path, FILE) + reference)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("def f(a):\n    return a\n", PluginMissing, r"defines no model: .*terranova\.model_from\(f, \.\.\.\)"),
        ("", PluginMissing, "defines no model: expected a class derived from terranova.Model"),
        ("\n\nimport no_such_thing\n", PluginBroken, r"my_model\.py:3 cannot be imported: ModuleNotFoundError"),
        ("x = (\n", PluginBroken, r"my_model\.py:1 cannot be imported: SyntaxError"),
        ("raise SystemExit(3)\n", PluginBroken, r"my_model\.py:1 cannot be imported: SystemExit: 3"),
    ],
)
def test_a_file_without_a_model(tmp_path: Path, text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        import_given("model", written(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PluginMissing, match=r"there is no file .*nowhere\.py"):
        import_given("model", str(tmp_path / "nowhere.py"))


def test_an_abstract_class_of_a_file(tmp_path: Path) -> None:
    text = "from terranova import Model\nclass Half(Model):\n    pass\n"
    with pytest.raises(PluginBroken, match="Half does not implement: evaluate"):
        import_given("model", f"{written(tmp_path, text)}:Half")


def test_an_object_without_observables() -> None:
    class NoOutput(Model):
        parameters = (Parameter("a", Uniform(0.0, 1.0)),)

        def evaluate(self, points: Any) -> Any:
            return {}

    with pytest.raises(TypeError, match="model NoOutput has no observables"):
        give(NoOutput())
    assert give(model_from(lambda a: a, {"a": (0, 1)}, "y")) == "python:lambda"
