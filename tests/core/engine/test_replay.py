"""Replay: stored points are answered from the store, once, and only those that are the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.toys import Shell, shell_set

from terranova.engine.replay import Replay, key
from terranova.errors import RunMismatch
from terranova.evaluation.bound_model import BoundModel
from terranova.evaluation.problem import Problem
from terranova.interfaces.batch import Batch, Status
from terranova.store import Field, Schema, Writer
from terranova.types import Bools, Ints

PROBLEM = Problem(BoundModel(Shell()), [shell_set()])
SCHEMA = Schema(
    [Field(p.name) for p in PROBLEM.model.space],
    [Field(o.name) for o in PROBLEM.model.observables],
    [Field(c.name) for c in PROBLEM.constraints],
)


def _step(generation: int, rows: int = 4) -> Batch:
    u = np.random.default_rng(generation).random((rows, PROBLEM.model.space.dimension))
    x = PROBLEM.model.space.to_physical(u)
    evaluation = PROBLEM.evaluate(x)
    evaluation.status[0] = Status.RAISED
    index = np.arange(rows) + generation * rows
    return PROBLEM.batch(u, x, evaluation, np.zeros(rows, int), np.full(rows, generation), index)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three generations of one island, the last of which was cut off."""
    directory = tmp_path_factory.mktemp("run")
    with Writer(directory, SCHEMA) as writer:
        for generation in range(3):
            writer.append(_step(generation) if generation < 2 else _step(2).take(slice(2)))
    return directory


@given(st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 2**39)), min_size=1, max_size=20, unique=True))
def test_every_point_has_a_key_of_its_own(points: list[tuple[int, int]]) -> None:
    island, index = np.array(points).T
    assert len(set(key(island, index).tolist())) == len(points)


def _asked(replay: Replay, batch: Batch) -> tuple[Bools, Ints, Ints]:
    return replay.stored(batch.x, batch.island, batch.index), batch.island, batch.index


def test_what_is_stored_is_answered_bit_for_bit(run: Path) -> None:
    replay = Replay(run, PROBLEM, 0)
    assert replay.last_generation == 2
    for generation, there in ((0, 4), (1, 4), (2, 2)):
        replay.seek(generation)
        batch = _step(generation)
        stored, island, index = _asked(replay, batch)
        assert stored.tolist() == [row < there for row in range(4)]
        known, evaluation = replay.answer(island, index, stored)
        assert known.tolist() == stored.tolist()
        np.testing.assert_array_equal(evaluation.observables, batch.observables[:there])
        np.testing.assert_array_equal(evaluation.status, batch.status[:there])


def test_without_all_observables_only_failures_are_answered(run: Path) -> None:
    replay = Replay(run, PROBLEM, 0, whole=False)
    replay.seek(0)
    known, evaluation = replay.answer(*(_asked(replay, _step(0))[i] for i in (1, 2, 0)))
    assert known.tolist() == [True, False, False, False]
    assert evaluation.status.tolist() == [Status.RAISED]


def test_observables_that_nobody_asks_for_are_unknown_in_answers(run: Path) -> None:
    replay = Replay(run, PROBLEM, 0, columns=[0])
    replay.seek(0)
    known, evaluation = replay.answer(*(_asked(replay, _step(0))[i] for i in (1, 2, 0)))
    assert known.all()
    np.testing.assert_array_equal(evaluation.observables[:, 0], _step(0).observables[:, 0])
    assert np.isnan(evaluation.observables[:, 1:]).all()


def test_beyond_what_is_stored_nothing_is_known(run: Path) -> None:
    replay = Replay(run, PROBLEM, 0)
    replay.seek(3)
    stored, island, index = _asked(replay, _step(3))
    assert not stored.any()
    known, evaluation = replay.answer(island, index, stored)
    assert not known.any()
    assert len(evaluation.status) == 0


def test_a_point_without_numbers_is_the_same_as_itself(tmp_path: Path) -> None:
    """A search may come to one where slopes make no sense."""
    batch = _step(0)
    batch.x[1] = np.nan
    with Writer(tmp_path, SCHEMA) as writer:
        writer.append(batch)
    replay = Replay(tmp_path, PROBLEM, 0)
    replay.seek(0)
    assert replay.stored(batch.x, batch.island, batch.index).all()
    with pytest.raises(RunMismatch, match="point number 1 than"):
        replay.stored(_step(0).x, batch.island, batch.index)


def test_another_point_of_the_same_number_is_refused(run: Path) -> None:
    replay = Replay(run, PROBLEM, 0)
    replay.seek(0)
    batch = _step(0)
    moved = batch.x.copy()
    moved[2, 0] = np.nextafter(moved[2, 0], np.inf)
    with pytest.raises(RunMismatch, match="island 0 proposed another point number 2 than the one stored"):
        replay.stored(moved, batch.island, batch.index)
