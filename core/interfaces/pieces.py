"""What a plugin has learned as pieces of a file, and how to read them back from a stranger's file.

A piece is an array in numpy's own format, or facts as JSON. Reading believes nothing: an array is as large as its
bytes, of the kind and shape that was asked for, and nothing in a piece is ever evaluated.
"""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from terranova.types import Array

FACTS = "facts.json"
ENDING = ".npy"

MOST_TEXT = 8_000_000
"""Bytes of JSON that are read at most."""

MOST_DEEP = 30
"""Deepest nesting of JSON that is read."""

_HEAD = re.compile(
    rb"\x93NUMPY\x01\x00(..)"
    rb"\{'descr': '([<|][a-z]\d)', 'fortran_order': False, 'shape': \(([\d, ]{0,80})\), \} *\n",
    re.DOTALL,
)
"""The head of an array as `numpy.save` writes it. numpy's own reader evaluates it as Python, and takes its word."""


def pack_pieces(facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> dict[str, bytes]:
    """Return facts, which JSON can express, and arrays of numbers as named pieces; see `PieceReader`."""
    return {FACTS: json.dumps(facts).encode()} | {f"{n}{ENDING}": array_piece(a) for n, a in arrays.items()}


class PieceReader:
    """Reads what `pack_pieces` has made, whoever wrote it: what is not as expected is a ValueError that says so.

    Args:
        pieces: name -> content.

    Raises:
        ValueError: the facts are missing, or no JSON.
    """

    def __init__(self, pieces: Mapping[str, bytes]) -> None:
        self._pieces = pieces
        if FACTS not in pieces:
            raise ValueError(f"{FACTS}: missing")
        facts = read_json(pieces[FACTS], FACTS)
        if not isinstance(facts, dict):
            raise ValueError(f"{FACTS}: expected names and values")
        self._facts: dict[str, Any] = facts

    def text(self, name: str) -> str:
        """Return a fact that is a line of text.

        Raises:
            ValueError: it is not.
        """
        value = self._facts.get(name)
        if not isinstance(value, str) or len(value) > 1000 or not value.isprintable():
            raise ValueError(f"{FACTS}: {name}: expected a line of text")
        return value

    def words(self, name: str, known: tuple[str, ...]) -> tuple[str, ...]:
        """Return a fact that is a list of known words.

        Raises:
            ValueError: it is not.
        """
        value = self._facts.get(name)
        if not isinstance(value, list) or not all(isinstance(word, str) and word in known for word in value):
            raise ValueError(f"{FACTS}: {name}: expected a list of {', '.join(known)}")
        return tuple(value)

    def whole(self, name: str, low: int, high: int) -> int:
        """Return a fact that is a whole number in [low, high].

        Raises:
            ValueError: it is not.
        """
        value = self._facts.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"{FACTS}: {name}: expected a whole number from {low} to {high}")
        return value

    def number(self, name: str, low: float, high: float) -> float:
        """Return a fact that is a number in [low, high].

        Raises:
            ValueError: it is not.
        """
        value = self._facts.get(name)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"{FACTS}: {name}: expected a number from {low:g} to {high:g}")
        return float(value)

    def array(
        self,
        name: str,
        shape: tuple[int | None, ...],
        dtype: Any = np.float64,
        low: float = -math.inf,
        high: float = math.inf,
    ) -> Array:
        """Return an array of finite numbers in [low, high].

        Args:
            name: as given to `pack_pieces`.
            shape: expected; None for any length.
            dtype: expected.
            low, high: bounds of every number.

        Raises:
            ValueError: it is missing, or not that.
        """
        piece = f"{name}{ENDING}"
        if piece not in self._pieces:
            raise ValueError(f"{piece}: missing")
        values = read_array(self._pieces[piece], piece, shape, dtype)
        if not (np.isfinite(values).all() and (values >= low).all() and (values <= high).all()):
            bounds = f" from {low:g} to {high:g}" if math.isfinite(low) or math.isfinite(high) else ""
            raise ValueError(f"{piece}: expected finite numbers{bounds}")
        return values


def array_piece(values: Array) -> bytes:
    """Return an array of numbers or flags as a piece: a file that `numpy.load` reads.

    Raises:
        TypeError: it holds something else.
    """
    values = np.ascontiguousarray(values).reshape(np.shape(values))
    values = values.astype(values.dtype.newbyteorder("<"), copy=False)
    if values.dtype.kind not in "biuf" or values.dtype.itemsize > 8:
        raise TypeError(f"an array of {values.dtype} cannot be stored as a piece")
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, values, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def read_array(data: bytes, piece: str, shape: tuple[int | None, ...], dtype: Any = np.float64) -> Array:
    """Return the array that `array_piece` wrote; its numbers may be anything that the type can be.

    Args:
        data: the piece.
        piece: its name, for the message.
        shape: expected; None for any length.
        dtype: expected.

    Raises:
        ValueError: it is not an array of that type and shape, or is not as long as it says.
    """
    head = _HEAD.match(data)
    if head is None or int.from_bytes(head[1], "little") != head.end() - 10:
        raise ValueError(f"{piece}: not an array")
    wanted = np.dtype(dtype).newbyteorder("<")
    sizes = [int(size) for size in head[3].decode().split(",") if size.strip()]
    if head[2].decode() != np.lib.format.dtype_to_descr(wanted):
        raise ValueError(f"{piece}: expected {np.dtype(dtype)}, got an array of {head[2].decode()!r}")
    if len(sizes) != len(shape) or any(want not in (None, size) for size, want in zip(sizes, shape, strict=True)):
        expected = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(f"{piece}: expected the shape ({expected}), got ({', '.join(map(str, sizes))})")
    if math.prod(sizes) * wanted.itemsize != len(data) - head.end():
        raise ValueError(f"{piece}: holds {len(data) - head.end():,} bytes, which is not what its head says")
    if wanted.kind == "b" and max(data[head.end() :], default=0) > 1:
        raise ValueError(f"{piece}: expected flags, which are 0 or 1")
    # A copy, since what was read into must not be written to, and in this machine's order of bytes.
    return np.frombuffer(data, wanted, offset=head.end()).reshape(sizes).astype(dtype)


def read_json(data: bytes, piece: str) -> Any:
    """Return what a piece of JSON says.

    Args:
        data: the piece.
        piece: its name, for the message.

    Raises:
        ValueError: it is too long or nested too deep, gives a name twice, or is no JSON.
    """
    if len(data) > MOST_TEXT:
        raise ValueError(f"{piece}: longer than {MOST_TEXT // 1_000_000} MB, the most that is read")
    try:
        content = json.loads(data.decode(), object_pairs_hook=_unique)
    except RecursionError:
        raise ValueError(f"{piece}: nested more than {MOST_DEEP} deep") from None
    except ValueError as error:
        raise ValueError(f"{piece}: not JSON ({error})") from error
    level = [content]
    for _ in range(MOST_DEEP):
        if not level:
            return content
        inside = [
            each.values() if isinstance(each, dict) else each for each in level if isinstance(each, (dict, list))
        ]
        level = [value for values in inside for value in values]
    raise ValueError(f"{piece}: nested more than {MOST_DEEP} deep")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the mapping of these pairs; with a name given twice, two readers would see two things."""
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a name is given twice")
    return content
