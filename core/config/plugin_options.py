"""Checks what a configuration says to a plugin against the options of its class."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from terranova.parsing.diagnostics import Diagnostics, expanded
from terranova.parsing.keys import Key, read_keys
from terranova.parsing.strict_yaml import KeyPath
from terranova.registry.options import naming_programs
from terranova.registry.plugin import Plugin


def check_options(
    plugin: Plugin,
    given: Mapping[str, Any],
    path: KeyPath,
    diagnostics: Diagnostics,
    *,
    beside: Sequence[str] = (),
) -> tuple[dict[str, Any], bool]:
    """Check the options of a plugin against the keyword arguments of its `__init__`.

    Args:
        plugin: whose options they are.
        given: option -> value.
        path: where they stand.
        diagnostics: receives the problems: unknown and missing options, values of the wrong type.
        beside: keys that stand beside the options, which a misspelt option may have meant.

    Returns:
        the options that are right, with those left out at their default if a file can hold it; and whether
        all were right.
    """
    known = plugin.options
    kinds = [p.kind for p in inspect.signature(plugin.target).parameters.values()]
    open_ended = plugin.made is None and inspect.Parameter.VAR_KEYWORD in kinds
    hints = _hints(plugin.target)
    keys = {option.name: Key(hints.get(option.name, _type_of(option.default)), option.required) for option in known}
    keys = {**dict.fromkeys(beside, Key(Any)), **keys}
    right, complete = read_keys(given, keys, path, diagnostics, open_ended=open_ended)
    # Lists, and whatever else they became, stay as they are written: the configuration is plain data.
    values = {name: value if _fits_in_a_file(value) else given[name] for name, value in right.items()}
    programs = naming_programs(plugin.target)
    for name, value in values.items():
        if not isinstance(value, str) or not value:
            continue
        # A program without a slash is looked for on the PATH.
        if (name in programs and "/" in value) or _is_path(hints.get(name)):
            file = expanded(value, (*path, name), diagnostics)
            complete = complete and file is not None
            if file is not None:
                values[name] = str((diagnostics.document.folder_of((*path, name)) / file).absolute())
    defaults = {o.name: o.default for o in known if not o.required and _fits_in_a_file(o.default)}
    return {**defaults, **values}, complete


def _hints(cls: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(cls.__init__)  # type: ignore[misc]
    except (NameError, TypeError, AttributeError):
        return {}  # names that exist for type checkers only


def naming_paths(cls: type) -> set[str]:
    """Return the options of a class that name a file or folder."""
    return {name for base in cls.__mro__ for name, hint in _hints(base).items() if _is_path(hint)}


def _is_path(hint: Any) -> bool:
    """True for an option that names a file: it is relative to the file that says so, as all paths are."""
    return hint is Path or Path in typing.get_args(hint)


def _type_of(default: Any) -> Any:
    """Return the type that an option without annotation must have, by its default."""
    return type(default) if isinstance(default, (bool, int, float, str)) else Any


def _fits_in_a_file(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))
