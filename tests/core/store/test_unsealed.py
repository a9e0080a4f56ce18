"""Rows kept by column become the same table as their records, in whatever pieces they come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terranova.store.records import fill, reasons_of, record_dtype, table_of
from terranova.store.schema import Schema
from terranova.store.unsealed import Unsealed
from terranova.testing.fake_points import fake_batch, fake_schema
from terranova.types import Array

SCHEMAS = {
    "all": fake_schema(),
    "many": fake_schema(7, 21, 40),
    "no violations": fake_schema(3, 2, 0),
    "no observables": fake_schema(3, 0, 4),
    "a total": replace(fake_schema(3, 2, 0), total=True),
    "no probes": replace(fake_schema(), probe=False),
}


def _records(schema: Schema, n: int, seed: int) -> tuple[Array, dict[int, str]]:
    batch = fake_batch(replace(schema, total=False), n, generation=seed, failing=n // 4)
    records = np.zeros(n, record_dtype(schema))
    fill(records, batch, None, None)
    return records, reasons_of(batch, None)


@pytest.mark.parametrize("name", SCHEMAS)
@given(sizes=st.lists(st.integers(1, 700), min_size=1, max_size=5))
def test_the_table_is_that_of_the_records(name: str, sizes: list[int]) -> None:
    schema, start, reasons, pieces = SCHEMAS[name], 0, {}, []
    unsealed = Unsealed(schema, sum(sizes))
    for seed, n in enumerate(sizes):
        records, why = _records(schema, n, seed)
        unsealed.add(records)
        reasons |= {start + row: text for row, text in why.items()}
        pieces.append(records)
        start += n
    assert unsealed.rows == sum(sizes)
    _assert_same(unsealed.table(reasons), table_of(np.concatenate(pieces), reasons, schema))


def _assert_same(found: pa.Table, expected: pa.Table) -> None:
    """Bit for bit, also where a value is NaN, for which Arrow has no comparison."""
    assert found.schema.equals(expected.schema, check_metadata=True)
    for name in expected.column_names:
        left, right = (table[name].to_numpy() for table in (found, expected))
        assert left.tolist() == right.tolist() if left.dtype == object else left.tobytes() == right.tobytes()


def test_memory_is_used_again_and_grows_for_a_batch_that_needs_more() -> None:
    schema = SCHEMAS["all"]
    unsealed = Unsealed(schema, 10)
    for n in (8, 30, 5):
        records, reasons = _records(schema, n, n)
        unsealed.clear()
        unsealed.add(records)
        _assert_same(unsealed.table(reasons), table_of(records, reasons, schema))
    assert unsealed.capacity == 30
