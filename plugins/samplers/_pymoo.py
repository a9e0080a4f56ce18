"""Selection by pymoo: what enters its survival operators and what comes out, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from terranova.plugins.samplers._require import require
from terranova.types import Floats, Ints


@dataclass(frozen=True)
class Pool:
    """What competes.

    Attributes:
        objectives: (n, M), smaller is better.
        constraints: (n, K), satisfied where 0 or less.
    """

    objectives: Floats
    constraints: Floats

    @cached_property
    def excess(self) -> Floats:
        """(n,) total violation of the constraints; 0 at feasible points."""
        excess: Floats = np.maximum(self.constraints, 0.0).sum(axis=1)
        return excess


class Pymoo:
    """The parts of pymoo that the samplers use.

    Args:
        sampler: who asks, for the message when pymoo is missing.

    Raises:
        ValueError: pymoo is not installed.
    """

    def __init__(self, sampler: str) -> None:
        require("pymoo.config", "pymoo", sampler).Config.warnings["not_compiled"] = False
        self._population = require("pymoo.core.population", "pymoo", sampler).Population
        self._problem = require("pymoo.core.problem", "pymoo", sampler).Problem
        self._crowded = require("pymoo.operators.survival.rank_and_crowding", "pymoo", sampler).RankAndCrowding
        self._niched = require("pymoo.algorithms.moo.nsga3", "pymoo", sampler).ReferenceDirectionSurvival

    def crowded(self) -> Any:
        """The survival operator of NSGA-II."""
        return self._crowded()

    def niched(self, directions: Floats) -> Any:
        """The survival operator of NSGA-III; it has seen nothing yet."""
        return self._niched(directions)

    def survivors(self, survival: Any, pool: Pool, wanted: int, rng: np.random.Generator) -> tuple[Ints, Any]:
        """Let an operator choose `wanted` rows of a pool; return them, and pymoo's individuals."""
        n, objectives = pool.objectives.shape
        problem = self._problem(n_var=1, n_obj=objectives, n_ieq_constr=pool.constraints.shape[1])
        everyone = self._population.new(
            "X", np.arange(n, dtype=float)[:, None], "F", pool.objectives, "G", pool.constraints
        )
        everyone.set("H", np.zeros((n, 0)))
        chosen = survival.do(problem, everyone, n_survive=wanted, random_state=rng)
        return chosen.get("X")[:, 0].astype(np.int64), chosen


def places(*keys: Floats) -> Ints:
    """Return the places (n,) of rows sorted by the first key (n,), ties by the next; equal rows share one."""
    order = np.lexsort(keys[::-1])
    changes = np.zeros(len(order), dtype=bool)
    for key in keys:
        changes[1:] |= key[order][1:] != key[order][:-1]
    found = np.empty(len(order), dtype=np.int64)
    found[order] = np.cumsum(changes)
    return found
