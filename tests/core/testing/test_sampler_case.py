"""What the rules of samplers run: islands in step, every proposal told, exchanges at the ends of epochs."""

from __future__ import annotations

import numpy as np
import pytest
from support.broken_samplers import Steps

from terranova.errors import ContractError
from terranova.interfaces.sampler import Proposal
from terranova.testing.sampler_case import AT_LEAST, EPOCH, ISLANDS, Case


def test_a_run_ends_with_an_epoch_and_spends_what_it_was_given() -> None:
    case = Case(Steps, points=100)
    proposals = list(case.run(case.make()))
    assert len(proposals) % EPOCH == 0
    assert len(proposals) >= AT_LEAST
    assert sum(len(p.u) for p in proposals) >= 100


def test_the_same_seed_gives_the_same_run() -> None:
    case = Case(Steps, points=50)
    one, two = ([p.u for p in case.run(case.make(seed=3))] for _ in range(2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


def test_proposals_are_scored_and_keep_their_probes() -> None:
    case = Case(Steps)
    u = np.full((2, case.space.dimension), 0.5)
    batch = case.evaluate(Proposal(u, np.array([0, 1]), np.array([True, False])), generation=4)
    assert batch.probe.tolist() == [True, False]
    assert batch.generation.tolist() == [4, 4]
    np.testing.assert_array_equal(batch.violations[0], batch.violations[1])


def test_answers_are_looked_at_as_the_engine_does() -> None:
    class Astray(Steps):
        def ask(self) -> np.ndarray:
            return np.full((1, self.space.dimension), 1.5)

    case = Case(Astray)
    with pytest.raises(ContractError, match="outside"):
        case.ask(case.make(count=ISLANDS))
