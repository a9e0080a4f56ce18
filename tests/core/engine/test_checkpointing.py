"""Checkpointing: saved when due and whole, restored for any number of ranks."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fake_ranks import FakeRanks

from terranova.engine import checkpointing as module
from terranova.engine.checkpointing import SAMPLER, Checkpointing, LoopState, restore_parts
from terranova.engine.islands import Share, deal, make_archipelago
from terranova.engine.totals import Totals
from terranova.interfaces.sampler import Archipelago
from terranova.parallel.world import World, serial_world
from terranova.plugins.samplers.random_points import RandomPoints
from terranova.registry import registry
from terranova.runs.coverage import Coverage
from terranova.store import Writer, load_checkpoint
from terranova.testing.fake_points import fake_schema
from terranova.testing.problems import ring

SPACE = ring().search_space


def _saver(directory: Path, share: Share, archipelago: Archipelago, coverage: Coverage) -> Checkpointing:
    writer = Writer(directory, fake_schema())
    return Checkpointing(directory, serial_world(), share, archipelago, coverage, writer)


def _made(share: Share, plugin: Any = RandomPoints) -> Archipelago:
    return make_archipelago(plugin, SPACE, 1, share, {})


STATE = LoopState(20, np.array([5, 6, 7, 8]), Totals(evaluations=26, valid=2), 12.5)


def test_any_ranks_go_on_where_one_stopped(tmp_path: Path) -> None:
    share, coverage = Share(0, 4), Coverage(SPACE.dimension)
    archipelago = _made(share)
    archipelago.ask()
    coverage.add(np.random.default_rng(1).random((9, SPACE.dimension)))
    _saver(tmp_path, share, archipelago, coverage).save(STATE)
    saved = load_checkpoint(tmp_path)
    assert saved is not None
    expected = archipelago.ask()
    for part in (Share(0, 2), Share(2, 2)):
        other, covered = _made(part), Coverage(SPACE.dimension)
        state = _saver(tmp_path, part, other, covered).restore(saved)
        assert (state.generation, state.totals, state.seconds) == (20, STATE.totals, 12.5)
        assert state.counts.tolist() == STATE.counts[part.first : part.first + 2].tolist()
        assert covered.mean == coverage.mean
        mine = (expected.island >= part.first) & (expected.island < part.first + 2)
        np.testing.assert_array_equal(other.ask().u, expected.u[mine])


def test_a_sampler_without_state_is_not_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    share = Share(0, 4)
    archipelago = _made(share)
    monkeypatch.setattr(archipelago, "state", lambda: None)
    _saver(tmp_path, share, archipelago, Coverage(SPACE.dimension)).save(STATE)
    assert load_checkpoint(tmp_path) is None


def test_due_when_the_last_one_is_old_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    share = Share(0, 4)
    saver = _saver(tmp_path, share, _made(share), Coverage(SPACE.dimension))
    assert not saver.due
    monkeypatch.setattr(module, "CHECKPOINT_INTERVAL", -1.0)
    assert saver.due


class Team:
    """Ranks that save one after the other, the first one last: it is the one that gathers."""

    def __init__(self, directory: Path, size: int, plugin: Any = RandomPoints) -> None:
        self.said: list[Any] = []
        counts, self.archipelagos = STATE.counts, []
        self.savers = []
        for rank in range(size):
            share = deal(4, rank, size)
            world = World(FakeRanks(size))
            world.rank = rank
            world.gather = self._gather  # type: ignore[method-assign]
            archipelago, writer = _made(share, plugin), Writer(directory, fake_schema(), writer=rank)
            self.archipelagos.append(archipelago)
            saver = Checkpointing(directory, world, share, archipelago, Coverage(SPACE.dimension), writer)
            self.savers.append((saver, counts[share.first : share.first + share.count]))

    def _gather(self, said: Any) -> list[Any] | None:
        self.said.insert(0, said)
        return self.said if len(self.said) == len(self.savers) else None

    def save(self, generation: int = 20) -> None:
        self.said = []
        for saver, counts in reversed(self.savers):
            saver.save(replace(STATE, generation=generation, counts=counts))


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_each_rank_saves_its_own_islands_and_any_number_goes_on(tmp_path: Path, size: int, ranks: int) -> None:
    team = Team(tmp_path, size)
    for archipelago in team.archipelagos:
        archipelago.ask()
    team.save()
    saved = load_checkpoint(tmp_path)
    assert saved is not None
    assert saved.arrays["counts"].tolist() == STATE.counts.tolist()
    assert len(saved.pieces) == size
    assert not any(name.startswith(SAMPLER) for name in saved.arrays)
    expected = np.concatenate([archipelago.ask().u for archipelago in team.archipelagos])
    for rank in range(ranks):
        share = deal(4, rank, ranks)
        other = _made(share)
        restore_parts(tmp_path, saved, share, other, Coverage(SPACE.dimension))
        mine = np.array_split(expected, 4)[share.first : share.first + share.count]
        np.testing.assert_array_equal(other.ask().u, np.concatenate(mine))


def test_a_piece_that_could_not_be_written_is_a_checkpoint_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    team = Team(tmp_path, 3)
    team.save(20)
    real = module.save_piece

    def refuse(directory: Path, generation: int, arrays: Any, first: int, number: int, of: int) -> Any:
        if number == 1:
            raise OSError(28, "No space left on device")
        return real(directory, generation, arrays, first, number, of)

    monkeypatch.setattr(module, "save_piece", refuse)
    team.save(40)
    assert "no checkpoint was saved" in caplog.text
    found = load_checkpoint(tmp_path)
    assert found is not None
    assert found.generation == 20


def test_pieces_go_with_their_checkpoints(tmp_path: Path) -> None:
    for size in (3, 2):  # a second session on fewer ranks
        team = Team(tmp_path, size)
        for generation in (20, 40, 60, 80):
            team.save(generation + 100 * (size == 2))
        for saver, _ in team.savers:
            saver.tidy()
    names = sorted(path.name for path in (tmp_path / "checkpoint").iterdir())
    assert names == sorted(
        f"{generation:08d}{ending}.npz"
        for generation in (160, 180)
        for ending in ("", "-0000-of-0002", "-0001-of-0002")
    )


def test_the_first_of_a_thousand_ranks_gathers_next_to_nothing(tmp_path: Path) -> None:
    ranks, share = FakeRanks(1024), Share(0, 16)
    space = SPACE
    archipelago = make_archipelago(registry().get("sampler", "cmaes-novelty").target, space, 1, share, {})
    writer = Writer(tmp_path, fake_schema())
    saver = Checkpointing(tmp_path, World(ranks), share, archipelago, Coverage(space.dimension), writer)
    state = archipelago.state()
    assert state is not None
    tracemalloc.start()
    # The fake ranks all say the same, so that their pieces do not fit together, which only a reader would notice.
    saver.save(replace(STATE, counts=np.ones(16, dtype=np.int64)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert ranks.gathered < 1024 * 1024
    assert peak < 20_000_000
    own = sum(values.nbytes for name, values in state.items() if not name.startswith("shared_"))
    files = {path.name: path.stat().st_size for path in (tmp_path / "checkpoint").iterdir()}
    assert files["00000020-0000-of-1024.npz"] < own + 20_000


def test_a_disk_that_refuses_costs_only_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    share = Share(0, 4)
    saver = _saver(tmp_path, share, _made(share), Coverage(SPACE.dimension))
    monkeypatch.setattr(module, "save_checkpoint", refuse)
    saver.save(STATE)
    assert "no checkpoint was saved" in caplog.text
