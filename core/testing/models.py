"""Conformance suite for models: what every one must do, whatever its physics.

from terranova.testing import check_model, model_checks

check_model("my-model")                                                  # everything, in one go

@pytest.mark.parametrize("check", model_checks("my-model"), ids=str)     # or one test a rule
def test_my_model(check):
    check()
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from terranova.interfaces.model import Model
from terranova.testing.model_rules import MODEL_RULES, ModelCase
from terranova.testing.rules import Check, check_all


def model_checks(
    model: str | type[Model], *, options: Mapping[str, Any] | None = None, points: int = 64
) -> list[Check[ModelCase]]:
    """Return the checks of a model, one for each rule, for `pytest.mark.parametrize`.

    Args:
        model: its name, as in a configuration, or the class.
        options: of the model.
        points: how many points each rule looks at; fewer for slow models.

    Raises:
        PluginError: there is no such model, or it is broken.
    """
    if isinstance(model, str):
        from terranova.registry import registry

        plugin: type[Model] = registry().get("model", model).target
    else:
        plugin = model
    case = ModelCase(plugin, dict(options or {}), points)
    return [Check("model", rule, case) for rule in MODEL_RULES]


def check_model(model: str | type[Model], *, options: Mapping[str, Any] | None = None, points: int = 64) -> None:
    """Check a model against all rules.

    Args:
        model, options, points: as for `model_checks`.

    Raises:
        ContractError: it breaks some; every one is named.
        PluginError: there is no such model, or it is broken.
    """
    check_all(model_checks(model, options=options, points=points))
