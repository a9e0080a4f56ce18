"""Ledgers: what was sealed is known again, and a ledger that was changed by anybody is noticed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terranova.errors import StoreCorrupt
from terranova.store.layout import Segment
from terranova.store.ledger import (
    PARTS_IN_A_FILE,
    Entry,
    checked_json,
    ledger_path,
    ledger_writers,
    load_ledger,
    load_ledgers,
    read_checked_json,
    save_entry,
    save_ledger,
    span,
)

FIRST = Entry(rows=1200, size=4096, crc32=7, islands=(0, 3), generations=(2, 2))
SECOND = Entry(rows=1, size=99, crc32=2**32 - 1, islands=(5, 5), generations=(0, 10))


def test_a_ledger_is_read_as_it_was_saved(tmp_path):
    entries = {Segment(4, 1): SECOND, Segment(4, 0): FIRST}
    save_ledger(tmp_path, 4, entries)
    assert load_ledger(tmp_path, 4) == entries
    assert list(load_ledger(tmp_path, 4)) == sorted(entries)


def test_no_ledger_is_an_empty_one(tmp_path):
    assert load_ledger(tmp_path, 0) == {}
    assert ledger_writers(tmp_path / "nowhere") == []
    assert load_ledgers(tmp_path) == ({}, {})


def test_every_changed_character_is_noticed(tmp_path):
    save_ledger(tmp_path, 0, {Segment(0, 0): FIRST})
    path = ledger_path(tmp_path, 0)
    good = path.read_bytes()
    for place, byte in enumerate(good):
        if bytes([byte]).isspace():
            continue
        path.write_bytes(good[:place] + bytes([byte ^ 1]) + good[place + 1 :])
        with pytest.raises(StoreCorrupt, match=r"ledger-0000\.json is damaged"):
            load_ledger(tmp_path, 0)


@pytest.mark.parametrize("content", [{"parts": 7}, {"parts": [{}]}, {}])
def test_a_sound_file_with_other_content_is_damaged_too(tmp_path, content):
    ledger_path(tmp_path, 0).write_text(checked_json(content))
    with pytest.raises(StoreCorrupt, match="is damaged"):
        load_ledger(tmp_path, 0)


def test_one_damaged_ledger_does_not_hide_the_others(tmp_path):
    save_ledger(tmp_path, 0, {Segment(0, 0): FIRST})
    save_ledger(tmp_path, 12345, {Segment(12345, 3): SECOND})
    ledger_path(tmp_path, 7).write_text("{")
    (tmp_path / "ledger-0001.json.tmp").touch()
    assert ledger_writers(tmp_path) == [0, 7, 12345]
    entries, damaged = load_ledgers(tmp_path)
    assert entries == {Segment(0, 0): FIRST, Segment(12345, 3): SECOND}
    assert list(damaged) == [ledger_path(tmp_path, 7)]


NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False)
VALUES = NUMBERS | st.none() | st.booleans() | st.text(max_size=5)


@given(
    st.dictionaries(
        st.text(max_size=4).filter(lambda key: key != "crc32"), st.lists(VALUES, max_size=2), max_size=4
    )
)
def test_checked_json_comes_back(content):
    assert read_checked_json(checked_json(content).encode()) == content


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"a": 1, "crc32": 1}', b"\xff"])
def test_what_was_not_written_so_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        read_checked_json(text)


def test_entries_in_words():
    assert str(FIRST) == "1,200 rows of islands 0 to 3, generation 2"
    assert span("part", (4, 4)) == "part 4"


MANY = {Segment(3, n): Entry(rows=n + 1, size=99, crc32=n, islands=(0, 3), generations=(n, n)) for n in range(600)}


def test_a_long_ledger_is_in_several_files_each_of_which_is_read(tmp_path):
    save_ledger(tmp_path, 3, MANY)
    names = [ledger_path(tmp_path, 3, number).name for number in range(3)]
    assert names == ["ledger-0003.json", "ledger-0003-00001.json", "ledger-0003-00002.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    assert load_ledger(tmp_path, 3) == load_ledgers(tmp_path)[0] == MANY
    assert ledger_writers(tmp_path) == [3]
    ledger_path(tmp_path, 3, 1).write_text("{")
    entries, damaged = load_ledgers(tmp_path)
    assert list(damaged) == [ledger_path(tmp_path, 3, 1)]
    assert len(entries) == 600 - PARTS_IN_A_FILE
    with pytest.raises(StoreCorrupt, match="ledger-0003-00001"):
        load_ledger(tmp_path, 3)


def test_a_part_more_changes_one_file_however_many_there_are(tmp_path):
    save_ledger(tmp_path, 3, MANY)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    new = Segment(3, 600)
    save_entry(tmp_path, 3, {**MANY, new: FIRST}, new)
    assert load_ledger(tmp_path, 3) == {**MANY, new: FIRST}
    changed = [path for path, content in before.items() if path.read_bytes() != content]
    assert changed == [ledger_path(tmp_path, 3, 2)]
    assert changed[0].stat().st_size < 300 * PARTS_IN_A_FILE


def test_a_ledger_of_an_earlier_version_goes_on_in_the_next_files(tmp_path):
    parts = [_line(segment, entry) for segment, entry in MANY.items()]
    ledger_path(tmp_path, 3).write_text(checked_json({"parts": parts}))
    assert load_ledger(tmp_path, 3) == MANY
    for number in (600, 100):
        new = Segment(3, number)
        save_entry(tmp_path, 3, {**load_ledger(tmp_path, 3), new: FIRST}, new)
    assert load_ledger(tmp_path, 3) == {**MANY, Segment(3, 100): FIRST, Segment(3, 600): FIRST}


def test_parts_that_are_forgotten_leave_no_file(tmp_path):
    save_ledger(tmp_path, 3, MANY)
    few = {segment: entry for segment, entry in MANY.items() if segment.sequence < 10}
    save_ledger(tmp_path, 3, few)
    assert [path.name for path in tmp_path.iterdir()] == ["ledger-0003.json"]
    assert load_ledger(tmp_path, 3) == few


def _line(segment, entry):
    return {
        "file": segment.part(Path()).name,
        "sequence": segment.sequence,
        "rows": entry.rows,
        "bytes": entry.size,
        "crc32": entry.crc32,
        "footer": entry.footer,
        "islands": list(entry.islands),
        "generations": list(entry.generations),
    }
