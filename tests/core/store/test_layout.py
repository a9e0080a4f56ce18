"""Names of the files in points/, and their listing while others write."""

import os
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from terranova.store import Writer, layout
from terranova.store.layout import Segment, list_segments, temporary_files
from terranova.testing.fake_points import fake_batch, fake_schema

SCHEMA = fake_schema(2, 2, 1)


ROWS = 8


def test_a_listing_that_misses_a_file_under_both_its_names_is_taken_again(tmp_path, monkeypatch):
    with Writer(tmp_path, SCHEMA) as writer:
        writer.append(fake_batch(SCHEMA, ROWS))
    listdir, calls = os.listdir, []

    def miss_the_first_time(path):
        calls.append(path)
        return [] if len(calls) == 1 else listdir(path)

    monkeypatch.setattr(os, "listdir", miss_the_first_time)
    assert len(layout.list_segments(tmp_path / "points").parts) == 1


@given(writer=st.integers(0, 10**6), sequence=st.integers(0, 10**10), sealed=st.booleans())
def test_a_name_tells_its_segment(writer, sequence, sealed):
    with tempfile.TemporaryDirectory() as folder:
        segment = Segment(writer, sequence)
        (segment.part if sealed else segment.journal)(Path(folder)).touch()
        assert list_segments(Path(folder)) == (([segment], []) if sealed else ([], [segment]))


def test_what_is_sealed_is_not_unsealed_and_foreign_files_are_ignored(tmp_path):
    a, b, c = Segment(0, 0), Segment(0, 1), Segment(12, 0)
    for path in (a.part(tmp_path), a.journal(tmp_path), b.journal(tmp_path), c.part(tmp_path)):
        path.touch()
    for name in (
        "part-1-1.parquet",
        "part-0000-00000000.parquet.tmp",
        "notes.txt",
        "journal-0000-00000000.parquet~",
    ):
        (tmp_path / name).touch()
    listing = list_segments(tmp_path)
    assert listing.parts == [a, c]
    assert listing.unsealed == [b]
    assert [listing.next_sequence(writer) for writer in (0, 12, 5)] == [2, 1, 0]


def test_a_directory_that_is_not_there_is_empty(tmp_path):
    assert list_segments(tmp_path / "nowhere") == ([], [])
    assert temporary_files(tmp_path / "nowhere") == []


def test_half_written_files_of_one_writer_or_of_all(tmp_path):
    ours = ["counts-0003.json.tmp", "ledger-0012.json.tmp", "part-0003-00000001.parquet.tmp"]
    for name in (*ours, "part-0003-00000001.parquet", "export.csv.tmp", "manifest.json.tmp"):
        (tmp_path / name).touch()
    assert [path.name for path in temporary_files(tmp_path)] == ours
    assert [path.name for path in temporary_files(tmp_path, 3)] == [ours[0], ours[2]]
    assert temporary_files(tmp_path, 1) == []
