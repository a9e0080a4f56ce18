"""Rows that are not in a part yet, kept by column: nothing is left to be turned around when they are sealed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from terranova.store.records import Reasons, record_dtype, table_of_columns
from terranova.store.schema import Schema
from terranova.types import Array, Floats

_BLOCK = 512
"""Rows turned around at a time: they fit the processor's cache, which halves the time."""


class Unsealed:
    """Up to `capacity` rows. Its memory is reused for every part: fresh memory would cost as much as the writing.

    Args:
        schema: the columns.
        capacity: rows at first; memory is real only once it is filled.
    """

    def __init__(self, schema: Schema, capacity: int) -> None:
        self._schema = schema
        self._dtype = record_dtype(schema)
        self._head = np.dtype([(name, self._dtype.fields[name][0]) for name in _heads(self._dtype)])  # type: ignore[index]
        self._numbers = (self._dtype.itemsize - self._head.itemsize) // 8
        self.rows = 0
        self._make(capacity)

    def _make(self, capacity: int) -> None:
        self.capacity = capacity
        self._heads = np.empty((capacity, self._head.itemsize), np.uint8)
        self._columns = np.empty((self._numbers, capacity))
        self._violated = np.empty(capacity)

    def add(self, records: Array) -> None:
        """Copy records (n,); with those that are there already, they must fit.

        The first ones may be more than the capacity, which grows.
        """
        n, start = len(records), self.rows
        if n > self.capacity - start:
            self._make(n)
        self._heads[start : start + n] = records.view(np.uint8).reshape(n, -1)[:, : self._head.itemsize]
        numbers = self._numbers_of(records)
        for first in range(0, n, _BLOCK):
            block = numbers[first : first + _BLOCK]
            self._columns[:, start + first : start + first + len(block)] = block.T
        if not self._schema.total:
            violations = numbers[:, self._numbers - len(self._schema.violations) :]
            violations.sum(axis=1, out=self._violated[start : start + n])
        self.rows = start + n

    def clear(self) -> None:
        """Forget all rows."""
        self.rows = 0

    def table(self, reasons: Reasons) -> pa.Table:
        """Return the rows; the table looks at this memory, and must be gone before rows are added or cleared."""
        heads = self._heads[: self.rows].reshape(-1).view(self._head)
        violated = heads["total"] if self._schema.total else self._violated[: self.rows]
        return table_of_columns(heads, self._columns[:, : self.rows], violated, reasons, self._schema)

    def _numbers_of(self, records: Array) -> Floats:
        """The parameters, observables and violations (n, k), which follow each other in a record."""
        size = self._dtype.itemsize
        return np.ndarray(
            (len(records), self._numbers),
            "<f8",
            records,
            self._head.itemsize,
            (size, 8),  # type: ignore[arg-type]
        )


def _heads(dtype: np.dtype[np.void]) -> list[str]:
    """Names of what stands in a record before its parameters."""
    names = list(dtype.names or ())
    return names[: names.index("x")]
