"""Checkpointing: saved when due and whole, restored for any number of ranks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terranova.engine import checkpointing as module
from terranova.engine.checkpointing import Checkpointing, LoopState
from terranova.engine.islands import Share, make_archipelago
from terranova.engine.totals import Totals
from terranova.interfaces.sampler import Archipelago
from terranova.parallel.world import serial_world
from terranova.plugins.samplers.random_points import RandomPoints
from terranova.runs.coverage import Coverage
from terranova.store import Writer, load_checkpoint
from terranova.testing.fake_points import fake_schema
from terranova.testing.problems import ring

SPACE = ring().search_space
NONE_USED_UP = np.zeros(4, dtype=bool)


@pytest.fixture(autouse=True)
def _always_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHECKPOINT_INTERVAL", -1.0)


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
    _saver(tmp_path, share, archipelago, coverage).save_if_due(STATE, NONE_USED_UP)
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


def test_an_island_that_was_cut_short_is_never_saved(tmp_path: Path) -> None:
    share = Share(0, 4)
    saver = _saver(tmp_path, share, _made(share), Coverage(SPACE.dimension))
    saver.save_if_due(STATE, np.array([False, False, True, False]))
    assert load_checkpoint(tmp_path) is None


def test_a_sampler_without_state_is_not_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    share = Share(0, 4)
    archipelago = _made(share)
    monkeypatch.setattr(archipelago, "state", lambda: None)
    _saver(tmp_path, share, archipelago, Coverage(SPACE.dimension)).save_if_due(STATE, NONE_USED_UP)
    assert load_checkpoint(tmp_path) is None


def test_not_due_is_not_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHECKPOINT_INTERVAL", 3600.0)
    share = Share(0, 4)
    _saver(tmp_path, share, _made(share), Coverage(SPACE.dimension)).save_if_due(STATE, NONE_USED_UP)
    assert load_checkpoint(tmp_path) is None


def test_a_disk_that_refuses_costs_only_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    share = Share(0, 4)
    saver = _saver(tmp_path, share, _made(share), Coverage(SPACE.dimension))
    monkeypatch.setattr(module, "save_checkpoint", refuse)
    saver.save_if_due(STATE, NONE_USED_UP)
    assert "no checkpoint was saved" in caplog.text
