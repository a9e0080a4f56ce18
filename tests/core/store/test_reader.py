"""Reading: columns, conditions, SQL, generations; mistakes are explained."""

import duckdb
import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pytest

from terranova.errors import RunError, StoreCorrupt
from terranova.interfaces.batch import Batch
from terranova.store import Manifest, Reader, Schema, Writer
from terranova.testing.fake_points import fake_batch, fake_schema

SCHEMA = fake_schema()


def assert_holds(table, batches: list[Batch], schema: Schema = SCHEMA) -> None:
    """The table has exactly the rows of the batches, in order, bit for bit."""

    def column(name):
        return table[name].to_numpy(zero_copy_only=False)

    def joined(name):
        return np.concatenate([np.asarray(getattr(batch, name)) for batch in batches])

    assert table.column_names == schema.names
    for name in ("island", "generation", "index", "status", "stage", "loglike"):
        np.testing.assert_array_equal(column(name), joined(name), strict=False)
    np.testing.assert_array_equal(column("seconds"), joined("seconds").astype(np.float32))
    np.testing.assert_array_equal(column("valid"), joined("valid"))
    assert table["reason"].to_pylist() == [reason for batch in batches for reason in batch.reason]
    for fields, name in ((schema.parameters, "x"), (schema.observables, "observables")):
        for j, field in enumerate(fields):
            assert column(field.name).tobytes() == joined(name)[:, j].tobytes()
    for j, field in enumerate(schema.violations):
        assert column(f"C_{field.name}").tobytes() == joined("violations")[:, j].tobytes()


@pytest.fixture
def run(tmp_path):
    """Four islands, two writers; the second writer still has a journal."""
    with Writer(tmp_path, SCHEMA, writer=0, part_rows=48) as writer:
        for generation in range(10):
            for island in (0, 1):
                writer.append(fake_batch(SCHEMA, 12, island=island, generation=generation))
    writer = Writer(tmp_path, SCHEMA, writer=1, part_rows=100)
    for generation in range(12):
        for island in (2, 3):
            writer.append(fake_batch(SCHEMA, 12, island=island, generation=generation))
    yield tmp_path
    writer.close()


def test_count_and_progress_include_journals(run):
    reader = Reader(run)
    assert reader.count() == reader.table().num_rows == 12 * (20 + 24)
    assert reader.islands_progress() == {0: 9, 1: 9, 2: 11, 3: 11}


@pytest.mark.parametrize("where", [pc.field("p0") > 0, "p0 > 0"])
def test_columns_and_conditions(run, where):
    reader = Reader(run)
    everything = reader.table()
    expected = everything.filter(pc.greater(everything["p0"], 0))
    table = reader.table(["o1", "p0"], where)
    assert table.column_names == ["o1", "p0"]
    assert sorted(table["p0"].to_pylist()) == sorted(expected["p0"].to_pylist())
    pieces = list(reader.batches(["p0"], where, rows=7))
    assert max(piece.num_rows for piece in pieces) <= 7 or isinstance(where, str)
    assert sorted(value for piece in pieces for value in piece["p0"].to_pylist()) == sorted(
        expected["p0"].to_pylist()
    )


def test_valid_points(run):
    reader = Reader(run)
    assert reader.valid(["valid"])["valid"].to_pylist() == [True] * reader.table(where="valid").num_rows


def test_sql_and_pandas(run):
    reader = Reader(run)
    assert reader.sql("select count(*) as n from points").to_pydict() == {"n": [reader.count()]}
    frame = reader.to_pandas(["island", "p0"], "island = 2")
    assert isinstance(frame, pd.DataFrame)
    assert len(frame) == 144


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (3, 6), (9, 12), (11, 50), (12, 50), (0, 12)])
def test_generations(run, start, stop):
    expected = [
        fake_batch(SCHEMA, 12, island=island, generation=generation)
        for generation in range(start, min(stop, 12))
        for island in range(4)
        if generation < 10 or island >= 2
    ]
    table = Reader(run).generations(start, stop)
    if expected:
        assert_holds(table, expected)
    assert table.num_rows == 12 * len(expected)


def test_generations_reads_only_the_parts_it_needs(run):
    reader = Reader(run)
    before = reader.generations(8, 10)
    path = run / "points" / "part-0000-00000000.parquet"  # generations 0 and 1
    data = bytearray(path.read_bytes())
    data[4:2000] = bytes(1996)
    path.write_bytes(data)
    assert reader.generations(8, 10).to_pandas().equals(before.to_pandas())
    with pytest.raises(StoreCorrupt, match="part-0000-00000000"):
        reader.generations(0, 10)
    with pytest.raises(StoreCorrupt, match="part-0000-00000000"):
        reader.table(where="p0 > 0")


def test_mistakes_are_explained(run, tmp_path_factory):
    reader = Reader(run)
    with pytest.raises(RunError, match=r"no column 'logLike' \(did you mean 'loglike'"):
        reader.table(["logLike"])
    with pytest.raises(RunError, match="cannot be read that way"):
        reader.table(where="no_such_column > 1")
    with pytest.raises(RunError, match="cannot be read that way"):
        reader.table(where=pc.field("no_such_column") > 1)
    with pytest.raises(RunError, match="cannot be read that way"):
        reader.sql("selekt 1")
    with pytest.raises(RunError, match="no run directory"):
        Reader(run / "nowhere")
    with pytest.raises(RunError, match="holds no points"):
        Reader(tmp_path_factory.mktemp("empty")).table()


def test_a_run_that_has_not_stored_anything_is_an_empty_table(tmp_path):
    Manifest(schema=SCHEMA, seed=1, model="fake").save(tmp_path)
    reader = Reader(tmp_path)
    assert reader.count() == 0
    assert reader.table().num_rows == 0
    assert reader.sql("select * from points").num_rows == 0
    assert reader.generations(0, 9).num_rows == 0
    assert reader.islands_progress() == {}
    assert list(reader.batches()) == []


def test_other_tools_read_the_parts(run):
    polars = pytest.importorskip("polars")
    pattern = f"{run}/points/*.parquet"
    rows = 12 * 20 + 12 * 16  # what is sealed so far
    assert duckdb.sql(f"select island from read_parquet('{pattern}')").df().shape == (rows, 1)
    assert len(pd.read_parquet(sorted((run / "points").glob("*.parquet")))) == rows
    assert polars.scan_parquet(pattern).select("p0", "C_c0", "reason").collect().height == rows
    frame = duckdb.sql(f"select * from read_parquet('{pattern}') order by island, index").df()
    ours = Reader(run).to_pandas(where="island < 2").sort_values(["island", "index"])
    for name in ("p0", "o1", "C_c1", "loglike"):
        np.testing.assert_array_equal(frame[name][: len(ours)], ours[name])
