"""Batches and evaluations: what counts as valid and found, and that rows stay together when some are taken."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terranova.interfaces.batch import Batch, Evaluation, Status, failed, join
from terranova.testing.fake_points import fake_batch, fake_schema

N = 12


@pytest.fixture(scope="module")
def batch() -> Batch:
    """Rows in which every status occurs."""
    return fake_batch(fake_schema(2, 3, 2), N)


def _evaluation(batch: Batch) -> Evaluation:
    return Evaluation(batch.observables, batch.status, batch.reason, batch.stage, batch.seconds)


def _rows_of(batch: Batch | Evaluation, rows: list[int]) -> list[object]:
    named = [f.name for f in fields(batch) if getattr(batch, f.name) is not None]
    return [[list(map(str, np.atleast_1d(getattr(batch, name)[i]))) for i in rows] for name in named]


@given(st.lists(st.integers(-N, N - 1), max_size=2 * N))
def test_rows_by_number_stay_together(rows: list[int]) -> None:
    batch = fake_batch(fake_schema(2, 3, 2), N)
    taken = batch.take(np.array(rows, dtype=int))
    assert len(taken) == len(rows)
    assert _rows_of(taken, list(range(len(rows)))) == _rows_of(batch, rows)
    evaluation = _evaluation(batch).take(np.array(rows, dtype=int))
    assert _rows_of(evaluation, list(range(len(rows)))) == _rows_of(_evaluation(batch), rows)


@pytest.mark.parametrize("rows", [slice(2, 7), np.arange(2, 7), (np.arange(N) >= 2) & (np.arange(N) < 7)])
def test_a_slice_numbers_and_a_mask_mean_the_same(batch: Batch, rows: object) -> None:
    assert _rows_of(batch.take(rows), list(range(5))) == _rows_of(batch, [2, 3, 4, 5, 6])  # type: ignore[arg-type]


def test_valid_means_neither_failed_nor_violating_and_probes_are_not_found(batch: Batch) -> None:
    status = np.array([Status.OK, Status.OK, Status.RAISED, Status.OK], dtype=np.int8)
    violations = np.array([[0.0, 0.0], [0.0, 1e-300], [0.0, 0.0], [0.0, 0.0]])
    probe = np.array([False, False, False, True])
    four = replace(batch.take(slice(4)), status=status, violations=violations, probe=probe)
    assert four.valid.tolist() == [True, False, False, True]
    assert four.found.tolist() == [True, False, False, False]


def test_probes_that_are_left_out_are_none(batch: Batch) -> None:
    named = {f.name: getattr(batch, f.name) for f in fields(batch) if f.name != "probe"}
    assert Batch(**named).probe.tolist() == [False] * N


def test_failed_rows_have_nothing_but_their_reason() -> None:
    rows = failed(3, 2, Status.CRASHED, "it died")
    assert np.isnan(rows.observables).all()
    assert rows.observables.shape == (3, 2)
    assert rows.status.tolist() == [Status.CRASHED] * 3
    assert list(rows.reason) == ["it died"] * 3


@given(st.lists(st.integers(0, 4), max_size=5))
def test_parts_are_joined_in_order(sizes: list[int]) -> None:
    whole = _evaluation(fake_batch(fake_schema(2, 3, 2), sum(sizes)))
    ends = np.cumsum([0, *sizes])
    parts = [whole.take(np.arange(a, b)) for a, b in pairwise(ends)]
    joined = join(parts, 3)
    rows = list(range(sum(sizes)))
    assert joined.observables.shape == (len(rows), 3)
    assert _rows_of(joined, rows) == _rows_of(whole, rows)


def test_other_numbers_of_islands_change_nothing_else(batch: Batch) -> None:
    fresh = batch.take(np.arange(N))
    worked_out = fresh.valid, fresh.found
    other = fresh.of_islands(np.arange(N) + 7)
    assert other.island.tolist() == list(range(7, 7 + N))
    assert other.valid is worked_out[0]
    assert other.found is worked_out[1]
    assert all(getattr(other, f.name) is getattr(fresh, f.name) for f in fields(batch) if f.name != "island")
    assert "valid" not in batch.take(np.arange(N)).of_islands(fresh.island).__dict__
