"""Readers while others write and seal: nothing shrinks, nothing is seen half."""

import os
import subprocess
import sys
from collections import Counter

import numpy as np

from terranova.store import Manifest, Reader, Writer, layout, snapshot
from terranova.store.fake import fake_batch, fake_schema

SCHEMA = fake_schema(2, 2, 1)
ROWS = 8

WRITING = """
import os, sys, time
from pathlib import Path
from terranova.store import Writer
from terranova.store.fake import fake_batch, fake_schema
directory, number = Path(sys.argv[1]), int(sys.argv[2])
schema = fake_schema(2, 2, 1)
os.fsync = lambda fd: None  # as often as possible, not as safely
with Writer(directory, schema, writer=number, part_rows=160) as writer:
    for generation in range(800):
        writer.append(fake_batch(schema, 8, island=number, generation=generation))
        time.sleep(0.001)
"""


def test_polling_while_two_processes_write_and_seal(tmp_path):
    Manifest(schema=SCHEMA, seed=1, model="fake").save(tmp_path)
    processes = [
        subprocess.Popen([sys.executable, "-c", WRITING, str(tmp_path), str(number)]) for number in range(2)
    ]
    reader = Reader(tmp_path)
    counts: list[int] = []
    try:
        while any(process.poll() is None for process in processes):
            counts.append(reader.count())
            table = reader.table(["island", "generation", "index"])
            counts.append(table.num_rows)
            seen = Counter(zip(table["island"].to_pylist(), table["generation"].to_pylist(), strict=True))
            assert set(seen.values()) <= {ROWS}
            for island in (0, 1):
                generations = sorted(g for i, g in seen if i == island)
                assert generations == list(range(len(generations)))
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert [process.returncode for process in processes] == [0, 0]
    assert counts == sorted(counts)
    assert len(set(counts)) > 3
    assert reader.count() == 2 * 800 * ROWS


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


def test_a_listing_that_misses_a_file_under_both_its_names_is_taken_again(tmp_path, monkeypatch):
    with Writer(tmp_path, SCHEMA) as writer:
        writer.append(fake_batch(SCHEMA, ROWS))
    listdir, calls = os.listdir, []

    def miss_the_first_time(path):
        calls.append(path)
        return [] if len(calls) == 1 else listdir(path)

    monkeypatch.setattr(os, "listdir", miss_the_first_time)
    assert len(layout.list_segments(tmp_path / "points").parts) == 1


def test_batches_need_no_more_memory_than_a_part(tmp_path):
    with Writer(tmp_path, SCHEMA, part_rows=40) as writer:
        for generation in range(20):
            writer.append(fake_batch(SCHEMA, ROWS, generation=generation))
    pieces = list(Reader(tmp_path).batches(["index"], rows=10))
    assert max(piece.num_rows for piece in pieces) == 10
    np.testing.assert_array_equal(np.concatenate([piece["index"] for piece in pieces]), np.arange(160))
