"""Checks what a configuration says to a plugin against the options of its class."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.keys import Key, read_keys
from terranova.parsing.strict_yaml import KeyPath
from terranova.registry.options import options_of


def check_options(
    cls: type,
    given: Mapping[str, Any],
    path: KeyPath,
    diagnostics: Diagnostics,
    *,
    skip: int,
    beside: Sequence[str] = (),
) -> tuple[dict[str, Any], bool]:
    """Check the options of a plugin against the keyword arguments of its `__init__`.

    Args:
        cls: the plugin.
        given: option -> value.
        path: where they stand.
        diagnostics: receives the problems: unknown and missing options, values of the wrong type.
        skip: number of arguments of `__init__`, after `self`, that are not options.
        beside: words that stand beside the options, which a misspelt option may have meant.

    Returns:
        the options that are right, with those left out at their default if a file can hold it; and whether
        all were right.
    """
    known = options_of(cls, skip)
    kinds = [p.kind for p in inspect.signature(cls).parameters.values()]
    open_ended = inspect.Parameter.VAR_KEYWORD in kinds
    hints = _hints(cls)
    words = {
        option.name: Key(hints.get(option.name, _type_of(option.default)), option.required) for option in known
    }
    words = {**dict.fromkeys(beside, Key(Any)), **words}
    right, complete = read_keys(given, words, path, diagnostics, open_ended=open_ended)
    # Lists, and whatever else they became, stay as they are written: the configuration is plain data.
    values = {name: value if _fits_in_a_file(value) else given[name] for name, value in right.items()}
    defaults = {o.name: o.default for o in known if not o.required and _fits_in_a_file(o.default)}
    return {**defaults, **values}, complete


def _hints(cls: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(cls.__init__)  # type: ignore[misc]
    except (NameError, TypeError, AttributeError):
        return {}  # names that exist for type checkers only


def _type_of(default: Any) -> Any:
    """Return the type that an option without annotation must have, by its default."""
    return type(default) if isinstance(default, (bool, int, float, str)) else Any


def _fits_in_a_file(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))
