"""Rules of models: each is broken by a model that breaks this one, and named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from support.derivatives import Differentiable
from support.toys import Shell, Staged

from terranova.errors import ContractError
from terranova.interfaces.model import Model, Observable
from terranova.testing import model_rules
from terranova.testing.model_rules import MODEL_RULES, ModelCase


class Drawing(Shell):
    """Draws from the global stream."""

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        np.random.random()  # noqa: NPY002 - the rule that it breaks
        return super().evaluate(points)


class Moody(Shell):
    """Another answer every time."""

    calls = 0

    def evaluate_array(self, x: Any) -> Any:
        Moody.calls += 1
        return super().evaluate_array(x) + Moody.calls


class Raising(Shell):
    """Raises for some points."""

    def evaluate_array(self, x: Any) -> Any:
        if (x[:, 0] > 5.0).any():
            raise ArithmeticError("too heavy")
        return super().evaluate_array(x)


class Neighbourly(Shell):
    """A point's answer depends on its company."""

    def evaluate_array(self, x: Any) -> Any:
        return super().evaluate_array(x) + x[:, :1].mean()


class Nameless(Shell):
    """Two observables that differ by capitals."""

    observables = (*Shell.observables, Observable(Shell.observables[0].name.upper()))


@pytest.mark.parametrize("plugin", [Shell, Staged, Differentiable])
@pytest.mark.parametrize("rule", MODEL_RULES, ids=lambda rule: rule.__name__)
def test_good_models_keep_all_rules(rule: Any, plugin: type[Model]) -> None:
    rule(ModelCase(plugin, points=16))


@pytest.mark.parametrize(
    ("plugin", "rule"),
    [
        (Drawing, "no_global_random_state"),
        (Moody, "same_points_same_answers"),
        (Raising, "answers_at_most_points"),
        (Neighbourly, "company_does_not_matter"),
        (Nameless, "declares_what_it_computes"),
    ],
)
def test_a_broken_rule_is_seen(plugin: type[Model], rule: str) -> None:
    with pytest.raises(ContractError):
        getattr(model_rules, rule)(ModelCase(plugin, points=16))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("sign", r"jacobian\(\) says that 'product' changes by .* along 'a', differences say"),
        ("swapped", "differences say"),
        ("shape", "expected"),
    ],
)
def test_wrong_derivatives_are_seen(fault: str, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        model_rules.derivatives_are_those_of_the_observables(ModelCase(Differentiable, {"fault": fault}, points=16))


@pytest.mark.parametrize("fault", ["nan", "raises"])
def test_derivatives_that_are_not_known_everywhere_are_no_fault(fault: str) -> None:
    model_rules.derivatives_are_those_of_the_observables(ModelCase(Differentiable, {"fault": fault}, points=16))
