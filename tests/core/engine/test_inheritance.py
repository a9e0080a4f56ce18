"""Inheritance: each rank checks and seals what some of the earlier writers left, and all hear what they need."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.fake_ranks import FakeRanks

from terranova.engine.inheritance import take_over
from terranova.engine.islands import Share
from terranova.errors import StoreCorrupt
from terranova.parallel.world import World, serial_world
from terranova.store import Manifest, Reader, Writer, save_checkpoint
from terranova.store.layout import list_segments
from terranova.testing.fake_points import fake_batch, fake_schema

SCHEMA = fake_schema()
WRITERS = 7


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """What seven writers of an island each leave that die with a part and a journal."""
    Manifest(SCHEMA, 1, "fake").save(tmp_path)
    for number in range(WRITERS):
        writer = Writer(tmp_path, SCHEMA, writer=number)
        batch = fake_batch(SCHEMA, 20, generation=number, failing=0)
        batch.island[...] = number
        batch.index[...] = np.arange(20)
        writer.append(batch.take(slice(0, 12)))
        writer.seal()
        writer.append(batch.take(slice(12, 20)))
        assert writer._journal is not None
        writer._journal.close()
    return tmp_path


def _unsealed(directory: Path) -> list[int]:
    return [segment.writer for segment in list_segments(directory / "points").unsealed]


def test_one_rank_takes_over_everything(left: Path) -> None:
    inherited = take_over(serial_world(), left, SCHEMA, Share(0, WRITERS))
    assert inherited.charge == inherited.writers == tuple(range(WRITERS))
    assert inherited.last_generation == WRITERS - 1
    assert _unsealed(left) == []
    assert Reader(left).count() == 20 * WRITERS


def test_a_rank_looks_after_its_share_only(left: Path) -> None:
    inherited = take_over(World(FakeRanks(3)), left, SCHEMA, Share(2, 3))
    assert inherited.charge == (0, 3, 6)
    assert _unsealed(left) == [1, 2, 4, 5]


def test_a_rank_knows_who_has_points_of_its_islands(left: Path) -> None:
    assert take_over(serial_world(), left, SCHEMA, Share(2, 3)).writers == (2, 3, 4)
    reader = Reader(left, writers=(2, 3, 4))
    assert reader.count() == 60
    assert reader.last_generation() == 4
    assert set(reader.generations(0, 9, islands=(3, 4))["island"].to_pylist()) == {3}


def test_damage_that_another_rank_finds_is_met_by_all(left: Path) -> None:
    part = list_segments(left / "points").parts[4].part(left / "points")
    part.write_bytes(part.read_bytes()[:-40])
    with pytest.raises(StoreCorrupt, match=part.name) as raised:
        take_over(serial_world(), left, SCHEMA, Share(0, WRITERS))
    assert raised.value.on_all_ranks
    assert len(_unsealed(left)) == WRITERS  # nothing was touched


def test_points_on_which_a_checkpoint_relies_are_counted_over_all_writers(left: Path) -> None:
    counts = np.full(WRITERS, 20)
    save_checkpoint(left, 9, {"counts": counts}, {})
    take_over(serial_world(), left, SCHEMA, Share(0, WRITERS))
    save_checkpoint(left, 10, {"counts": counts + 2}, {})
    with pytest.raises(StoreCorrupt, match=f"{2 * WRITERS} points on which the checkpoint of generation 10 relies"):
        take_over(serial_world(), left, SCHEMA, Share(0, WRITERS))


def test_an_empty_run_is_none(tmp_path: Path) -> None:
    Manifest(SCHEMA, 1, "fake").save(tmp_path)
    (tmp_path / "points").mkdir()
    inherited = take_over(World(FakeRanks(3)), tmp_path, SCHEMA, Share(0, 2))
    assert (inherited.last_generation, inherited.writers, inherited.charge) == (-1, (), ())
