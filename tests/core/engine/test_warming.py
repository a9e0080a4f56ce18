"""Warming up: models and samplers are gone through once, and what has nothing to compile is left out."""

from __future__ import annotations

from typing import Any

import pytest

import terranova
from terranova import BoundModel, model_from
from terranova.engine.warming import installed_models, warm_up
from terranova.errors import PluginMissing


def square(a: Any) -> Any:
    return a**2


def test_what_was_compiled_is_told() -> None:
    fast = BoundModel(model_from(square, {"a": (0, 1)}, "y", vectorised=True, name="fast"))
    slow = BoundModel(model_from(square, {"a": (0, 1)}, "y", name="slow"))
    warmed = warm_up([slow, fast], ["random"])
    assert list(warmed.seconds) == ["model fast", "sampler random"]
    assert list(warmed.left_out) == ["model slow"]
    assert "model fast: " in repr(warmed)
    assert "left out" in warmed._repr_html_()
    assert list(warm_up([slow], ["random"]).seconds) == []


def test_names_are_checked() -> None:
    with pytest.raises(PluginMissing, match="no sampler is named 'randm'"):
        terranova.warm(model_from(square, {"a": (0, 1)}, "y"), sampler="randm")


def test_all_models_are_those_that_need_no_options() -> None:
    models, left_out = installed_models()
    assert "alp" in [model.name for model in models]
    assert "model scotogenic-spheno" in left_out
