"""Hooks: pluggy takes a plugin that implements one, and refuses one that it does not know."""

from __future__ import annotations

import pluggy
import pytest

from terranova.registry.hooks import PROJECT, hookimpl, specifications
from terranova.registry.kinds import KINDS


@pytest.fixture
def manager() -> pluggy.PluginManager:
    """pluggy with our hooks."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(specifications(KINDS.values()))
    return manager


def test_an_implementation_is_called(manager: pluggy.PluginManager) -> None:
    class Plugin:
        @staticmethod
        @hookimpl
        def terranova_models() -> list[int]:
            return [1]

    manager.register(Plugin)
    manager.check_pending()
    assert manager.hook.terranova_models() == [[1]]
    assert manager.hook.terranova_samplers() == []


def test_a_hook_that_is_misspelt_or_takes_arguments_is_refused(manager: pluggy.PluginManager) -> None:
    class Misspelt:
        @staticmethod
        @hookimpl
        def terranova_modles() -> list[int]:
            return []

    class Asking:
        @staticmethod
        @hookimpl
        def terranova_models(config: object) -> list[int]:
            return []

    manager.register(Misspelt)
    with pytest.raises(pluggy.PluginValidationError, match="terranova_modles"):
        manager.check_pending()
    with pytest.raises(pluggy.PluginValidationError, match="config"):
        manager.register(Asking)
