"""Ranks: how a process learns whether it is alone, and how a program ends."""

from __future__ import annotations

import numpy as np
import pytest

from terranova.parallel import world as parallel
from terranova.parallel.transfer import Transfer
from terranova.parallel.world import World, serial_world


def test_alone_every_exchange_gives_back_what_was_put_in() -> None:
    alone = serial_world()
    assert (alone.rank, alone.size, alone.is_root) == (0, 1, True)
    alone.barrier()
    assert alone.bcast("word") == "word"
    assert alone.gather(7) == [7]
    assert alone.allgather(7) == [7]
    assert alone.any(True)
    assert not alone.any(False)
    given = {"n": np.arange(3)}
    total = alone.allreduce_sum(given)
    np.testing.assert_array_equal(total["n"], given["n"])
    total["n"] += 1
    assert given["n"].tolist() == [0, 1, 2]


def test_floats_are_summed_in_the_order_of_the_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    class Three(Transfer):
        """Plays the exchanges of rank 0 of 3."""

        def meet(self) -> None: ...

        def gather(self, value: object) -> list[object]:
            return [value, np.array([1e16]), np.array([-1e16])]

        def bcast(self, value: object) -> object:
            return value

    everyone = World()
    monkeypatch.setattr(everyone, "communicator", object())
    monkeypatch.setattr(everyone, "_transfer", Three(None, everyone.wait))
    total = everyone.allreduce_sum({"f": np.array([1.0])})
    assert total["f"][0] == (1.0 + 1e16) - 1e16


def test_alone_means_alone_and_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_whole", {})
    whole = World()
    monkeypatch.setattr(parallel, "connect", lambda: None)
    with parallel.alone_if(True):
        alone = parallel.world()
        assert parallel.world_so_far() is None, "nobody was asked"
    with parallel.alone_if(False):
        assert parallel.world() is not alone
    assert parallel.world_so_far() is parallel.world()
    assert whole.size == parallel.world().size == 1


def test_a_fork_of_a_rank_is_not_that_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_whole", {})
    monkeypatch.setattr(parallel, "connect", lambda: None)
    parent = parallel.world()
    assert parallel.world() is parent
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert parallel.world_so_far() is None
    assert parallel.world() is not parent
