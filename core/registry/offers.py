"""Checks what a hook offered, and makes plugins of it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terranova.errors import PluginMissing, did_you_mean
from terranova.interfaces.constraint_set import ConstraintSet
from terranova.registry.kinds import KINDS, Kind
from terranova.registry.plugin import Plugin

if TYPE_CHECKING:
    from terranova.parsing.constraint_file import ConstraintKinds

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def hook_words(message: str) -> str:
    """Say in our words what pluggy found wrong with a hook."""
    if unknown := re.match(r"unknown hook '(\w+)'", message):
        return f"there is no hook {unknown[1]!r}{did_you_mean(unknown[1], [kind.hook for kind in KINDS.values()])}"
    if wrong := re.search(r"for hook '(\w+)'(?s:.*)Argument\(s\) (.*) are declared", message):
        return f"the hook {wrong[1]!r} takes no arguments, but this one has {wrong[2].strip('{}')}"
    return " ".join(message.split())


def as_list(hook: str, offered: Any) -> list[Any]:
    """Return what a hook offered; None is nothing."""
    if offered is None:
        return []
    if isinstance(offered, (str, Path)) or not isinstance(offered, Iterable):
        raise TypeError(f"{hook} returned {offered!r}, expected a list")
    return list(offered)


def message_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an exception of a stranger, which cannot even say what it is
        return "(its message cannot be shown)"


def _check_name(what: str, name: object) -> str:
    """Return the name if a configuration can use it."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"{what} is named {name!r}, expected letters, digits, '.', '_' and '-'")
    return name


def variant_of(family: Plugin, name: str) -> Plugin:
    """Return the variant of a plugin that `name`, "family:word", asks for.

    Raises:
        PluginMissing: the plugin has no variants, or none of that name.
    """
    make = getattr(family.target, "variant", None)
    if make is None:
        raise PluginMissing(f"{family.kind} {family.name!r} has no variants, so {name!r} means nothing")
    try:
        target = make(name.partition(":")[2])
    except ValueError as error:
        raise PluginMissing(f"{family.kind} {name!r}: {error}") from error
    return replace(family, name=name, target=target)


def constraint_plugin(kind: Kind, offered: Any, origin: str, kinds: ConstraintKinds) -> Plugin:
    if isinstance(offered, (str, Path)):
        from terranova.parsing.constraint_file import read_constraint_set

        offered = read_constraint_set(Path(offered), kinds)
    if not isinstance(offered, ConstraintSet):
        raise TypeError(f"{kind.hook} offered {offered!r}, expected a path or a ConstraintSet")
    _check_name(f"a {kind.label}", offered.name)
    description = offered.description or f"{len(offered)} constraints"
    return Plugin(kind.name, offered.name, offered, offered.version, origin, description, offered.model)


def class_plugin(kind: Kind, offered: Any, origin: str, version: str) -> Plugin:
    wanted = " or ".join(base.__name__ for base in kind.bases)
    if not (inspect.isclass(offered) and issubclass(offered, kind.bases)):
        raise TypeError(f"{kind.hook} offered {offered!r}, expected a subclass of {wanted}")
    if inspect.isabstract(offered):
        missing = ", ".join(sorted(getattr(offered, "__abstractmethods__", ())))
        raise TypeError(f"{kind.label} class {offered.__name__} does not implement: {missing}")
    name = getattr(offered, kind.called, "")
    if not name:
        raise TypeError(f"{kind.label} class {offered.__name__} has no name")
    _check_name(f"{kind.label} class {offered.__name__}", name)
    own = str(getattr(offered, "version", "0"))
    description = getattr(offered, "description", "") or (inspect.getdoc(offered) or "").split("\n")[0]
    return Plugin(kind.name, name, offered, version if own == "0" else own, origin, description)
