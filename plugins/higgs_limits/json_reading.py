"""Reads values from JSON with their place, so that a complaint says which key is wrong, and what was expected."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from terranova.errors import did_you_mean

MOST_BYTES = 50_000_000
"""Of a file that is read; the largest of HiggsTools have a few MB."""


class Unusable(Exception):
    """A file that cannot be used, and why."""


class Node:
    """A value of a JSON document.

    Args:
        value: as `json` gives it.
        place: the keys that lead to it, joined by dots; "" for the whole document.
    """

    def __init__(self, value: Any, place: str = "") -> None:
        self.value = value
        self.place = place

    @classmethod
    def of_file(cls, file: Path) -> Node:
        """Return what a file holds.

        Raises:
            Unusable: it cannot be read, or is not JSON.
        """
        try:
            if file.stat().st_size > MOST_BYTES:
                raise Unusable(f"larger than {MOST_BYTES // 1_000_000} MB")
            return cls(json.loads(file.read_bytes()))
        except OSError as error:
            raise Unusable(error.strerror or str(error)) from error
        except (ValueError, RecursionError) as error:
            raise Unusable(f"not JSON: {error}") from error

    def wrong(self, expected: str) -> Unusable:
        """Return the complaint that something else was expected here."""
        text = repr(self.value)
        got = "nothing" if self.value is None else text if len(text) <= 40 else f"{text[:37]}..."
        return Unusable(f"{self.place or 'the document'}: expected {expected}, got {got}")

    def has(self, key: str) -> bool:
        """True if this is a mapping with something else than null at a key."""
        return isinstance(self.value, dict) and self.value.get(key) is not None

    def at(self, *keys: str, expected: str = "a value") -> Node:
        """Return what stands at these keys, one within the other."""
        node = self
        for key in keys:
            place = f"{node.place}.{key}" if node.place else key
            if not isinstance(node.value, dict):
                raise node.wrong("keys with values")
            if key not in node.value:
                raise Unusable(f"{place}: missing, expected {expected}")
            node = Node(node.value[key], place)
        return node

    def entries(self, expected: str) -> list[Node]:
        """Return the entries of a list, at least one."""
        if not isinstance(self.value, list) or not self.value:
            raise self.wrong(expected)
        return [Node(value, f"{self.place}[{i}]") for i, value in enumerate(self.value)]

    def items(self) -> Iterator[tuple[str, Node]]:
        """Yield the keys of a mapping with their values."""
        if not isinstance(self.value, dict):
            raise self.wrong("keys with values")
        for key, value in self.value.items():
            yield key, Node(value, f"{self.place}.{key}")

    def text(self) -> str:
        """Return a text."""
        if not isinstance(self.value, str):
            raise self.wrong("text")
        return self.value

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def whole(self, lowest: int = 0) -> int:
        """Return a whole number."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < lowest:
            raise self.wrong(f"a whole number of at least {lowest}")
        return self.value

    def number(self, lowest: float = -math.inf) -> float:
        """Return a finite number."""
        value = self.value
        if (
            not isinstance(value, (int, float))
            or isinstance(value, bool)
            or not math.isfinite(value)
            or value < lowest
        ):
            raise self.wrong("a number" if lowest == -math.inf else f"a number of at least {lowest:g}")
        return float(value)

    def numbers(self, lowest: float = -math.inf) -> tuple[float, ...]:
        """Return a list of finite numbers."""
        return tuple(entry.number(lowest) for entry in self.entries("a list of numbers"))

    def positive(self, count: int) -> tuple[float, ...]:
        """Return a list of so many numbers above zero."""
        values = self.numbers()
        if len(values) != count:
            raise Unusable(
                f"{self.place}: expected {count} numbers, as many as the grid has points, got {len(values)}"
            )
        for i, value in enumerate(values):
            if value <= 0:
                raise Unusable(f"{self.place}[{i}]: expected a limit above zero, got {value:g}")
        return values

    def axis(self, lowest: float = 0.0) -> tuple[float, ...]:
        """Return a list of increasing numbers."""
        values = self.numbers(lowest)
        for i, (before, after) in enumerate(pairwise(values)):
            if after <= before:
                raise Unusable(
                    f"{self.place}[{i + 1}]: expected increasing numbers, got {after:g} after {before:g}"
                )
        return values

    def word(self, known: Sequence[str]) -> str:
        """Return one of the known words."""
        if not isinstance(self.value, str) or self.value not in known:
            hint = did_you_mean(self.value, known) if isinstance(self.value, str) else f": {', '.join(known)}"
            raise Unusable(f"{self.place}: {self.value!r} is not known{hint}")
        return self.value

    def words(self, known: Sequence[str]) -> tuple[str, ...]:
        """Return a list of known words."""
        return tuple(entry.word(known) for entry in self.entries("a list of names"))
