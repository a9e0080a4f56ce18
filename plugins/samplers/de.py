"""The sampler `de`: differential evolution, all islands of a rank at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from terranova import Archipelago, Batch, Proposal, SearchSpace, pack_streams, unpack_streams
from terranova.plugins.samplers.shared.loss import check_loss, scaled_loss
from terranova.plugins.samplers.shared.option_checks import check_choice, check_patience, check_popsize
from terranova.plugins.samplers.shared.progress import Progress
from terranova.types import Array, Floats

STRATEGIES = ("rand1bin", "best1bin", "currenttobest1bin")
"""Names as in scipy: the base of a mutant, the number of differences, binomial crossover."""


class DifferentialEvolution(Archipelago):
    """Differential evolution on the scaled violations (Storn and Price), the strategies and defaults as in scipy.

    scipy's own loop calls the function it minimises and cannot be asked for points. Here each member of a
    population competes with a trial point made of the others'; it is replaced when the trial does not violate
    more. On periodic axes differences are taken the shorter way round; elsewhere a trial beyond a wall comes to
    lie between its parent and the wall.

    Args:
        space: the axes and the constraints.
        streams: one random stream an island.
        popsize: members of a population; 0 takes 4 d, 20 at least.
        strategy: "best1bin", "rand1bin" or "currenttobest1bin".
        mutation_low: the differential weight is drawn anew for every generation, from here
        mutation_high: up to here.
        recombination: probability with which a coordinate is taken from the mutant.
        patience: generations without progress after which an island starts anew.
        loss: how violations are scaled: "minmax" or "rank".
    """

    name: ClassVar[str] = "de"
    version: ClassVar[str] = "1"
    stratified: ClassVar[bool] = True
    description: ClassVar[str] = "differential evolution on scaled violations"
    citations: ClassVar[Sequence[str]] = ("doi:10.1023/A:1008202821328 differential evolution",)

    def __init__(
        self,
        space: SearchSpace,
        streams: Sequence[np.random.Generator],
        *,
        popsize: int = 0,
        strategy: str = "best1bin",
        mutation_low: float = 0.5,
        mutation_high: float = 1.0,
        recombination: float = 0.7,
        patience: int = 60,
        loss: str = "minmax",
    ) -> None:
        super().__init__(space, streams)
        check_loss(loss)
        check_choice("strategy", strategy, STRATEGIES)
        check_popsize(popsize, 5)
        if not 0.0 <= mutation_low <= mutation_high < 2.0:
            raise ValueError(
                f"mutation_low and mutation_high must rise between 0 and 2, got {mutation_low:g}, {mutation_high:g}"
            )
        if not 0.0 <= recombination <= 1.0:
            raise ValueError(f"recombination must be between 0 and 1, got {recombination:g}")
        check_patience(patience)
        self.popsize = popsize or max(20, 4 * space.dimension)
        self.strategy, self.loss, self.patience = strategy, loss, patience
        self.mutation, self.recombination = (mutation_low, mutation_high), recombination
        islands = len(self.streams)
        self._progress = Progress(islands)
        self._u = np.zeros((islands, self.popsize, space.dimension))
        self._trial = np.zeros_like(self._u)
        self._violations = np.full((islands, self.popsize, len(space.constraints)), np.inf)
        self._failed = np.ones((islands, self.popsize), dtype=bool)
        self._best = np.zeros(islands, dtype=np.int64)
        self._alive = np.zeros(islands, dtype=bool)  # False: the next generation is the first
        self._active = np.ones(islands, dtype=bool)

    def ask(self) -> Proposal:
        who = np.flatnonzero(self._active)
        for island in who.tolist():
            self._trial[island] = self._generation(island)
        return Proposal(self._trial[who].reshape(-1, self.space.dimension), np.repeat(who, self.popsize))

    def _generation(self, island: int) -> Floats:
        rng, u = self.streams[island], self._u[island]
        n, d = u.shape
        if not self._alive[island]:
            return rng.random((n, d))
        weight = rng.uniform(*self.mutation)
        # Three members besides oneself, all different: steps of different lengths around a shuffled circle.
        place = rng.permutation(n)
        steps = 1 + rng.permutation(n - 1)[:3]
        circle = np.argsort(place)
        a, b, c = (u[circle[(place + step) % n]] for step in steps)
        if self.strategy == "rand1bin":
            mutant = a + weight * self._way(c, b)
        elif self.strategy == "best1bin":
            mutant = u[self._best[island]] + weight * self._way(b, a)
        else:
            mutant = u + weight * (self._way(u, u[self._best[island]]) + self._way(b, a))
        crossed = rng.random((n, d)) < self.recombination
        crossed[np.arange(n), rng.integers(0, d, n)] = True
        part = rng.random((n, d))
        inside = np.where(mutant < 0, part * u, np.where(mutant > 1, 1 - part * (1 - u), mutant))
        mutant = np.where(self.space.periodic, mutant % 1.0, inside)
        trial: Floats = np.where(crossed, mutant, u)
        return trial

    def _way(self, start: Floats, end: Floats) -> Floats:
        """Return end - start, on periodic axes the shorter way round."""
        way: Floats = end - start
        return np.where(self.space.periodic, way - np.rint(way), way)

    def tell(self, batch: Batch) -> None:
        told = np.bincount(batch.island, minlength=len(self.streams))
        who = np.flatnonzero(told == self.popsize)
        if not len(who):
            return
        rows = np.flatnonzero((told == self.popsize)[batch.island])
        shape = (len(who), self.popsize)
        violations, failed = batch.violations[rows].reshape(*shape, -1), (batch.status[rows] != 0).reshape(shape)
        valid = batch.valid[rows].reshape(shape)
        # Parents and trials are scaled together, so that every pair can be compared.
        both = np.concatenate([self._violations[who], violations], axis=1)
        rank = scaled_loss(both, self.loss).scaled  # infinite where nothing is known
        parents, trials = rank[:, : self.popsize], rank[:, self.popsize :]
        better = (trials <= parents) | ~self._alive[who, None]
        self._u[who] = np.where(better[..., None], self._trial[who], self._u[who])
        self._violations[who] = np.where(better[..., None], violations, self._violations[who])
        self._failed[who] = np.where(better, failed, self._failed[who])
        self._best[who] = np.where(better, trials, parents).argmin(axis=1)
        self._alive[who] = True
        self._progress.note(who, scaled_loss(violations, self.loss), valid)
        for island in who[self._progress.idle[who] >= self.patience].tolist():
            self._alive[island] = False
            self._violations[island], self._failed[island] = np.inf, True
            self._progress.reset(island)

    def retire(self, island: int) -> None:
        self._active[island] = False

    ARRAYS = ("_u", "_violations", "_failed", "_best", "_alive", "_active")

    def state(self) -> dict[str, Array]:
        own = {name.removeprefix("_"): getattr(self, name).copy() for name in self.ARRAYS}
        return {**own, **self._progress.state(), "streams": pack_streams(self.streams)}

    def restore(self, state: Mapping[str, Array]) -> None:
        for name in self.ARRAYS:
            getattr(self, name)[...] = state[name.removeprefix("_")]
        self._progress.restore(state)
        unpack_streams(state["streams"], self.streams)
