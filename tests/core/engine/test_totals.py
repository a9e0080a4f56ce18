"""Totals: sums and extremes that do not depend on who counted; clocks that leave out what was replayed."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terranova.engine.totals import ScanClock, Timings, Totals
from terranova.interfaces.batch import Batch, Status
from terranova.testing.fake_points import fake_batch, fake_schema

SCHEMA = fake_schema(1, 1, 2)


def _batch(generation: int, rows: int = 8) -> Batch:
    batch = fake_batch(SCHEMA, rows, generation=generation, failing=0.3, violating=0.4)
    return replace(batch, probe=np.arange(rows) % 4 == 3)


def _counted(generations: list[int]) -> Totals:
    totals = Totals()
    for generation in generations:
        totals.add(_batch(generation))
    return totals


@given(st.lists(st.integers(0, 50), max_size=6), st.integers(0, 6))
def test_it_does_not_matter_which_rank_counts_a_batch(generations: list[int], split: int) -> None:
    alone, first, second = map(_counted, (generations, generations[:split], generations[split:]))
    assert first.merged([second]) == second.merged([first]) == alone


def test_what_is_counted() -> None:
    batch = _batch(3)
    totals = _counted([3])
    assert totals.evaluations == 8
    assert totals.failed == int((batch.status != Status.OK).sum())
    assert totals.valid + totals.probes == int(batch.valid.sum())
    assert totals.probes == int((batch.valid & batch.probe).sum())


def test_nothing_found_is_infinitely_far() -> None:
    assert (Totals().best_violation, Totals().best_loglike) == (math.inf, -math.inf)
    batch = fake_batch(SCHEMA, 5, failing=1.0)
    totals = Totals()
    totals.add(batch)
    assert totals.best_violation == math.inf


def test_the_nearest_point_counts_until_a_valid_one_is_found() -> None:
    totals = Totals()
    invalid = fake_batch(SCHEMA, 5, failing=0.0, violating=1.0)
    totals.add(invalid)
    assert totals.best_violation == pytest.approx(invalid.violations.sum(axis=1).min())
    totals.add(fake_batch(SCHEMA, 5, failing=0.0, violating=0.0))
    totals.add(invalid)
    assert totals.best_violation == 0.0


def test_time_is_added_to_its_part_also_when_it_ends_with_an_error() -> None:
    timings = Timings()
    with suppress(ZeroDivisionError), timings.of("model"):
        time.sleep(0.002)
        raise ZeroDivisionError
    assert timings.seconds["model"] >= 0.002
    assert sum(timings.seconds.values()) == timings.seconds["model"]


def test_replaying_does_not_count_as_wall_time() -> None:
    clock = ScanClock(100.0, 50, replaying=True)
    time.sleep(0.002)
    assert clock.seconds == 100.0
    clock.end_replay(50)
    time.sleep(0.002)
    assert 100.002 <= clock.seconds < 110.0
    assert 0.0 < clock.rate(60) <= 10 / 0.002
