"""The doors through which plugins enter: pluggy hooks of the project "terranova".

A plugin is any module named by an entry point of the group "terranova"; it implements one or more of the hooks in
the table of `terranova.registry.kinds`, with `@terranova.hookimpl`. A hook takes no arguments, returns a list, and
is called once, when the registry is filled, never per point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from terranova.registry.kinds import Kind

PROJECT = "terranova"
ENTRY_POINT_GROUP = "terranova"

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as the implementation of the hook of its name."""

_hookspec = pluggy.HookspecMarker(PROJECT)


def specifications(kinds: Iterable[Kind]) -> type:
    """Return a class with the specification of each kind's hook, as pluggy takes it."""
    return type("Hooks", (), {kind.hook: staticmethod(_specification(kind)) for kind in kinds})


def _specification(kind: Kind) -> Callable[[], Any]:
    def hook() -> Any:
        """Replaced below by what the kind says."""

    hook.__name__ = hook.__qualname__ = kind.hook
    hook.__doc__ = kind.offers
    return _hookspec(hook)
