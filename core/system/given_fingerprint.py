"""Fingerprint of what a user gives in Python: a class, function or object of a script, a notebook, or a module."""

from __future__ import annotations

import functools
import hashlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from terranova.system.source_fingerprint import (
    code_text,
    fingerprint,
    module_path,
    plugin_fingerprint,
    text_of,
)

_MOST = 10_000
"""Things that are looked into; beyond, only their type counts."""

_SPECIAL = {"__init__", "__call__", "__post_init__"}
"""Of the names with two underscores, those whose code counts."""


def given_fingerprint(thing: Any) -> str:
    """Return a hash, 16 hexadecimal digits, of a class, function or object that a user has given in Python.

    Code of a script or a notebook counts with the functions and values of it that it names; code of a module with
    all of the module, and what that imports from its own package; an object with what it holds. What is installed
    as a package counts by name, unless it is the class itself that was given.
    """
    walk = _Walk()
    cls: Any = thing if inspect.isclass(thing) else type(thing)
    lines = [plugin_fingerprint(cls)] if _has_source(cls) and module_path(cls.__module__) is not None else []
    return hashlib.blake2b("\n".join([*lines, *walk.facts(thing)]).encode(), digest_size=8).hexdigest()


class _Walk:
    """Says what things are, in lines that are the same in every process, each thing once."""

    def __init__(self) -> None:
        self._seen: dict[int, Any] = {}  # with the things, so that no other gets the number of one

    def facts(self, value: Any) -> Iterator[str]:
        if value is None or isinstance(value, bool | int | float | complex | str | bytes):
            yield repr(value)
            return
        if id(value) in self._seen or len(self._seen) >= _MOST:
            yield type(value).__qualname__
            return
        self._seen[id(value)] = value
        if hasattr(value, "tobytes") and hasattr(value, "dtype"):  # an array
            yield f"{value.dtype} {hashlib.sha256(value.tobytes()).hexdigest()}"
        elif isinstance(value, set | frozenset):
            yield from sorted("\n".join(self.facts(item)) for item in value)
        elif isinstance(value, Mapping):
            for key, item in value.items():
                yield from self.facts(key)
                yield from self.facts(item)
        elif isinstance(value, tuple | list):
            for item in value:
                yield from self.facts(item)
        elif isinstance(value, functools.partial):
            yield from self.facts([value.func, value.args, value.keywords])
        elif inspect.ismodule(value):
            yield value.__name__
        elif inspect.isclass(value):
            yield from self._class(value)
        elif (function := _function_of(value)) is not None:
            yield from self._function(function)
            yield from self.facts(getattr(value, "__self__", None))
        else:
            yield str(getattr(value, "__name__", ""))
            yield from self.facts(type(value))
            held = getattr(value, "__dict__", None)
            slots = [name for cls in type(value).__mro__ for name in getattr(cls, "__slots__", ())]
            yield from self.facts({name: getattr(value, name, None) for name in slots} if held is None else held)

    def _class(self, cls: type) -> Iterator[str]:
        yield f"{cls.__module__}.{cls.__qualname__}" if _is_installed(cls.__module__) else cls.__qualname__
        if _is_installed(cls.__module__):
            return
        if module_path(cls.__module__) is not None:
            yield plugin_fingerprint(cls)
            return
        for name, member in sorted(vars(cls).items()):
            if not name.startswith("__") or name in _SPECIAL:
                yield name
                yield from self.facts(getattr(member, "fget", getattr(member, "__func__", member)))
        for base in cls.__bases__:
            yield from self.facts(base)

    def _function(self, function: Any) -> Iterator[str]:
        yield function.__qualname__
        if _is_installed(function.__module__):
            yield function.__module__
            return
        yield text_of(function) or code_text(function.__code__)
        if function.__name__ == "<lambda>":  # of several on a line the source does not say which
            yield code_text(function.__code__)
        yield from self.facts([function.__defaults__, function.__kwdefaults__])
        for cell in function.__closure__ or ():
            try:
                yield from self.facts(cell.cell_contents)
            except ValueError:  # an empty cell
                continue
        if module_path(function.__module__ or "__main__") is None:
            yield from self.facts(_named_globals(function))
        else:
            yield fingerprint(function.__module__, function.__module__.partition(".")[0])


def _function_of(value: Any) -> Any:
    """Return the Python function that a value is, or wraps; None if there is none."""
    function = getattr(value, "__func__", getattr(value, "py_func", value))  # py_func: what numba compiled
    function = inspect.unwrap(function) if callable(function) else function
    return function if inspect.isfunction(function) else None


def _named_globals(function: Any) -> dict[str, Any]:
    """Return the values of a script or notebook that the code of one of its functions names."""
    names: set[str] = set()
    todo = [function.__code__]
    while todo:
        code = todo.pop()
        names |= set(code.co_names)
        todo += [constant for constant in code.co_consts if hasattr(constant, "co_names")]
    known = function.__globals__
    return {name: known[name] for name in sorted(names) if name in known}


def _has_source(cls: type) -> bool:
    """False for a class that is compiled: such classes are no heap types."""
    return bool(cls.__flags__ & 1 << 9)


def _is_installed(module: str | None) -> bool:
    """True for a module of Python, of terranova, or of a package that is installed: they have versions."""
    if not module or module == "__main__":
        return False
    package = module.partition(".")[0]
    if package in sys.stdlib_module_names or package == __name__.partition(".")[0]:
        return True
    path = module_path(package) or module_path(module)
    return path is not None and bool({"site-packages", "dist-packages"} & set(path.parts))
