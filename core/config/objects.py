"""Objects in the keys of a configuration: classes, models, constraints that are no plugins, each gets a name."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from terranova.errors import ConfigError, Diagnostic
from terranova.interfaces.constraint import Constraint
from terranova.interfaces.constraint_set import ConstraintSet
from terranova.interfaces.priors import Prior
from terranova.parsing.strict_yaml import MAX_DEPTH, KeyPath, key_text
from terranova.registry import registry
from terranova.registry.given import give, kind_of
from terranova.registry.kinds import KINDS

_CURES = {
    "model": "a function becomes a model by terranova.model_from(FUNCTION, parameters={...}, observables=[...])",
    "constraints": "a function becomes a constraint by terranova.Function(name=..., observables=(...), source=..., "
    "violation_of=FUNCTION)",
}


def with_names(source: Any, keys: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return the source of a configuration, and the keys that replace some of its own, with names for objects.

    Args:
        source: path of a file, or its content as a mapping.
        keys: top-level keys.

    Raises:
        ConfigError: something has no name, and cannot have one, such as a function in place of a model.
    """
    return named(source), {key: named(value, (key,)) for key, value in keys.items()}


def named(value: Any, path: KeyPath = ()) -> Any:
    """Return a value with the names of what was given in Python in place of the things themselves.

    Constraints that a file could hold stay as they are: they are written out.

    Raises:
        ConfigError: see `with_names`.
    """
    if len(path) > MAX_DEPTH or value is None or isinstance(value, str | bytes | int | float | Path | Prior):
        return value
    if isinstance(value, Constraint | ConstraintSet) and _fits_in_a_file(value):
        return value
    if kind := kind_of(value):
        key = _key(path)
        if key in KINDS and key != kind:
            raise _problem(path, f"{_name(value)} is a {KINDS[kind].label}, expected a {KINDS[key].label}")
        try:
            return give(value, registry().plugins)
        except TypeError as error:
            raise _problem(path, str(error)) from error
    if inspect.isclass(value) or inspect.isroutine(value):
        key = _key(path)
        what = "class" if inspect.isclass(value) else "function"
        cure = _CURES.get(key, "") if what == "function" else _expected(key)
        raise _problem(path, f"the {what} {_name(value)} cannot stand here" + (f": {cure}" if cure else ""))
    if isinstance(value, Mapping):
        return {key: named(inner, (*path, key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [named(inner, (*path, i)) for i, inner in enumerate(value)]
    return value


def _key(path: KeyPath) -> str:
    """Return the key under which something stands, whether it stands there alone, in a list, or with options."""
    return next((word for word in reversed(path) if isinstance(word, str) and word != "name"), "")


def _name(value: Any) -> str:
    return str(getattr(value, "__name__", None) or getattr(value, "name", None) or repr(value))


def _expected(key: str) -> str:
    return {
        "model": "it is not derived from terranova.Model",
        "sampler": "it is not derived from terranova.Sampler",
    }.get(key, "")


def _fits_in_a_file(value: Constraint | ConstraintSet) -> bool:
    """True if keys in a file can make it: its kind is one of a plugin."""
    kinds = registry().constraint_kinds().classes
    constraints: Sequence[Constraint] = (value,) if isinstance(value, Constraint) else value.constraints
    return all(c.in_files and kinds.get(c.kind) is type(c) for c in constraints)


def _problem(path: KeyPath, message: str) -> ConfigError:
    return ConfigError([Diagnostic("", 0, 0, key_text(path), message)])
