"""A scan among 1,024 ranks, of which one is real: what the first one holds and receives does not grow with them."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from support.fake_ranks import FakeRanks

import terranova
from terranova.engine import checkpointing
from terranova.engine.loop import Scan
from terranova.parallel import world as module
from terranova.parallel.world import World

pytestmark = [pytest.mark.usefixtures("toy_registry"), pytest.mark.integration]

RANKS = 1024
EACH = 2
"""Islands of a rank."""


class Meters:
    """What went through the first rank in each epoch, and in each checkpoint."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, ranks: FakeRanks) -> None:
        self.epochs: list[tuple[int, int, int]] = []
        self.checkpoints: list[tuple[int, int, int]] = []
        for kind, name, notes in (
            (Scan, "_exchange", self.epochs),
            (checkpointing.Checkpointing, "save", self.checkpoints),
        ):
            monkeypatch.setattr(kind, name, self._metered(getattr(kind, name), ranks, notes))

    def _metered(self, method, ranks, notes):  # type: ignore[no-untyped-def]
        def call(*args):  # type: ignore[no-untyped-def]
            before = ranks.gathered, ranks.everywhere, ranks.exchanges
            result = method(*args)
            after = ranks.gathered, ranks.everywhere, ranks.exchanges
            notes.append(tuple(b - a for a, b in zip(before, after, strict=True)))
            return result

        return call


def _scan(directory: Path, ranks: FakeRanks | None, sampler: str, evaluations: int) -> int:
    """Scan as the first of the ranks; return the most memory that was held at once."""
    size = 1 if ranks is None else ranks.size
    words = {
        "model": "toy-shell",
        "constraints": ["toy-windows"],
        "sampler": {"name": sampler, "islands": EACH * size},
        "budget": {"evaluations": evaluations * EACH * size},
        "parallel": {"epoch": 10},
        "seed": 3,
        "output": str(directory),
    }
    tracemalloc.start()
    try:
        if ranks is not None:
            module._current.append(World(ranks))
        terranova.scan(words, quiet=True)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        if ranks is not None:
            module._current.pop()


@pytest.mark.parametrize("sampler", ["explorer", "cmaes-novelty"])
def test_the_first_rank_is_one_of_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sampler: str) -> None:
    monkeypatch.setattr(checkpointing, "CHECKPOINT_INTERVAL", 0.0)
    _scan(tmp_path / "warm", None, sampler, 200)  # compiles, and fills the caches of libraries
    alone = _scan(tmp_path / "alone", None, sampler, 600)
    ranks = FakeRanks(RANKS)
    meters = Meters(monkeypatch, ranks)
    among = _scan(tmp_path / "among", ranks, sampler, 600)
    assert len(meters.epochs) > 3
    assert meters.checkpoints
    saving = [0, 0, 0]
    for received in meters.checkpoints:
        saving = [a + b for a, b in zip(saving, received, strict=True)]
        assert received[0] < 600 * RANKS  # who it was, and how many points its islands have
    gathered, everywhere, exchanges = (
        (sum(column) - saved) / len(meters.epochs)
        for column, saved in zip(zip(*meters.epochs, strict=True), saving, strict=True)
    )
    assert gathered == 0
    assert everywhere < 200_000  # of a table of bases and the bins, the same for two ranks and for a thousand
    assert exchanges <= 5
    assert among < alone + 20_000_000
    manifest = terranova.open(tmp_path / "among")
    assert manifest.count == 600 * EACH
