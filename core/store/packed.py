"""Records as JSON and arrays, and back: what a file says fills classes that are named here, and runs no code."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from terranova.types import Array

T = TypeVar("T")

_ARRAY = "array"
"""The key that stands for an array: its value is the name of it."""


def pack(value: Any, arrays: dict[str, Array], name: str = "") -> Any:
    """Return a value as JSON can hold it, with its arrays put aside.

    Args:
        value: a number, text, None, a path, an array of numbers, or a dataclass, sequence or mapping of such.
        arrays: gets the arrays, by the place where they stand.
        name: of the place of the value.

    Raises:
        TypeError: it holds anything else.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, np.generic):
        return pack(value.item(), arrays, name)
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise TypeError(f"{name} is an array of Python objects, which is not safe to load")
        arrays[name] = value.copy()
        return {_ARRAY: name}
    if isinstance(value, Path):
        return str(value)
    if dataclasses.is_dataclass(value):
        parts = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {key: pack(part, arrays, f"{name}.{key}") for key, part in parts}
    if isinstance(value, Mapping):
        return {str(key): pack(part, arrays, f"{name}.{i}") for i, (key, part) in enumerate(value.items())}
    if isinstance(value, Sequence):
        return [pack(part, arrays, f"{name}.{i}") for i, part in enumerate(value)]
    raise TypeError(f"{name} is a {type(value).__name__}, which cannot be stored")


def unpack(kind: type[T], content: Any, arrays: Mapping[str, Array]) -> T:
    """Return what `pack` was given.

    Args:
        kind: its class. Fields that the content lacks take their defaults, and what is no field is left out.
        content: what `pack` returned.
        arrays: what it put aside.

    Raises:
        ValueError: the content is not that of such a class.
    """
    try:
        value: T = _unpacked(kind, content, arrays)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"it holds no {getattr(kind, '__name__', kind)}: {error!r}") from error
    return value


def _unpacked(kind: Any, content: Any, arrays: Mapping[str, Array]) -> Any:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if content is None:
            return None
        (kind,) = (one for one in inner if one is not type(None))
        return _unpacked(kind, content, arrays)
    if kind in (None, type(None)):
        return None if content is None else _refused(kind, content)
    if origin is typing.Literal:
        return content if content in inner else _refused(kind, content)
    if origin is np.ndarray:
        return arrays[content[_ARRAY]]
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        known = {f.name: content[f.name] for f in dataclasses.fields(kind) if f.init and f.name in content}
        return kind(**{name: _unpacked(hints[name], part, arrays) for name, part in known.items()})
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _unpacked(inner[1], part, arrays) for key, part in content.items()}
    if origin is tuple and inner[-1] is not Ellipsis:
        return tuple(_unpacked(one, part, arrays) for one, part in zip(inner, content, strict=True))
    if isinstance(origin, type) and issubclass(origin, Sequence):
        made = [_unpacked(inner[0], part, arrays) for part in content]
        return tuple(made) if origin is tuple else made
    if kind is float:
        return float(content)
    if kind is Path:
        return Path(content)
    return content if isinstance(content, kind) else _refused(kind, content)


def _refused(kind: Any, content: Any) -> Any:
    raise TypeError(f"{content!r:.80} is no {getattr(kind, '__name__', kind)}")
