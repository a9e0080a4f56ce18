"""Records of rows in memory and in a journal: NumPy structs of fixed size, cheap to fill and free to decode.

A step appends as few as a dozen rows of some hundred columns, so nothing may be done per column here: whole
blocks are copied. Columns are made once per part, in `table_of`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from terranova.interfaces.batch import Batch, Status
from terranova.store.schema import Schema
from terranova.types import Array, Floats, Ints

Reasons = Mapping[int, str]
"""Row number -> why that point failed; rows without a reason are left out."""

_BLOCK = 512


def record_dtype(schema: Schema) -> np.dtype[np.void]:
    """The layout of one row: little-endian and packed, the same on every machine."""
    return np.dtype(
        [
            ("island", "<i4"),
            ("generation", "<i4"),
            ("index", "<i8"),
            ("loglike", "<f8"),
            ("seconds", "<f4"),
            ("status", "i1"),
            ("stage", "i1"),
            *([("probe", "?")] if schema.probe else []),
            *([("total", "<f8")] if schema.total else []),
            ("x", "<f8", (len(schema.parameters),)),
            ("observables", "<f8", (len(schema.observables),)),
            ("violations", "<f8", (len(schema.violations),)),
        ]
    )


def fill(records: Array, batch: Batch, rows: Ints | None, observables: Ints | None) -> None:
    """Copy a batch into `records`.

    Args:
        records: (r,) of `record_dtype`, to be overwritten.
        batch: n points.
        rows: (r,) which of them, in order; all n if None.
        observables: which columns of `batch.observables`, in order; all of them if None.
    """
    for name in ("island", "generation", "index", "loglike", "seconds", "status", "stage", "x"):
        values = getattr(batch, name)
        records[name] = values if rows is None else values[rows]
    violations = batch.violations if rows is None else batch.violations[rows]
    if "total" in (records.dtype.names or ()):
        records["total"] = violations.sum(axis=1)
    else:
        records["violations"] = violations
    if "probe" in (records.dtype.names or ()):
        records["probe"] = batch.probe if rows is None else batch.probe[rows]
    known = batch.observables if rows is None else batch.observables[rows]
    records["observables"] = known if observables is None else known.take(observables, axis=1)


def reasons_of(batch: Batch, rows: Ints | None) -> dict[int, str]:
    """The reasons of the chosen rows (all if None) that have one, by their place among the chosen."""
    if not any(batch.reason):
        return {}
    chosen: Sequence[str] = batch.reason if rows is None else [batch.reason[i] for i in rows]
    # A reason may quote the raw output of an external program: what is not Unicode must not stop the run.
    return {place: text.encode(errors="replace").decode() for place, text in enumerate(chosen) if text}


def table_of(records: Array, reasons: Reasons, schema: Schema) -> pa.Table:
    """Turn records (n,) into the n rows of the points table."""
    numbers = np.concatenate([_transposed(records[block]) for block in ("x", "observables", "violations")])
    violated = records["total"] if schema.total else records["violations"].sum(axis=1)
    return table_of_columns(records, numbers, violated, reasons, schema)


def table_of_columns(heads: Array, numbers: Floats, violated: Floats, reasons: Reasons, schema: Schema) -> pa.Table:
    """Turn what stands in the columns into the n rows of the points table.

    Args:
        heads: (n,) records, of which only what stands before the parameters is looked at.
        numbers: (k, n) parameters, observables and violations, each contiguous.
        violated: (n,) sums of the violations.
        reasons: by row.
        schema: the columns.
    """
    failed = heads["status"] != Status.OK
    total = np.where(failed, np.inf, violated)
    computed: dict[str, pa.Array] = {
        "valid": pa.array(total == 0.0),
        "total_violation": pa.array(total),
        "reason": _reason_column(len(heads), reasons),
    }
    columns = [
        computed[name] if name in computed else pa.array(np.ascontiguousarray(heads[name]))
        for name in schema.names[: schema.bookkeeping]
    ]
    columns += [pa.array(column) for column in numbers]
    return pa.Table.from_arrays(columns, schema=schema.arrow)


def _transposed(matrix: Array) -> Array:
    """Return the columns (k, n) of `matrix` (n, k), each contiguous.

    Done in blocks that fit the processor's cache: half the time of doing it at once.
    """
    columns = np.empty(matrix.shape[::-1], matrix.dtype)
    for start in range(0, len(matrix), _BLOCK):
        columns[:, start : start + _BLOCK] = matrix[start : start + _BLOCK].T
    return columns


def _reason_column(n: int, reasons: Reasons) -> pa.Array:
    texts = [""] * n
    for row, text in reasons.items():
        texts[row] = text
    return pa.array(texts, pa.string())
