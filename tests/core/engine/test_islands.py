"""Islands: what they propose is checked, and each advances as if it were alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terranova import (
    Proposal,
)
from terranova.engine.islands import Share, check_proposal, deal, make_archipelago, quotas, streams
from terranova.errors import ContractError
from terranova.interfaces.batch import Batch
from terranova.interfaces.sampler import Archipelago, Sampler, SearchSpace
from terranova.testing.fake_points import fake_batch, fake_schema


@pytest.mark.parametrize(
    ("u", "island", "words"),
    [
        (np.full((2, 1), 1.5), [0, 1], "outside"),
        (np.full((2, 1), np.nan), [0, 1], "outside"),
        (np.full((3, 1), 0.5), [0, 1, 0], "sorted"),
        (np.full((2, 1), 0.5), [0, 2], "between 0 and 1"),
        (np.full((2, 3), 0.5), [0, 1], r"expected \(n, 1\)"),
    ],
)
def test_a_proposal_is_checked(u: Any, island: list[int], words: str) -> None:
    with pytest.raises(ContractError, match=words):
        check_proposal(Proposal(u, np.array(island)), "mine", 1, 2)


def test_a_proposal_says_of_every_point_whether_it_is_a_probe() -> None:
    with pytest.raises(ContractError, match="probe"):
        check_proposal(Proposal(np.full((2, 1), 0.5), np.zeros(2, np.int64), np.zeros(1, bool)), "mine", 1, 1)


@given(st.integers(1, 200), st.integers(1, 40))
def test_islands_are_dealt_out_once_and_evenly(islands: int, size: int) -> None:
    shares = [deal(islands, rank, size) for rank in range(size)]
    assert [number for share in shares for number in share.numbers] == list(range(islands))
    counts = [share.count for share in shares]
    assert max(counts) - min(counts) <= 1


@given(st.integers(0, 10**6), st.integers(1, 50), st.integers(1, 7))
def test_quotas_make_the_budget_for_any_number_of_ranks(evaluations: int, islands: int, size: int) -> None:
    parts = [quotas(evaluations, islands, deal(islands, rank, size)) for rank in range(size)]
    alone = quotas(evaluations, islands, deal(islands, 0, 1))
    assert np.concatenate(parts).tolist() == alone.tolist()
    assert alone.sum() == evaluations
    assert np.ptp(alone) <= 1


def test_without_a_budget_of_evaluations_no_island_ends() -> None:
    assert quotas(None, 4, Share(0, 4)).min() > 10**18


def test_a_stream_depends_on_seed_and_island_only() -> None:
    alone = [stream.random() for stream in streams(3, Share(0, 5))]
    assert [stream.random() for share in (Share(0, 2), Share(2, 3)) for stream in streams(3, share)] == alone
    assert [stream.random() for stream in streams(4, Share(0, 5))] != alone
    assert len(set(alone)) == 5


class Count(Sampler):
    """Proposes as many points as it was told of, and one more."""

    name = "count"

    def __init__(self, space: SearchSpace, rng: np.random.Generator, shape: tuple[int, ...] = ()) -> None:
        super().__init__(space, rng)
        self.told: list[int] = []
        self.shape = shape

    def ask(self) -> Any:
        return np.full(self.shape or (1 + sum(self.told), self.space.dimension), 0.5)

    def tell(self, batch: Batch) -> None:
        self.told.append(len(batch))

    def state(self) -> dict[str, Any]:
        return {"told": np.array([sum(self.told)])}

    def restore(self, state: Any) -> None:
        self.told = state["told"].tolist()


SPACE = SearchSpace(("a", "b"), np.zeros(2, dtype=bool))


def _tell(archipelago: Archipelago, proposal: Proposal) -> None:
    batch = fake_batch(fake_schema(2, 1, 1), len(proposal.u))
    archipelago.tell(replace(batch, island=proposal.island))


def test_each_separate_island_is_told_its_own_rows_and_retires_alone() -> None:
    archipelago = make_archipelago(Count, SPACE, 1, Share(0, 3), {})
    for expected in ([0, 1, 2], [0, 0, 1, 1, 2, 2]):
        proposal = archipelago.ask()
        assert proposal.island.tolist() == expected
        _tell(archipelago, proposal)
    archipelago.retire(1)
    assert set(archipelago.ask().island.tolist()) == {0, 2}
    for island in (0, 2):
        archipelago.retire(island)
    assert archipelago.ask().u.shape == (0, 2)


def test_separate_islands_go_on_from_their_state() -> None:
    first, second = (make_archipelago(Count, SPACE, 1, Share(0, 2), {}) for _ in range(2))
    _tell(first, first.ask())
    first.retire(0)
    state = first.state()
    assert state is not None
    second.restore(state)
    assert second.ask().island.tolist() == first.ask().island.tolist() == [1, 1]


def test_options_that_a_sampler_does_not_have_are_refused() -> None:
    with pytest.raises(ContractError, match=r"sampler 'count'.*'popsize'"):
        make_archipelago(Count, SPACE, 1, Share(0, 1), {"popsize": 3})


@pytest.mark.parametrize("shape", [(3,), (2, 5), (0, 2)])
def test_points_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ContractError, match=r"expected \(n, 2\) with n >= 1"):
        make_archipelago(Count, SPACE, 1, Share(0, 1), {"shape": shape}).ask()
