"""Building a problem: with its priors and constraints, or with everything said that keeps it from being built."""

from __future__ import annotations

from typing import Any

import pytest
from support.stored_runs import windows

from terranova import Chi2Table
from terranova.config.build import build_problem, complaint
from terranova.config.problem import ModelChoice, ProblemConfig
from terranova.errors import ConfigError, ContractError
from terranova.interfaces.constraint_kinds import Window
from terranova.interfaces.constraint_set import ConstraintSet, PartOfSet
from terranova.interfaces.priors import Fixed, Uniform

pytestmark = pytest.mark.usefixtures("toy_registry")
RATIO = Window(name="ratio", observables=("ratio",), lower=0.0, unit="GeV", source="this test")

TABLE = Chi2Table(
    name="t", observables=("ratio", "ring"), unit="GeV", y_unit="TeV", x_grid=(0, 1), y_grid=(0, 1),
    chi2=((0, 1), (1, 2)), source="this test",
)  # fmt: skip
"""Its second observable has a unit of its own."""


def _config(*constraints: Any, model: str = "toy-shell", options: Any = None, **parameters: Any) -> ProblemConfig:
    return ProblemConfig(ModelChoice(model, options or {}), constraints, parameters)


def test_priors_and_constraints_are_those_of_the_configuration() -> None:
    problem = build_problem(
        _config(PartOfSet("toy-windows", ("ring",)), windows(ring=(0.0, 1.0)), a=Uniform(1.0, 2.0))
    )
    assert [c.name for c in problem.constraints] == ["ratio", "w_ring"]
    assert problem.model.space.parameters[0].prior == Uniform(1.0, 2.0)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (_config(model="toy-shel"), r"model: no model is named 'toy-shel' \(did you mean 'toy-shell'"),
        (_config(options={"size": 3}), "model.size: unknown key"),
        (_config(aa=Fixed(1.0)), r"parameters.aa: model 'toy-shell' has no parameter 'aa'"),
        (_config("toy-window"), "no constraint set is named 'toy-window'"),
        (_config("toy-windows", "toy-windows"), "set 'toy-windows' is listed twice"),
        (_config("toy-windows", RATIO), "constraint 'ratio' is already in 'toy-windows'"),
        (_config(PartOfSet("toy-windows", ("rng",))), "set 'toy-windows' has no constraint 'rng'"),
        (_config(ConstraintSet("s", (), model="thdm3")), "set 's' is for model 'thdm3', not 'toy-shell'"),
        (_config(windows(ratioo=(0.0, 1.0))), "reads 'ratioo', which model 'toy-shell' does not provide"),
        (_config(Window(name="r", observables=("ratio",), lower=0.0, source="t")), "is in unit '1', but 'ratio'"),
        (_config(TABLE), "is in unit 'TeV', but 'ring'"),
        (_config(*[ConstraintSet(n, (), exclusive_group="g") for n in "ab"]), "are alternatives"),
    ],
)
def test_what_does_not_fit_is_said(config: ProblemConfig, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        build_problem(config)


def test_everything_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        build_problem(_config("nothing", windows(ratioo=(0.0, 1.0)), aa=Fixed(1.0)))
    assert len(caught.value.diagnostics) >= 2


def test_complaints_of_plugins() -> None:
    assert complaint(ValueError("width must be positive")) == "width must be positive"
    assert complaint(ContractError("wrong")) == "wrong"
    assert complaint(KeyError("a")) == "KeyError: 'a'"
