"""Mistakes that anybody makes in the first hour: each is refused at once, in a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import terranova
from terranova import (
    ConfigError,
    Function,
    LogUniform,
    Model,
    Observable,
    Parameter,
    TerranovaError,
    Uniform,
    Window,
    model_from,
)


def width(m: Any, x: Any) -> Any:
    return x**2 * m


class Mine(Model):
    """Mine."""

    parameters = (Parameter("m", Uniform(1.0, 100.0), "GeV"), Parameter("x", LogUniform(1e-3, 1.0)))
    observables = (Observable("width", "GeV"),)

    def __init__(self, power: int = 2) -> None:
        self.power = power

    def evaluate(self, points: Any) -> Any:
        return {"width": points["x"] ** self.power * points["m"]}


class Half(Model):
    """No evaluate."""

    name = "half"


class NoParameters(Model):
    """No parameters."""

    def evaluate(self, points: Any) -> Any:
        return {}


class Misspelt(Mine):
    """Returns another name."""

    def evaluate(self, points: Any) -> Any:
        return {"widht": points["m"]}


class Short(Mine):
    """Returns too few values."""

    def evaluate(self, points: Any) -> Any:
        return {"width": points["m"][:-1]}


LOW = Window(name="low", observables=("width",), source="me", upper=1.0, unit="GeV")


def scan(**words: Any) -> Any:
    keys = {"model": Mine, "constraints": [LOW], "evaluations": 50, "sampler": "random", "output": "run"}
    return terranova.scan(**{k: v for k, v in {**keys, **words}.items() if v is not None}, quiet=True)


def function(**words: Any) -> Function:
    keys = {"name": "f", "observables": ("width",), "source": "me", "violation_of": lambda w: w}
    return Function(**{**keys, **words})


def from_file(text: str, name: str = "my_model.py") -> str:
    Path(name).write_text(text)
    return f"./{name}"


MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {
    "the function itself": (lambda: scan(model=width), r"model: the function width cannot .*model_from\(FUNCTION"),
    "a class of something else": (lambda: scan(model=Parameter), r"class Parameter .* not derived from"),
    "a class without evaluate": (lambda: scan(model=Half), "model class Half does not implement: evaluate"),
    "a class without parameters": (lambda: scan(model=NoParameters), "NoParameters"),
    "a misspelt name": (lambda: scan(model="tdhm3"), r"no model is named 'tdhm3'.*did you mean 'thdm3'"),
    "no model": (lambda: scan(model=None), "model: missing"),
    "no constraints": (lambda: scan(constraints=None), "constraints: missing"),
    "no budget": (lambda: scan(evaluations=None), "budget: missing"),
    "no output": (lambda: scan(output=None), "output: missing, expected a run directory"),
    "one constraint, no list": (lambda: scan(constraints=LOW), "constraints: expected a list"),
    "a function as a constraint": (lambda: scan(constraints=[width]), r"\[0\]: the function width .*Function"),
    "a constraint on nothing": (
        lambda: scan(constraints=[Window(name="a", observables=("widht",), source="me", upper=1.0)]),
        r"reads 'widht', which model 'Mine' does not provide \(did you mean 'width'\?\)",
    ),
    "another unit": (
        lambda: scan(constraints=[Window(name="a", observables=("width",), source="me", upper=1.0, unit="MeV")]),
        "is in unit 'MeV', but 'width' of model 'Mine' is in 'GeV'",
    ),
    "one constraint twice": (lambda: scan(constraints=[LOW, LOW]), "constraint 'low' is already in 'low'"),
    "a function twice": (lambda: scan(constraints=[function(), function()]), "set 'python:f' is listed twice"),
    "an option that is none": (lambda: scan(model={"name": Mine, "pwoer": 3}), r"pwoer.*did you mean 'power'"),
    "an option of an object": (lambda: scan(model={"name": Mine(3), "power": 3}), r"model\.power: unknown"),
    "a parameter that is none": (lambda: scan(parameters={"mm": 3.0}), "model 'Mine' has no parameter 'mm'"),
    "bounds as a tuple": (lambda: scan(parameters={"m": (1, 10)}), r"parameters\.m: expected a number, or a prior"),
    "everything fixed": (lambda: scan(parameters={"m": 1.0, "x": 0.1}), "every parameter is fixed"),
    "a misspelt sampler": (lambda: scan(sampler="cmaes-noveltyy"), "did you mean 'cmaes-novelty'"),
    "a model as a sampler": (lambda: scan(sampler=Mine), "sampler: Mine is a model, expected a sampler"),
    "another name returned": (
        lambda: scan(model=Misspelt),
        "returned no observable 'width' .*did you mean 'widht'",
    ),
    "too few values": (lambda: scan(model=Short), r"returned 'width' with shape"),
    "swapped bounds": (lambda: model_from(width, {"m": (9, 1), "x": (0, 1)}, "w"), r"swapped\? write \(1, 9\)"),
    "an argument that is missing": (lambda: model_from(width, {"m": (0, 1)}, "w"), r"width\(\) needs 'x', too"),
    "an argument too many": (lambda: model_from(width, {"m": 1, "x": 1, "z": 1}, "w"), "takes no argument 'z'"),
    "no observables": (lambda: model_from(width, {"m": 1, "x": 1}, []), "at least one observable"),
    "a file that is not there": (lambda: scan(model="./nowhere.py", trust=True), r"there is no file .*nowhere\.py"),
    "a file that was not agreed to": (lambda: scan(model=from_file("x = 1")), "nobody has agreed to here"),
    "a file without a model": (lambda: scan(model=from_file("x = 1"), trust=True), "defines no model: expected"),
    "a file that does not import": (
        lambda: scan(model=from_file("import no_such_thing"), trust=True),
        r"my_model\.py:1 cannot be imported: ModuleNotFoundError",
    ),
    "a file that scans when imported": (
        lambda: scan(model=from_file("import terranova\nterranova.scan(model='alp')"), trust=True),
        r"ConfigError: .*under `if __name__ == '__main__':`",
    ),
    "an output that is there": (lambda: (scan(), scan()), "already holds a run, and a run is never overwritten"),
    "a number of points that is none": (lambda: scan(evaluations="many"), r"budget\.evaluations: expected"),
    "the wrong run": (
        lambda: (scan(), terranova.resume("run", model=model_from(width, {"m": (1, 2), "x": (0, 1)}, "w"))),
        r"model: the run run has 'python:Mine'; what is given now is 'python:width'",
    ),
    "a smaller budget": (lambda: (scan(), terranova.resume("run", model=Mine, evaluations=10)), "10 is less"),
}


@pytest.mark.integration
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused_in_a_sentence(mistake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    act, message = MISTAKES[mistake]
    with pytest.raises(TerranovaError, match=f"(?s){message}") as refused:
        act()
    said = str(refused.value)
    assert "Traceback" not in said
    assert len(said) < 1500
    if isinstance(refused.value, ConfigError):
        (shown,) = refused.value._render_traceback_()
        assert shown.endswith(said)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: terranova.model(Mine).evaluate(m="x"), "parameter 'm': expected a number"),
        (lambda: terranova.model(Mine).evaluate(mm=1.0), r"no parameter 'mm'"),
        (lambda: terranova.problem(Mine, [LOW]).evaluate([[1, 2, 3]]), r"shape \(n, 2\), in the order m, x"),
        (lambda: terranova.problem(Mine, [LOW]).evaluate(np.zeros(2)), r"got shape \(2,\)"),
        (lambda: function(source=""), "needs a source"),
    ],
)
def test_a_wrong_value_is_refused_by_name(act: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        act()
