"""The table of plugin kinds: whole, without repetitions, and true to the classes."""

from __future__ import annotations

import inspect

import pytest

from terranova.registry import registry
from terranova.registry.hooks import specifications
from terranova.registry.kinds import KINDS, Kind, options


def test_nothing_is_there_twice() -> None:
    kinds = list(KINDS.values())
    assert list(KINDS) == [kind.name for kind in kinds]
    for attribute in ("hook", "label"):
        assert len({getattr(kind, attribute) for kind in kinds}) == len(kinds)


def test_sets_are_read_with_all_constraint_kinds() -> None:
    assert list(KINDS).index("constraint-kind") < list(KINDS).index("constraints")


@pytest.mark.parametrize("kind", [k for k in KINDS.values() if k.engine_passes], ids=lambda kind: kind.name)
def test_what_the_engine_passes_is_not_an_option(kind: Kind) -> None:
    for plugin in registry().of_kind(kind.name):
        arguments = list(inspect.signature(plugin.target).parameters)
        assert not {option.name for option in options(kind.name, plugin.target)} & set(
            arguments[: kind.engine_passes]
        )


def test_every_kind_has_its_hook() -> None:
    hooks = specifications(KINDS.values())
    for kind in KINDS.values():
        assert getattr(hooks, kind.hook).__doc__ == kind.offers
