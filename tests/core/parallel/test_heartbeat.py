"""Signs of life: whoever gives none for too long is found, and clocks that jump do not matter."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from terranova.parallel import heartbeat
from terranova.parallel.heartbeat import SIGNS, Heartbeat, sign_of


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that goes when the test says so."""
    now = [1000.0]
    monkeypatch.setattr(heartbeat.time, "monotonic", lambda: now[0])
    return now


def _age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_a_rank_that_is_silent_for_too_long_is_found(tmp_path: Path, clock: list[float]) -> None:
    ranks = [Heartbeat(tmp_path, rank, 3, 100.0) for rank in range(3)]
    assert ranks[0].silent() == []
    clock[0] += 60.0
    ranks[1].sign()
    assert ranks[0].silent() == []
    clock[0] += 41.0
    assert ranks[0].silent() == [2]
    clock[0] += 1.0
    assert ranks[0].silent() == [], "it looks only now and then"
    clock[0] += 11.0
    ranks[2].sign()
    assert ranks[0].silent() == []
    clock[0] += 90.0
    assert ranks[0].silent() == [1]


@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
def test_the_time_of_a_sign_does_not_matter(tmp_path: Path, clock: list[float], jump: float) -> None:
    """The clock of the disk jumps, or the other ranks are on nodes whose clocks go wrong."""
    ranks = [Heartbeat(tmp_path, rank, 3, 100.0) for rank in range(3)]
    for rank in (1, 2):
        _age(sign_of(tmp_path, rank), jump)
    for look in range(10):
        assert ranks[0].silent() == []
        clock[0] += 11.0
        _age(sign_of(tmp_path, 1), jump - look)  # a sign, by a clock that is wrong
    assert ranks[0].silent() == [2]


def test_a_sign_is_given_only_now_and_then(tmp_path: Path, clock: list[float]) -> None:
    rank = Heartbeat(tmp_path, 0, 1, 100.0)
    rank.sign()
    _age(sign_of(tmp_path, 0), 50.0)
    before = sign_of(tmp_path, 0).stat().st_mtime
    rank.sign()
    assert sign_of(tmp_path, 0).stat().st_mtime == before
    clock[0] += 11.0
    rank.sign()
    assert sign_of(tmp_path, 0).stat().st_mtime > before


def test_a_rank_that_never_began_is_given_the_same_time(tmp_path: Path, clock: list[float]) -> None:
    rank = Heartbeat(tmp_path, 0, 2, 100.0)
    assert rank.silent() == []
    clock[0] += 90.0
    assert rank.silent() == []
    clock[0] += 11.0
    assert rank.silent() == [1]


def test_where_a_rank_is_said_as_far_as_it_is_known(tmp_path: Path) -> None:
    rank = Heartbeat(tmp_path, 0, 2, 100.0)
    assert rank.describe(0).startswith(f"rank 0 (process {os.getpid()} on ")
    assert rank.describe(1) == "rank 1"
    sign_of(tmp_path, 1).write_text("[]")
    assert rank.describe(1) == "rank 1"


def test_the_last_to_end_takes_the_folder_away(tmp_path: Path) -> None:
    ranks = [Heartbeat(tmp_path, rank, 2, 100.0) for rank in range(2)]
    ranks[0].end()
    assert (tmp_path / SIGNS).is_dir()
    ranks[1].end()
    ranks[1].end()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_disables_the_watch_and_nothing_else(tmp_path: Path, clock: list[float]) -> None:
    rank = Heartbeat(tmp_path / "nowhere", 0, 2, 100.0)
    rank.sign()
    for _ in range(3):
        clock[0] += 1000.0
        assert rank.silent() == []
    rank.end()
