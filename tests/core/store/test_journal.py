"""Journals: every appended row comes back; what was cut off is dropped, what was damaged is seen."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terranova.errors import StoreCorrupt
from terranova.store.journal import Journal, parse, parse_damaged
from terranova.store.origin import Origin
from terranova.store.records import fill, reasons_of, record_dtype
from terranova.testing import Fail, SlowKernel
from terranova.testing.fake_points import fake_batch, fake_schema

SCHEMA = fake_schema(2, 1, 1)
ORIGIN = Origin("abc", 1, 2, "1.0")
NAME = Path("run/points/journal-0001-00000002.log")


def _rows(generation, n=3):
    batch = fake_batch(SCHEMA, n, generation=generation, failing=0.5)
    records = np.empty(n, record_dtype(SCHEMA))
    fill(records, batch, None, None)
    return records, reasons_of(batch, None)


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    """The bytes of a journal with four batches, and where each of its frames ends."""
    path = tmp_path_factory.mktemp("journal") / NAME.name
    one = Journal(path, SCHEMA, ORIGIN)
    ends = [path.stat().st_size]
    for generation in range(4):
        one.append(*_rows(generation))
        ends.append(path.stat().st_size)
    one.sync()
    one.close()
    one.close()
    return path.read_bytes(), ends


def _expected(batches):
    rows = [_rows(generation) for generation in batches]
    reasons = {3 * i + row: text for i, (_, texts) in enumerate(rows) for row, text in texts.items()}
    return np.concatenate([np.empty(0, record_dtype(SCHEMA)), *(records for records, _ in rows)]), reasons


def test_what_is_appended_comes_back(journal):
    found = parse(journal[0], NAME)
    records, reasons = _expected(range(4))
    assert found.records.tobytes() == records.tobytes()
    assert (found.reasons, found.schema, found.origin, found.torn_bytes) == (reasons, SCHEMA, ORIGIN, 0)


@given(st.data())
def test_a_journal_that_was_cut_off_has_all_whole_frames(journal, data):
    content, ends = journal
    size = data.draw(st.integers(0, len(content)))
    found = parse(content[:size], NAME)
    whole = sum(end <= size for end in ends)
    records, reasons = _expected(range(max(whole - 1, 0)))
    assert len(found.records) == len(records)
    if whole:
        assert found.records.tobytes() == records.tobytes()
        assert found.reasons == reasons
    assert found.torn_bytes == size - ([0, *ends][whole])


@given(st.data())
def test_a_damaged_frame_costs_no_other(journal, data):
    content, ends = journal
    place = data.draw(st.integers(ends[0], ends[-1] - 1))
    damaged = bytearray(content)
    damaged[place] ^= 1 << data.draw(st.integers(0, 7))
    hit = sum(end <= place for end in ends) - 1
    found = parse_damaged(bytes(damaged), Path("journal"))
    records, reasons = _expected([g for g in range(4) if g != hit])
    assert found.records.tobytes() == records.tobytes()
    assert found.reasons == reasons
    if hit == 3:  # nothing good follows: as if the process had died there
        assert found.torn_bytes == ends[4] - ends[3]
        parse(bytes(damaged), NAME)
    else:
        assert found.damage == ((ends[hit], ends[hit + 1]),)
        with pytest.raises(StoreCorrupt, match=rf"damaged at byte {ends[hit]}.*from byte {ends[hit + 1]}"):
            parse(bytes(damaged), NAME)


def test_without_a_head_rows_need_a_schema_from_elsewhere(journal):
    content, ends = journal
    headless = bytes(ends[0]) + content[ends[0] :]
    assert len(parse_damaged(headless, Path("journal")).records) == 0
    assert parse_damaged(headless, Path("journal"), SCHEMA).records.tobytes() == _expected(range(4))[0].tobytes()


def test_a_journal_is_never_written_over(tmp_path):
    Journal(tmp_path / NAME.name, SCHEMA, ORIGIN).close()
    with pytest.raises(FileExistsError):
        Journal(tmp_path / NAME.name, SCHEMA, ORIGIN)


def test_a_kernel_that_takes_a_little_at_a_time_gets_it_all(tmp_path, journal):
    with SlowKernel(50):
        one = Journal(tmp_path / NAME.name, SCHEMA, ORIGIN)
        for generation in range(4):
            one.append(*_rows(generation))
        one.close()
    assert (tmp_path / NAME.name).read_bytes() == journal[0]


def test_a_write_that_fails_is_an_error(tmp_path):
    one = Journal(tmp_path / NAME.name, SCHEMA, ORIGIN)
    with Fail("writev"), pytest.raises(OSError, match=os.strerror(5)):
        one.append(*_rows(0))
    one.close()
