"""Records: rows of fixed size that hold a batch bit for bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terranova.interfaces.batch import Status
from terranova.store.records import fill, reasons_of, record_dtype, table_of
from terranova.store.schema import Schema
from terranova.testing.fake_points import fake_batch, fake_schema

SCHEMA = fake_schema(2, 3, 2)
BATCH = fake_batch(SCHEMA, 40, failing=0.3)


def _records(batch, rows=None, observables=None, schema=SCHEMA):
    records = np.empty(len(batch) if rows is None else len(rows), record_dtype(schema))
    fill(records, batch, rows, observables)
    return records


def test_a_row_is_packed_and_little_endian():
    dtype = record_dtype(SCHEMA)
    assert dtype.itemsize == 4 + 4 + 8 + 8 + 4 + 1 + 1 + 1 + 8 * (2 + 3 + 2)
    old = record_dtype(Schema(SCHEMA.parameters, SCHEMA.observables, SCHEMA.violations, probe=False))
    assert old.itemsize == dtype.itemsize - 1
    assert "probe" not in (old.names or ())


def test_the_sum_of_violations_stands_for_them_where_they_are_not_stored():
    """Valid, and the sum in the table, are the same."""
    short = Schema(SCHEMA.parameters, SCHEMA.observables, (), total=True)
    records = _records(BATCH, schema=short)
    assert records.dtype.itemsize == record_dtype(SCHEMA).itemsize - 8 * 2 + 8
    table, whole = table_of(records, {}, short), table_of(_records(BATCH), {}, SCHEMA)
    assert table.column_names == whole.column_names[:-2]
    for name in ("valid", "total_violation", "loglike"):
        assert table[name].equals(whole[name])
    assert Schema.from_json(short.to_json()) == short


@given(st.lists(st.integers(0, 39), max_size=50))
def test_chosen_rows_are_copied_in_order(rows):
    rows = np.array(rows, dtype=np.int64)
    records, chosen = _records(BATCH, rows), BATCH.take(rows)
    for name in ("island", "index", "loglike", "status", "x", "observables", "violations", "probe"):
        np.testing.assert_array_equal(records[name], getattr(chosen, name))
    assert reasons_of(BATCH, rows) == {i: text for i, text in enumerate(chosen.reason) if text}


def test_chosen_observables_are_copied_in_order():
    records = _records(BATCH, None, np.array([2, 0, 1]))
    np.testing.assert_array_equal(records["observables"], BATCH.observables[:, [2, 0, 1]])


@pytest.mark.parametrize("n", [0, 1, 511, 512, 513, 1100])
def test_a_table_has_the_columns_of_the_schema(n):
    batch = fake_batch(SCHEMA, n, failing=0.3)
    table = table_of(_records(batch), reasons_of(batch, None), SCHEMA)
    assert table.schema.equals(SCHEMA.arrow)
    assert table["valid"].to_pylist() == batch.valid.tolist()
    assert table["reason"].to_pylist() == list(batch.reason)
    for column, field in enumerate(SCHEMA.observables):
        np.testing.assert_array_equal(table[field.name], batch.observables[:, column])
    total = np.asarray(table["total_violation"])
    np.testing.assert_array_equal(total == np.inf, batch.status != Status.OK)
    np.testing.assert_array_equal(total == 0.0, batch.valid)


def test_a_reason_that_is_no_unicode_is_made_so():
    batch = replace(BATCH.take([0, 1]), reason=["bad \udcff", ""])
    assert reasons_of(batch, None) == {0: "bad ?"}
