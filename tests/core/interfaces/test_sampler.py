"""The interface of samplers: what holds for one that brings only what it must."""

from __future__ import annotations

import numpy as np
import pytest

from terranova.errors import ContractError
from terranova.interfaces.batch import Batch
from terranova.interfaces.sampler import Archipelago, Proposal, Sampler, SearchSpace

SPACE = SearchSpace(("a", "b"), np.zeros(2, dtype=bool))


class Least(Sampler):
    """Only what must be there."""

    name = "least"

    def ask(self) -> np.ndarray:
        return self.rng.random((1, self.space.dimension))

    def tell(self, batch: Batch) -> None:
        """Forget it."""


class LeastOfAll(Archipelago):
    """The same for all islands at once."""

    name = "least-of-all"

    def ask(self) -> Proposal:
        return Proposal(np.zeros((0, 2)), np.zeros(0, dtype=np.int64))

    def tell(self, batch: Batch) -> None:
        """Forget it."""


def test_a_search_space_has_an_axis_for_each_name() -> None:
    assert SPACE.dimension == 2
    assert SearchSpace((), np.zeros(0, dtype=bool)).dimension == 0


def test_a_sampler_needs_neither_state_nor_end() -> None:
    sampler = Least(SPACE, np.random.default_rng(1))
    assert sampler.done is False
    assert sampler.state() is None
    assert sampler.ask().shape == (1, 2)
    with pytest.raises(ContractError, match=r"sampler 'least' has no restore\(\)"):
        sampler.restore({})


def test_an_archipelago_needs_neither_state_nor_exchange() -> None:
    archipelago = LeastOfAll(SPACE, [np.random.default_rng(1)])
    assert archipelago.pending() == {}
    assert archipelago.state() is None
    archipelago.merge({})
    archipelago.retire(0)
    with pytest.raises(ContractError, match=r"sampler 'least-of-all' has no restore\(\)"):
        archipelago.restore({})


def test_samplers_that_say_nothing_are_not_preferred() -> None:
    assert Least.preference == LeastOfAll.preference == 0


def test_the_completeness_of_a_sampler_that_says_nothing_is_not_calibrated() -> None:
    assert not Least.completeness_calibrated
    assert not LeastOfAll.completeness_calibrated


def test_probes_that_are_left_out_are_none() -> None:
    island = np.array([0, 0, 1])
    assert Proposal(np.zeros((3, 2)), island).probes.tolist() == [False, False, False]
    probe = np.array([True, False, True])
    assert Proposal(np.zeros((3, 2)), island, probe).probes is probe
