"""Checks keys and their values against what was expected; collects every problem with its place."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeGuard, Union, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from terranova.errors import did_you_mean, nearest
from terranova.interfaces.constraint import Cure
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.strict_yaml import KeyPath, scalar


@dataclass(frozen=True)
class Key:
    """A key that a mapping may have.

    Attributes:
        type: what its value must be: a Python type as in an annotation; `Any` for no check.
        required: whether it must be there.
        expected: what to say when it is missing; found from the type if empty.
    """

    type: Any
    required: bool = False
    expected: str = ""


def keys_of(cls: type) -> dict[str, Key]:
    """Return the keys that make a dataclass: what it is made with, required unless it has a default."""
    hints = get_type_hints(cls, include_extras=True)
    return {
        name: Key(_of_field(hints[name]), given.default is inspect.Parameter.empty)
        for name, given in inspect.signature(cls).parameters.items()
    }


def _of_field(hint: Any) -> Any:
    """Return the type of a field; also of one that is only given and not kept."""
    return hint.type if isinstance(hint, dataclasses.InitVar) else hint


def read_keys(
    given: Any, keys: Mapping[str, Key], path: KeyPath, diagnostics: Diagnostics, *, open_ended: bool = False
) -> tuple[dict[str, Any], bool]:
    """Return the values of a mapping, converted to their types.

    Args:
        given: what stands at `path`.
        keys: the keys it may have.
        path: where it stands.
        diagnostics: receives the problems: unknown and missing keys, values of the wrong type.
        open_ended: True when other keys are welcome; they are returned as they are.

    Returns:
        the values that are right, without defaults; and whether there was no problem.
    """
    before = diagnostics.count
    if not isinstance(given, Mapping):
        diagnostics.add(path, f"expected keys with values ({', '.join(keys)}), got {show(given)}")
        return {}, False
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key in keys:
            converted, wrong = convert(value, keys[key].type)
            for inner, message in wrong:
                diagnostics.add((*path, key, *inner), message)
            if not wrong:
                values[key] = converted
        elif open_ended:
            values[key] = value
        else:
            unused = [name for name in keys if name not in given]
            hint = _bounds(value, keys) or closest(key, unused) or did_you_mean(key, keys)
            diagnostics.add((*path, key), f"unknown key{hint}", at_key=True)
    for key, wanted in keys.items():
        if wanted.required and key not in given:
            diagnostics.add((*path, key), f"missing, expected {wanted.expected or describe(wanted.type)}")
    return values, diagnostics.count == before


def _bounds(value: Any, keys: Mapping[str, Key]) -> str:
    """Return how to write an interval that was given as a list, "" for anything else."""
    if not ({"lower", "upper"} <= set(keys) and is_interval(value)):
        return ""
    return f": write lower: {show(value[0])}, upper: {show(value[1])}"


def is_interval(value: Any) -> TypeGuard[list[float]]:
    """True for a list of two numbers."""
    return isinstance(value, list) and len(value) == 2 and all(type(number) in (int, float) for number in value)


def closest(name: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'a'?)", or nothing when no known name is close."""
    return did_you_mean(name, known) if nearest(name, known) else ""


def place_of(message: str, given: Mapping[str, Any], path: KeyPath) -> KeyPath:
    """Return where to place a class's complaint about its keys: at the first one that it mentions."""
    mentioned = (word for word in re.findall(r"[a-z_0-9]+", message) if word in given)
    return next(((*path, word) for word in mentioned), path)


def convert(value: Any, wanted: Any) -> tuple[Any, list[tuple[KeyPath, str]]]:
    """Convert plain data to a Python type, strictly: text is never a number, nor a number a truth value.

    A whole float such as 1e6 passes for an int, an int for a float, a list for a tuple. Infinity and NaN
    are refused.

    Returns:
        the value (as it was, if wrong) and the problems, each with its path within the value.
    """
    adapter = _adapter(wanted)
    if adapter is None:
        return value, []
    wrong: list[tuple[KeyPath, str]] = []
    for attempt in (value, _as_integer(value)):
        try:
            # As JSON, because there a list may stand for a tuple, and nothing else changes its type.
            return adapter.validate_json(json.dumps(attempt), strict=True), []
        except ValidationError as error:
            if wrong and wrong != [((), f"expected a whole number, got {show(value)}")]:
                continue  # of a whole float, as 1e6, an int's bounds say more than its type
            if _is_choice(wanted):
                wrong = [((), f"expected {describe(wanted)}, got {show(value)}")]
            else:
                wrong = [(_plain_path(e["loc"]), _message(e, _cure(wanted))) for e in error.errors()]
    return value, wrong


@lru_cache(maxsize=512)
def _cached_adapter(wanted: Any) -> TypeAdapter[Any] | None:
    if wanted is Any:
        return None
    try:
        return TypeAdapter(wanted, config=ConfigDict(strict=True, allow_inf_nan=False))
    except (PydanticUserError, TypeError, NameError):
        return None


def _adapter(wanted: Any) -> TypeAdapter[Any] | None:
    """Return pydantic's checker of a type, None for types that plain data cannot be checked against."""
    try:
        return _cached_adapter(wanted)
    except TypeError:  # an unhashable annotation
        return None


def _as_integer(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _is_choice(wanted: Any) -> bool:
    """True for unions: pydantic reports each branch apart, which helps nobody."""
    if get_origin(wanted) is Annotated:
        wanted = get_args(wanted)[0]
    branches = [a for a in get_args(wanted) if a is not type(None)]
    return get_origin(wanted) in (Union, types.UnionType) and len(branches) > 1


def _plain_path(location: Sequence[Any]) -> KeyPath:
    return tuple(part for part in location if isinstance(part, (str, int)))


_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "keys with values",
}


def _cure(wanted: Any) -> str:
    """Return what a type's annotation has to say of a number that is zero; "" if nothing."""
    if get_origin(wanted) is Annotated:
        return next((f": {extra.text}" for extra in get_args(wanted)[1:] if isinstance(extra, Cure)), "")
    return next(filter(None, map(_cure, get_args(wanted))), "")


def _message(error: Any, cure: str) -> str:
    """Return pydantic's complaint in the words of our other messages, with what can be done where it is known."""
    value, context = error["input"], error.get("ctx", {})
    got = f", got {show(value)}"
    kind = error["type"]
    if kind == "literal_error":
        expected = str(context["expected"])
        hint = ""
        if isinstance(value, str):
            hint = closest(value, expected.replace("'", "").replace(" or ", ", ").split(", "))
        return f"expected {expected}{got}{hint}"
    if kind == "string_type" and isinstance(value, (int, float, bool)):
        return f"expected text{got}: put it in quotes"
    if kind == "bool_type" and value in ("yes", "no", "on", "off"):
        return f"expected true or false{got}"
    if kind in ("int_type", "float_type") and _is_number(value):
        return f"expected {_EXPECTED[kind]}{got}: leave out the quotes"
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}{got}"
    if kind == "greater_than_equal":
        return f"must be at least {context['ge']:g}{got}"
    if kind == "greater_than":
        return f"must be above {context['gt']:g}{got}{cure if value == 0 else ''}"
    if kind == "less_than_equal":
        return f"must be at most {context['le']:g}{got}"
    if kind == "less_than":
        return f"must be below {context['lt']:g}{got}"
    if kind == "missing":
        return "missing: the list is too short"
    if kind == "too_long":
        return f"expected at most {context['max_length']} entries, got {context['actual_length']}"
    return str(error["msg"]).replace("Input should", "should", 1) + got


def _is_number(text: Any) -> bool:
    """True for text that would be a number without its quotes."""
    try:
        return isinstance(text, str) and type(scalar(text)) in (int, float)
    except ValueError:
        return False


_NAMES: Mapping[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "true or false",
    type(None): "null",
    dict: "keys with values",
    list: "a list",
    tuple: "a list",
}


def describe(wanted: Any) -> str:
    """Return what values of a type look like in a file: "a number", "'all' or 'valid'", "a list"."""
    origin, args = get_origin(wanted), get_args(wanted)
    if origin is Annotated:
        return describe(args[0])
    if origin is Literal:
        return " or ".join(repr(a) for a in args)
    if origin in (Union, types.UnionType):
        return " or ".join(describe(a) for a in args if a is not type(None))
    if inspect.isclass(origin) and issubclass(origin, Sequence) and args:
        inner = describe(args[0]).removeprefix("a ").removesuffix("text")
        return f"a list of {inner}s" if inner in ("number", "whole number", "list") else "a list"
    return _NAMES.get(origin or wanted, "a value")


def show(value: Any) -> str:
    """Return a value for a message, cut to a readable length."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "keys with values"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
