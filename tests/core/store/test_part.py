"""Sealed rows: files that other tools read, and of which every damage is seen."""

import os
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from terranova.errors import StoreCorrupt
from terranova.store import Reader, Writer
from terranova.store.origin import Origin
from terranova.store.part import check_part, entry_of, generation_range, read_footer, read_schema, write_part
from terranova.store.records import fill, reasons_of, record_dtype, table_of
from terranova.testing import Fail, flip_bit
from terranova.testing.fake_points import fake_batch, fake_schema

SCHEMA = fake_schema()


def test_units_and_sources_are_in_the_files(tmp_path):
    with Writer(tmp_path, SCHEMA, run_id="abc", writer=3) as writer:
        writer.append(fake_batch(SCHEMA, 4))
    schema = pq.read_schema(tmp_path / "points" / "part-0003-00000000.parquet")
    assert schema.field("p1").metadata == {
        b"kind": b"parameter",
        b"unit": b"GeV",
        b"latex": b"p_{1}",
        b"description": b"parameter 1",
        b"source": b"",
    }
    assert schema.field("C_c0").metadata[b"source"] == b"PDG 2024"
    assert schema.metadata[b"terranova.run_id"] == b"abc"
    assert schema.metadata[b"terranova.writer"] == b"3"
    assert Reader(tmp_path).schema == SCHEMA


def test_mostly_zero_violations_cost_little(tmp_path):
    schema = fake_schema(1, 0, 60)
    with Writer(tmp_path, schema) as writer:
        writer.append(fake_batch(schema, 5000, failing=0, violating=0.02))
    (part,) = tmp_path.glob("points/*.parquet")
    assert part.stat().st_size < 0.2 * 5000 * 60 * 8


def _part(tmp_path, rows=20):
    batch = fake_batch(SCHEMA, rows, island=3, generation=7)
    records = np.empty(rows, record_dtype(SCHEMA))
    fill(records, batch, None, None)
    table = table_of(records, reasons_of(batch, None), SCHEMA)
    entry = write_part(tmp_path, table, SCHEMA, Origin("abc", 1, 2, "1.0"))
    return tmp_path / "part-0001-00000002.parquet", entry, table


def test_a_part_is_what_its_entry_says(tmp_path):
    path, entry, table = _part(tmp_path)
    assert (entry.rows, entry.size, entry.islands, entry.generations) == (20, path.stat().st_size, (3, 3), (7, 7))
    assert entry.crc32 == zlib.crc32(path.read_bytes())
    assert entry_of(path) == entry
    assert check_part(path) is None
    assert check_part(path, entry) is None
    assert read_schema(path) == SCHEMA
    assert generation_range(read_footer(path)) == (7, 7)
    for name in table.column_names:
        np.testing.assert_array_equal(pq.read_table(path)[name], table[name])


def test_every_flipped_bit_is_seen_by_whoever_has_the_entry(tmp_path):
    path, entry, _ = _part(tmp_path)
    for bit in range(0, 8 * entry.size, 997):
        flip_bit(path, bit)
        assert "do not match their checksum" in str(check_part(path, entry))
        flip_bit(path, bit)
    assert check_part(path, entry) is None


def test_a_part_that_was_cut_off_or_is_none_is_seen(tmp_path):
    path, entry, _ = _part(tmp_path)
    path.write_bytes(path.read_bytes()[:-5])
    assert f"instead of {entry.size:,}" in str(check_part(path, entry))
    assert "is damaged" in str(check_part(path))
    with pytest.raises(StoreCorrupt, match="cannot be read as Parquet"):
        entry_of(path)
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(StoreCorrupt, match="not a part written by terranova"):
        read_schema(path)
    with pytest.raises(FileNotFoundError):
        read_footer(tmp_path / "part-0009-00000000.parquet")
    assert "is damaged" in str(check_part(tmp_path / "part-0009-00000000.parquet", entry))


def test_a_part_that_could_not_be_written_leaves_nothing(tmp_path):
    with Fail("write"), pytest.raises(OSError, match=os.strerror(5)):
        _part(tmp_path)
    assert list(tmp_path.iterdir()) == []
