"""The model my_model, as a plugin of terranova."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from terranova import Model, hookimpl

from my_model.model import MyModel


@hookimpl
def terranova_models() -> Sequence[type[Model]]:
    """Offer the model."""
    return [MyModel]


@hookimpl
def terranova_constraint_sets() -> Sequence[Path]:
    """Offer what limits it."""
    return [Path(__file__).with_name("limits.yaml")]
