"""Selection by pymoo: what enters its survival operators and what comes out, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from terranova.plugins._require import require
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

    def split(self, wanted: int) -> tuple[Ints, Ints]:
        """Return the feasible rows, and the best infeasible ones that are needed to make `wanted`."""
        feasible, infeasible = np.flatnonzero(self.excess <= 0), np.flatnonzero(self.excess > 0)
        order = np.argsort(self.excess[infeasible], kind="stable")
        return feasible, infeasible[order][: max(0, wanted - len(feasible))]


class Pymoo:
    """The parts of pymoo that the samplers use.

    Its operators work on objects, one for each individual, which take more time than the algorithms; so their
    steps are put together here from pymoo's functions on arrays.

    Args:
        sampler: who asks, for the message when pymoo is missing.

    Raises:
        ValueError: pymoo is not installed.
    """

    def __init__(self, sampler: str) -> None:
        require("pymoo.config", "pymoo", sampler).Config.warnings["not_compiled"] = False
        metrics = require("pymoo.operators.survival.rank_and_crowding.metrics", "pymoo", sampler)
        self._crowding = metrics.get_crowding_function("cd")
        self._argsort = require("pymoo.util.randomized_argsort", "pymoo", sampler).randomized_argsort
        self._sorting = require("pymoo.util.nds.non_dominated_sorting", "pymoo", sampler).NonDominatedSorting()
        self._nsga3 = require("pymoo.algorithms.moo.nsga3", "pymoo", sampler)

    def crowded(self, pool: Pool, wanted: int, rng: np.random.Generator) -> tuple[Ints, Floats, Floats]:
        """Select as NSGA-II does: `RankAndCrowding` of pymoo.

        Returns:
            rows (wanted,) of the pool, feasible ones first, and of each the rank and the crowding distance;
            infeasible ones have neither, 0.
        """
        feasible, rest = pool.split(wanted)
        objectives = pool.objectives[feasible]
        rows, ranks, distances = [np.empty(0, dtype=np.int64)], [np.empty(0)], [np.empty(0)]
        room = min(wanted, len(feasible))
        for rank, front in enumerate(self._sorting.do(objectives, n_stop_if_ranked=room)):
            surplus = max(0, len(front) - room)
            distance = self._crowding.do(objectives[front], n_remove=surplus)
            order = np.arange(len(front))
            if surplus:
                order = self._argsort(distance, order="descending", method="numpy", random_state=rng)[:-surplus]
            rows.append(feasible[front[order]])
            ranks.append(np.full(len(order), float(rank)))
            distances.append(np.asarray(distance, dtype=float)[order])
            room -= len(order)
        none = np.zeros(len(rest))
        return np.concatenate([*rows, rest]), np.concatenate([*ranks, none]), np.concatenate([*distances, none])

    def niched(self, pool: Pool, directions: Floats, wanted: int, rng: np.random.Generator) -> Ints:
        """Select as NSGA-III does, with bounds from this pool alone: `ReferenceDirectionSurvival` of pymoo.

        Returns:
            rows (wanted,) of the pool, feasible ones first.
        """
        feasible, rest = pool.split(wanted)
        if not len(feasible):
            return rest
        part = self._nsga3
        objectives = pool.objectives[feasible]
        room = min(wanted, len(feasible))
        fronts = self._sorting.do(objectives, n_stop_if_ranked=room)
        bounds = part.HyperplaneNormalization(objectives.shape[1])
        bounds.update(objectives, nds=fronts[0])
        order = np.concatenate(fronts)
        if len(order) > room:
            niche, distance, _ = part.associate_to_niches(
                objectives[order], directions, bounds.ideal_point, bounds.nadir_point
            )
            last = np.arange(len(order) - len(fronts[-1]), len(order))
            sure = np.arange(last[0])
            count = part.calc_niche_count(len(directions), niche[sure])
            missing = room - len(sure)
            chosen = part.niching(last, missing, count, niche[last], distance[last], random_state=rng)
            order = order[np.concatenate([sure, last[np.asarray(chosen, dtype=np.int64)]])]
        return np.concatenate([feasible[order], rest])


def places(*keys: Floats) -> Ints:
    """Return the places (n,) of rows sorted by the first key (n,), ties by the next; equal rows share one."""
    order = np.lexsort(keys[::-1])
    changes = np.zeros(len(order), dtype=bool)
    for key in keys:
        changes[1:] |= key[order][1:] != key[order][:-1]
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.cumsum(changes)
    return place
