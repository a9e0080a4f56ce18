"""Gaps and duplicates: within an island points are numbered from 0 without either."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from terranova.store import Writer
from terranova.store.checkpoint import Checkpoint
from terranova.store.gaps import check_points, present_before
from terranova.store.snapshot import take_snapshot
from terranova.testing.fake_points import fake_batch, fake_schema

SCHEMA = fake_schema(1, 1, 1)


def _store(directory, indices, island=0):
    """Store points of these numbers, in this order; their generation is a tenth of that."""
    batch = fake_batch(SCHEMA, len(indices))
    index = np.array(indices, dtype=np.int64)
    with Writer(directory, SCHEMA) as writer:
        writer.append(replace(batch, index=index, generation=index // 10, island=np.full(len(index), island)))


def _checked(directory, counts=None, keeps_all=True):
    findings = []
    newest = None if counts is None else Checkpoint(9, {"counts": np.array(counts)}, None)
    rows = check_points(take_snapshot(directory), SCHEMA, newest, keeps_all, findings)
    return rows, findings


@settings(max_examples=10)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=40))
def test_as_many_are_missing_and_twice_as_there_are(indices):
    with tempfile.TemporaryDirectory() as folder:
        _store(Path(folder), indices)
        rows, findings = _checked(Path(folder))
    assert rows == len(indices)
    missing = sum(finding.rows for finding in findings if finding.kind == "gap")
    twice = sum(finding.rows for finding in findings if finding.kind == "duplicate")
    assert missing == max(indices) + 1 - len(set(indices))
    assert twice == len(indices) - len(set(indices))


def test_a_gap_says_where_it_is(tmp_path):
    _store(tmp_path, [*range(10), *range(40, 50)], island=3)
    (gap,) = _checked(tmp_path)[1]
    assert (gap.rows, gap.islands, gap.generations) == (30, (3, 3), (1, 3))
    assert gap.what == "30 points of island 3, generations 1 to 3 are missing"


def test_a_checkpoint_knows_of_points_at_the_end(tmp_path):
    _store(tmp_path, range(10))
    assert _checked(tmp_path, [10])[1] == []
    (gap,) = _checked(tmp_path, [25])[1]
    assert gap.rows == 15
    counts = np.array([25, 4])
    assert present_before(take_snapshot(tmp_path).dataset(SCHEMA), counts).tolist() == [10, 0]


def test_a_run_that_keeps_valid_points_has_no_gaps_but_duplicates(tmp_path):
    _store(tmp_path, [0, 5, 5, 9])
    (duplicate,) = _checked(tmp_path, keeps_all=False)[1]
    assert (duplicate.kind, duplicate.rows) == ("duplicate", 1)
    assert duplicate.what == "1 points of island 0 are there twice"
