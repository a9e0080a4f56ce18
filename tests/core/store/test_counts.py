"""Counts of dropped points: nothing is counted twice, whoever computes it again."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terranova.errors import StoreCorrupt
from terranova.interfaces.batch import Status
from terranova.store.counts import Counts, Dropped, all_dropped, counts_files, counts_path
from terranova.testing.fake_points import fake_batch, fake_schema

SCHEMA = fake_schema(1, 1, 1)


def _add(dropped, *steps, rows=6, island=0):
    for generation in steps:
        batch = fake_batch(SCHEMA, rows, island=island, generation=generation, failing=0.4)
        dropped.add(batch, batch.found)


@given(st.lists(st.integers(0, 8), max_size=8))
def test_going_back_counts_nothing_twice(ends):
    once, often = Dropped(), Dropped()
    _add(once, *range(max(ends, default=0)))
    for end in ends:
        _add(often, *range(end))
    assert often == once


def test_dropped_points_are_counted_by_status():
    dropped = Dropped()
    batch = fake_batch(SCHEMA, 5, failing=0)
    status = np.array([Status.OK, Status.OK, Status.RAISED, Status.TIMEOUT, Status.RAISED], dtype=np.int8)
    dropped.add(replace(batch, status=status), np.array([True, False, False, False, False]))
    assert dropped.by_status == {"OK": 1, "RAISED": 2, "TIMEOUT": 1}
    assert dropped.counted == {0: 5}


def test_what_is_saved_is_loaded(tmp_path):
    dropped = Dropped()
    _add(dropped, 0, 1, island=3)
    path = counts_path(tmp_path, 2)
    path.parent.mkdir()
    dropped.save(path)
    assert Dropped.load(path) == dropped
    assert Dropped.load(counts_path(tmp_path, 9)) == Dropped()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"dropped": {"OK": 1}, "counted": {}, "crc32": 1}'])
def test_damage_is_seen(tmp_path, text):
    path = tmp_path / "counts-0000.json"
    path.write_text(text)
    with pytest.raises(StoreCorrupt, match="is damaged"):
        Dropped.load(path)


def test_writers_add_up_and_the_furthest_index_of_an_island_counts(tmp_path):
    (tmp_path / "points").mkdir()
    for writer, steps in ((0, (0, 1)), (1, (0, 1, 2))):
        dropped = Dropped()
        _add(dropped, *steps, island=4)
        dropped.save(counts_path(tmp_path, writer))
    (tmp_path / "points" / "counts-0002.json.tmp").touch()
    assert len(counts_files(tmp_path)) == 2
    total, parts = all_dropped(tmp_path), [Dropped.load(path) for path in counts_files(tmp_path)]
    assert total.by_status == parts[0].by_status + parts[1].by_status
    assert total.counted == {4: 18}


def test_a_run_without_counts_has_dropped_nothing(tmp_path):
    assert all_dropped(tmp_path) == Dropped()
    assert Counts(kept=7, dropped={"OK": 2, "RAISED": 1}, counted={}).evaluated == 10
