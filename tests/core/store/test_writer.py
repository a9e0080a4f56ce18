"""What goes into the store comes out of it, for every reader."""

from dataclasses import replace

import numpy as np
import pytest

from terranova.errors import ContractError, RunError
from terranova.interfaces.batch import Batch, Status
from terranova.store import Field, Reader, Schema, Writer
from terranova.testing.fake_points import fake_batch, fake_schema

SCHEMA = fake_schema()


def steps(count: int, rows: int = 12, island: int = 0) -> list[Batch]:
    return [fake_batch(SCHEMA, rows, island=island, generation=g) for g in range(count)]


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


@pytest.mark.parametrize("part_rows", [1, 30, 10_000])
def test_what_is_appended_is_read_before_and_after_sealing(tmp_path, part_rows):
    batches = steps(9)
    with Writer(tmp_path, SCHEMA, part_rows=part_rows) as writer:
        for batch in batches:
            writer.append(batch)
        assert_holds(Reader(tmp_path).table(), batches)
    assert_holds(Reader(tmp_path).table(), batches)
    assert not list(tmp_path.glob("points/journal-*"))


def test_a_batch_larger_than_a_part_stays_whole(tmp_path):
    batches = [fake_batch(SCHEMA, rows, generation=g) for g, rows in enumerate((3, 500, 3))]
    with Writer(tmp_path, SCHEMA, part_rows=10) as writer:
        for batch in batches:
            writer.append(batch)
    assert_holds(Reader(tmp_path).table(), batches)


def test_nan_and_infinities_are_kept_exactly(tmp_path):
    batch = fake_batch(SCHEMA, 6, failing=0)
    odd_nan = np.frombuffer(np.uint64(0x7FF8_0000_DEAD_BEEF).tobytes())[0]
    batch.observables[:, 0] = [np.nan, odd_nan, np.inf, -np.inf, -0.0, 5e-324]
    for durability in ("process", "power"):
        with Writer(tmp_path / durability, SCHEMA, durability=durability) as writer:
            writer.append(batch)
        assert_holds(Reader(tmp_path / durability).table(), [batch])


def test_an_empty_batch_changes_nothing(tmp_path):
    with Writer(tmp_path, SCHEMA) as writer:
        writer.append(fake_batch(SCHEMA, 0))
        writer.append(fake_batch(SCHEMA, 5))
        writer.append(fake_batch(SCHEMA, 0))
    assert Reader(tmp_path).count() == 5


def test_a_reason_may_hold_any_text(tmp_path):
    batch = replace(fake_batch(SCHEMA, 3, failing=1), reason=["µ² < 0\n\0", "bad \udcff byte", 'quo"te'])
    writer = Writer(tmp_path, SCHEMA)
    writer.append(batch)
    expected = ["µ² < 0\n\0", "bad ? byte", 'quo"te']
    assert Reader(tmp_path).table()["reason"].to_pylist() == expected
    writer.close()
    assert Reader(tmp_path).table()["reason"].to_pylist() == expected


def test_the_batch_may_be_changed_after_append(tmp_path):
    batch, same = fake_batch(SCHEMA, 8), fake_batch(SCHEMA, 8)
    with Writer(tmp_path, SCHEMA) as writer:
        writer.append(batch)
        batch.x[:] = batch.observables[:] = batch.violations[:] = -1.0
    assert_holds(Reader(tmp_path).table(), [same])


def test_total_violation_is_zero_exactly_where_valid(tmp_path):
    with Writer(tmp_path, SCHEMA) as writer:
        writer.append(fake_batch(SCHEMA, 300, failing=0.3))
    table = Reader(tmp_path).to_pandas()
    assert ((table["total_violation"] == 0) == table["valid"]).all()
    assert np.isinf(table.loc[table["status"] != Status.OK, "total_violation"]).all()
    assert table["valid"].any()


def test_only_the_chosen_observables_are_stored(tmp_path):
    chosen = replace_observables([Field("o3"), Field("o1")])
    batch = fake_batch(SCHEMA, 10, failing=0)
    with Writer(tmp_path, chosen, observable_columns=[3, 1]) as writer:
        writer.append(batch)
    table = Reader(tmp_path).table()
    assert "o0" not in table.column_names
    np.testing.assert_array_equal(table["o3"], batch.observables[:, 3])
    np.testing.assert_array_equal(table["o1"], batch.observables[:, 1])


def replace_observables(observables: list[Field]) -> Schema:
    return Schema(SCHEMA.parameters, observables, SCHEMA.violations)


def test_a_scan_without_constraints_or_stored_observables(tmp_path):
    schema = fake_schema(2, 0, 0)
    batch = fake_batch(schema, 7)
    with Writer(tmp_path, schema) as writer:
        writer.append(batch)
    assert_holds(Reader(tmp_path).table(), [batch], schema)


def test_writers_merge(tmp_path):
    zero, twelve = (Writer(tmp_path, SCHEMA, writer=number, part_rows=30) for number in (0, 12))
    with zero, twelve:
        for first, second in zip(steps(8, island=1), steps(8, island=2), strict=True):
            zero.append(first)
            twelve.append(second)
        zero.sync()
    assert_holds(Reader(tmp_path).table(), steps(8, island=1) + steps(8, island=2))
    assert Reader(tmp_path).islands_progress() == {1: 7, 2: 7}


def test_sessions_follow_on(tmp_path):
    for session in range(3):
        with Writer(tmp_path, SCHEMA) as writer:
            writer.append(steps(3)[session])
    assert_holds(Reader(tmp_path).table(), steps(3))
    assert len(list(tmp_path.glob("points/part-0000-*"))) == 3


def test_a_sync_seals_old_rows(tmp_path, monkeypatch):
    from terranova.store import writer as module

    writer = Writer(tmp_path, SCHEMA)
    writer.append(fake_batch(SCHEMA, 4))
    writer.sync()
    assert not list(tmp_path.glob("points/part-*"))
    monkeypatch.setattr(module, "SEAL_EVERY", -1.0)
    monkeypatch.setattr(module, "SEAL_SHARE", 0.0)
    writer.sync()
    assert [path.name for path in tmp_path.glob("points/[jp]*")] == ["part-0000-00000000.parquet"]
    writer.close()


# -- keeping only the valid points ----------------------------------------------------------------------


def test_keep_valid_drops_and_counts_the_rest(tmp_path):
    batches = steps(20)
    with Writer(tmp_path, SCHEMA, keep="valid", part_rows=30) as writer:
        for batch in batches:
            writer.append(batch)
    assert_holds(Reader(tmp_path).table(), [batch.take(batch.valid) for batch in batches])
    counts = Reader(tmp_path).counts()
    failed = sum(int((batch.status != Status.OK).sum()) for batch in batches)
    assert counts.evaluated == 240
    assert counts.kept == Reader(tmp_path).count()
    assert counts.dropped == {"OK": 240 - counts.kept - failed, "RAISED": failed}


def test_points_computed_again_are_not_counted_twice(tmp_path):
    killed = Writer(tmp_path, SCHEMA, keep="valid")
    for generation, batch in enumerate(steps(6)):
        killed.append(batch)
        if generation == 3:
            killed.sync()
    killed._journal.close()
    with Writer(tmp_path, SCHEMA, keep="valid") as writer:
        for generation, batch in enumerate(steps(8)):
            # As the engine does: what is stored is not handed over again.
            writer.append(batch.take(~batch.valid) if generation < 6 else batch)
    assert_holds(Reader(tmp_path).table(), [batch.take(batch.valid) for batch in steps(8)])
    assert Reader(tmp_path).counts().evaluated == 8 * 12


def test_an_island_that_moves_to_another_writer_is_not_counted_twice(tmp_path):
    for number, start in ((1, 0), (0, 2)):
        with Writer(tmp_path, SCHEMA, writer=number, keep="valid") as writer:
            for batch in steps(5)[start : start + 3]:
                writer.append(batch if number or batch.generation[0] > 2 else batch.take(~batch.valid))
    assert Reader(tmp_path).counts().evaluated == 5 * 12


# -- reading --------------------------------------------------------------------------------------------


# -- the files, without us ------------------------------------------------------------------------------


# -- arguments ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"keep": "some"}, "keep must be one of"),
        ({"durability": "eternal"}, "durability must be one of"),
        ({"part_rows": 0}, "part_rows"),
        ({"observable_columns": [1]}, "1 observable columns"),
    ],
)
def test_wrong_arguments(tmp_path, wrong, message):
    with pytest.raises(ValueError, match=message):
        Writer(tmp_path, SCHEMA, **wrong)


def test_a_batch_of_another_shape_is_refused_and_the_writer_goes_on(tmp_path):
    with Writer(tmp_path, SCHEMA) as writer:
        with pytest.raises(ContractError, match="does not fit the stored columns"):
            writer.append(fake_batch(fake_schema(3, 4, 5), 3))
        writer.append(fake_batch(SCHEMA, 3))
    assert Reader(tmp_path).count() == 3
    with pytest.raises(RunError, match="is closed"):
        writer.append(fake_batch(SCHEMA, 3))


def test_a_directory_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="could not open"):
        Writer(tmp_path / "file", SCHEMA)
