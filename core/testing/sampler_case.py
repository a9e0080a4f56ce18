"""Sampler under test on a small problem: made, asked and told as the engine does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from terranova.engine.islands import Share, check_proposal, make_archipelago
from terranova.evaluation.problem import Problem
from terranova.interfaces.batch import Batch
from terranova.interfaces.sampler import Archipelago, Proposal, Sampler, SearchSpace
from terranova.testing.problems import ring

ISLANDS = 3
EPOCH = 5
"""Steps between two exchanges."""
AT_LEAST = 3
"""Steps of a run at least, however large the batches are."""


@dataclass(frozen=True)
class Case:
    """A sampler that is to be checked.

    Attributes:
        plugin: the class.
        options: of the sampler.
        points: evaluations of one run, about.
        problem: what it is run on.
    """

    plugin: type[Sampler] | type[Archipelago]
    options: Mapping[str, Any] = field(default_factory=dict)
    points: int = 1500
    problem: Problem = field(default_factory=ring)

    @cached_property
    def space(self) -> SearchSpace:
        """What the sampler is told of the problem."""
        return self.problem.search_space

    def make(
        self, seed: int = 1, first: int = 0, count: int = ISLANDS, space: SearchSpace | None = None
    ) -> Archipelago:
        """Make the sampler of `count` islands, from number `first`."""
        return make_archipelago(self.plugin, space or self.space, seed, Share(first, count), self.options)

    def evaluate(self, proposal: Proposal, generation: int = 0) -> Batch:
        """Evaluate and score a proposal."""
        x = self.problem.model.space.to_physical(proposal.u)
        n = len(proposal.u)
        batch = self.problem.batch(
            proposal.u,
            x,
            self.problem.evaluate(x),
            proposal.island,
            np.full(n, generation, dtype=np.int64),
            np.arange(n, dtype=np.int64),
        )
        return batch if proposal.probe is None else replace(batch, probe=proposal.probe)

    def ask(self, sampler: Archipelago) -> Proposal:
        """Ask, and look at the answer as the engine does."""
        proposal = sampler.ask()
        check_proposal(proposal, self.plugin.name, self.space.dimension, ISLANDS)
        return proposal

    def run(self, sampler: Archipelago, points: int | None = None, start: int = 0) -> Iterator[Proposal]:
        """Advance a sampler, with an exchange at the end of each epoch; yield every proposal once it is told.

        A run ends with an epoch, when enough points were evaluated, or the sampler has nothing more to propose.
        """
        spent, step = 0, start
        while spent < (points or self.points) or step - start < AT_LEAST or step % EPOCH:
            proposal = self.ask(sampler)
            if not len(proposal.u):
                return
            sampler.tell(self.evaluate(proposal, step))
            yield proposal
            spent += len(proposal.u)
            step += 1
            if step % EPOCH == 0:
                sampler.merge(sampler.pending())
