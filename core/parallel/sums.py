"""Sums of whole numbers over the ranks, of which only what somebody has is sent, in as few bytes as it needs.

What samplers exchange are tables that are nearly empty, and counts that are small. So ranks first add up an
outline: for each block of numbers, how large they are at most on each rank. Then all know which blocks are 0
everywhere, and which sums fit into two or four bytes instead of eight. The sums are what they would be anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from terranova.types import Array, Bools, Ints

_BLOCK = 64
_ROWS = (16, 512)
"""Rows of a table that have so many numbers are blocks themselves."""

_SMALL = 2**15
"""Sums below this fit into two bytes."""

_LARGE = 2**31
"""Sums below this fit into four bytes."""


def sum_whole(arrays: Mapping[str, Array], add: Callable[[Array], Array], ranks: int) -> dict[str, Array]:
    """Return the sums over the ranks of arrays of whole numbers; of those without a sign, modulo their range.

    Args:
        arrays: by name; names, shapes and types are the same on all ranks.
        add: returns the sum over the ranks of one contiguous array, of the same type.
        ranks: how many there are.
    """
    tables = {name: _Table(np.asarray(values)) for name, values in arrays.items()}
    outline = add(np.concatenate([table.outline(ranks) for table in tables.values()]))
    sent: dict[str, list[tuple[_Table, Bools]]] = {}
    start = 0
    for table in tables.values():
        own = outline[start : start + table.outlined]
        start += table.outlined
        some = own[1:] > 0
        if some.any():
            sent.setdefault(table.type_of(own), []).append((table, some))
    for kind, chosen in sent.items():
        pieces = [table.blocks[some].astype(kind).reshape(-1) for table, some in chosen]
        total = add(np.concatenate(pieces))
        parts = np.split(total, np.cumsum([piece.size for piece in pieces])[:-1])
        for (table, some), part in zip(chosen, parts, strict=True):
            table.total[some] = part.reshape(-1, table.blocks.shape[1])
    return {name: table.result() for name, table in tables.items()}


@dataclass
class _Table:
    """An array in blocks, the last one filled up with 0."""

    values: Array

    def __post_init__(self) -> None:
        shape = self.values.shape
        rows = len(shape) > 1 and shape[0] > 0 and _ROWS[0] <= self.values.size // shape[0] <= _ROWS[1]
        width = self.values.size // shape[0] if rows else _BLOCK
        flat = np.ascontiguousarray(self.values).reshape(-1)
        if missing := -len(flat) % width:
            flat = np.concatenate([flat, np.zeros(missing, flat.dtype)])
        self.blocks = flat.reshape(len(flat) // width, width)
        self.total = np.zeros_like(self.blocks)
        self.outlined = 1 + len(self.blocks)

    def outline(self, ranks: int) -> Ints:
        """Return (1 + blocks,) int32: if sums may need more than four bytes; the largest size in each block."""
        if self.values.dtype.kind == "u":  # bits, for all that is known: of any size
            return np.concatenate([[1], self.blocks.any(axis=1)]).astype(np.int32)
        low = self.blocks.min(axis=1, initial=0).astype(np.int64)
        high = self.blocks.max(axis=1, initial=0).astype(np.int64)
        most = _LARGE // ranks
        large = bool((low <= -most).any() or (high >= most).any())
        size = np.maximum(np.minimum(high, _SMALL), -np.maximum(low, -_SMALL))
        return np.concatenate([[large], size]).astype(np.int32)

    def type_of(self, outline: Ints) -> str:
        """Return the type in which the sums fit, given the sum of all outlines."""
        usual = self.values.dtype
        if usual.kind == "u":
            return usual.str
        if int(outline[1:].max()) < _SMALL and usual.itemsize > 2:
            return "<i2"
        return "<i4" if not outline[0] and usual.itemsize > 4 else usual.str

    def result(self) -> Array:
        """Return the sums in the shape of the array."""
        return self.total.reshape(-1)[: self.values.size].reshape(self.values.shape)
