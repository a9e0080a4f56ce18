"""Readers while others write and seal: nothing shrinks, nothing is seen half."""

import numpy as np

from terranova.store import Reader, Writer, layout, snapshot
from terranova.testing.fake_points import fake_batch, fake_schema

SCHEMA = fake_schema(2, 2, 1)
ROWS = 8


def test_a_journal_sealed_between_listing_and_opening(tmp_path, monkeypatch):
    writer = Writer(tmp_path, SCHEMA)
    writer.append(fake_batch(SCHEMA, ROWS))
    stale = layout.list_segments(tmp_path / "points")
    writer.seal()
    fresh = layout.list_segments(tmp_path / "points")
    answers = iter([stale, fresh])
    monkeypatch.setattr(snapshot, "list_segments", lambda points: next(answers))
    assert Reader(tmp_path).count() == ROWS
    writer.close()


def test_a_journal_sealed_after_opening_is_read_once(tmp_path, monkeypatch):
    writer = Writer(tmp_path, SCHEMA)
    writer.append(fake_batch(SCHEMA, ROWS))
    parse = snapshot.parse

    def seal_first(data, path):
        writer.seal()
        return parse(data, path)

    monkeypatch.setattr(snapshot, "parse", seal_first)
    assert Reader(tmp_path).table().num_rows == ROWS
    assert not list(tmp_path.glob("points/*.log"))
    writer.close()


def test_batches_need_no_more_memory_than_a_part(tmp_path):
    with Writer(tmp_path, SCHEMA, part_rows=40) as writer:
        for generation in range(20):
            writer.append(fake_batch(SCHEMA, ROWS, generation=generation))
    pieces = list(Reader(tmp_path).batches(["index"], rows=10))
    assert max(piece.num_rows for piece in pieces) == 10
    np.testing.assert_array_equal(np.concatenate([piece["index"] for piece in pieces]), np.arange(160))
