"""What users give instead of a name: a class, an object, or something in a Python file of theirs.

A configuration is plain data, which names its plugins. What is given in Python gets a name, `python:NAME`, that
means something in this process only; whoever goes on with such a run gives the same thing again. Something in a
file is named by the file, `./my_model.py:MyModel`, which any process can import - once a user has agreed to that.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from terranova.errors import PluginBroken, PluginMissing, did_you_mean
from terranova.interfaces.constraint import Constraint
from terranova.interfaces.constraint_set import ConstraintSet
from terranova.interfaces.model import Model
from terranova.interfaces.sampler import Archipelago, Sampler
from terranova.registry.kinds import KINDS
from terranova.registry.plugin import Plugin
from terranova.registry.python_files import FileReference, content_digest, file_reference, import_file
from terranova.system.given_fingerprint import given_fingerprint

PREFIX = "python:"
"""How the names of what was given in Python begin."""

_given: dict[tuple[str, str], Plugin] = {}

_WHAT = {
    "model": "a class derived from terranova.Model, or an object of one, such as terranova.model_from(...) returns",
    "sampler": "a class derived from terranova.Sampler or terranova.Archipelago",
    "constraints": "a terranova.ConstraintSet, or a constraint such as terranova.Function(...)",
}


def is_reference(name: str) -> bool:
    """True for a name that no installed plugin can have: of something given in Python, or in a file."""
    return name.startswith(PREFIX) or file_reference(name) is not None


def find_given(kind: str, name: str) -> Plugin | None:
    """Return what was given under a name; None for a name that is no reference.

    Raises:
        PluginMissing: it is one, but nothing has been given, or imported, under that name.
    """
    if not is_reference(name):
        return None
    if (plugin := _given.get((kind, name))) is not None:
        return plugin
    label = KINDS[kind].label
    if name.startswith(PREFIX):
        word = {"constraints": "constraints=[...]"}.get(kind, f"{kind}=...")
        raise PluginMissing(
            f"the {label} {name.removeprefix(PREFIX)!r} was given in Python, as an object, and is not known to "
            f"this process: give it again, as terranova.resume(DIR, {word}) or terranova.open(DIR, {word})"
        )
    raise PluginMissing(f"the {label} {name} has not been imported")


def kind_of(thing: Any) -> str:
    """Return which kind of plugin a thing could be; "" if none."""
    if isinstance(thing, Constraint | ConstraintSet):
        return "constraints"
    if isinstance(thing, Model) or (inspect.isclass(thing) and issubclass(thing, Model)):
        return "model"
    if inspect.isclass(thing) and issubclass(thing, Sampler | Archipelago):
        return "sampler"
    return ""


def give(thing: Any, installed: Sequence[Plugin] = ()) -> str:
    """Take something that a user has given in Python; return the name that it has from now on, in this process.

    Args:
        thing: a class of a model or sampler, a model, a constraint, or a set of constraints.
        installed: plugins; a class of theirs keeps its name.

    Raises:
        TypeError: it is nothing of that kind, or lacks a method.
    """
    kind = kind_of(thing)
    if not kind:
        raise TypeError(f"{thing!r} is no model, sampler or constraint")
    for plugin in installed:
        if plugin.target is thing:
            return plugin.name
    name = f"{PREFIX}{_own_name(thing)}"
    _given[kind, name] = _plugin(kind, thing, name, _origin(thing), given_fingerprint(thing))
    return name


def import_given(kind: str, name: str) -> Plugin:
    """Import what a reference to a file means. It runs the file: somebody must have agreed to that.

    Raises:
        PluginMissing: there is no such file, or nothing of that kind and name in it.
        PluginBroken: the file cannot be imported.
    """
    reference = file_reference(name)
    assert reference is not None
    if not reference.path.is_file():
        raise PluginMissing(f"there is no file {reference.path}")
    try:
        module = import_file(reference.path)
        digest = content_digest(reference.path)
    except (Exception, SystemExit) as error:
        raise PluginBroken(
            f"{reference.path}{_line_in(error, reference.path)} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    try:
        thing = _chosen(kind, reference, vars(module), module)
        plugin = _plugin(kind, thing, name, str(reference.path), digest)
    except TypeError as error:
        raise PluginBroken(f"{reference.path}: {error}") from error
    _given[kind, name] = plugin
    return plugin


def _own_name(thing: Any) -> str:
    """Return the name that a thing says it has, that of its class otherwise."""
    name = getattr(thing, "name", None)
    cls = thing if inspect.isclass(thing) else type(thing)
    return name if isinstance(name, str) and name else cls.__name__


def _plugin(kind: str, thing: Any, name: str, origin: str, source: str) -> Plugin:
    if kind == "constraints":
        group = ConstraintSet(thing.name, (thing,)) if isinstance(thing, Constraint) else thing
        return Plugin(
            kind, name, group, group.version, origin, group.description, group.model, group.name, source=source
        )
    cls = thing if inspect.isclass(thing) else type(thing)
    if inspect.isabstract(cls):
        missing = ", ".join(sorted(getattr(cls, "__abstractmethods__", ())))
        raise TypeError(f"{KINDS[kind].label} class {cls.__name__} does not implement: {missing}")
    for attribute in ("parameters", "observables") if kind == "model" and thing is not cls else ():
        if not hasattr(thing, attribute):
            raise TypeError(f"model {cls.__name__} has no {attribute}")
    description = str(getattr(thing, "description", "")) or (inspect.getdoc(cls) or "").split("\n")[0]
    version = str(getattr(thing, "version", "0"))
    made = None if inspect.isclass(thing) else thing
    return Plugin(
        kind, name, cls, version, origin, description, own_name=_own_name(thing), made=made, source=source
    )


def _origin(thing: Any) -> str:
    cls = thing if inspect.isclass(thing) else type(thing)
    return f"given in Python: {cls.__module__}.{cls.__qualname__}"


def _line_in(error: BaseException, path: Path) -> str:
    """Return ":17" for an error that a file's 17th line raised."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename == str(path):
        line = error.lineno or 0
    return f":{line}" if line else ""


def _chosen(kind: str, reference: FileReference, names: Mapping[str, Any], module: ModuleType) -> Any:
    """Return what a reference means among the names of a module."""
    path, label = reference.path, KINDS[kind].label
    if reference.name:
        if reference.name not in names:
            known = [name for name, thing in names.items() if kind_of(thing) == kind and _is_own(thing, module)]
            raise PluginMissing(f"{path} has no {reference.name!r}{did_you_mean(reference.name, known)}")
        thing = names[reference.name]
        if kind_of(thing) != kind:
            raise PluginMissing(f"{path}: {reference.name} is {describe(thing)}, expected {_WHAT[kind]}")
        return thing
    found = {id(thing): (name, thing) for name, thing in names.items() if _is_offer(kind, thing, module)}
    if kind == "constraints":
        sets = {key: pair for key, pair in found.items() if isinstance(pair[1], ConstraintSet)}
        if not sets and found:
            return ConstraintSet(path.stem, tuple(thing for _, thing in found.values()))
        found = sets or found
    if not found:
        functions = [name for name, thing in names.items() if inspect.isfunction(thing) and _is_own(thing, module)]
        hint = (
            f"; a function becomes one by terranova.model_from({functions[0]}, ...)"
            if kind == "model" and functions
            else ""
        )
        raise PluginMissing(f"{path} defines no {label}: expected {_WHAT[kind]}{hint}")
    if len(found) > 1:
        all_names = ", ".join(name for name, _ in found.values())
        first = next(iter(found.values()))[0]
        raise PluginMissing(f"{path} defines several: {all_names}; say which, as {path.name}:{first}")
    return next(iter(found.values()))[1]


def _is_offer(kind: str, thing: Any, module: ModuleType) -> bool:
    if kind_of(thing) != kind:
        return False
    if inspect.isclass(thing):
        return _is_own(thing, module) and not inspect.isabstract(thing)
    return True


def _is_own(thing: Any, module: ModuleType) -> bool:
    return getattr(thing, "__module__", None) == module.__name__


def describe(thing: Any) -> str:
    """Return what a thing is, for messages."""
    if inspect.isfunction(thing):
        return "a function (terranova.model_from makes a model of one)"
    if inspect.isclass(thing):
        return f"the class {thing.__name__}, which is not derived from what is wanted"
    return f"{type(thing).__name__} {thing!r}"[:100]
