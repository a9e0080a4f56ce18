"""The conformance suite of models as tests use it."""

from __future__ import annotations

from typing import Any

import pytest
from support.toys import Shell

from terranova.errors import ContractError, PluginMissing
from terranova.testing import check_model, model_checks
from terranova.testing.model_rules import MODEL_RULES


def test_a_check_for_each_rule() -> None:
    checks = model_checks(Shell, points=8)
    assert [str(check) for check in checks] == [rule.__name__ for rule in MODEL_RULES]
    for check in checks:
        check()


def test_models_are_looked_up_by_name(toy_registry: None) -> None:
    assert model_checks("toy-shell")[0].case.plugin is Shell
    with pytest.raises(PluginMissing, match="toy-shell"):
        model_checks("toy-shel")


def test_a_model_that_is_wrong_is_refused_with_all_that_is() -> None:
    class Wrong(Shell):
        def evaluate(self, points: Any) -> Any:
            return {"a": points["a"]}

    with pytest.raises(ContractError, match="model 'toy-shell'"):
        check_model(Wrong, points=8)
