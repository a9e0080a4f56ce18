"""The sampler `cmaes-novelty`: CMA-ES that first finds valid points and then looks for unlike ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from terranova import Archipelago, Batch, Proposal, SearchSpace, pack_streams, unpack_streams
from terranova.plugins.samplers.cma.stack import CmaStack
from terranova.plugins.samplers.cma.strategy import check_settings, default_popsize, strategy
from terranova.plugins.samplers.shared.archive import Archive
from terranova.plugins.samplers.shared.cube import into_cube
from terranova.plugins.samplers.shared.loss import Loss, check_loss, scaled_loss
from terranova.plugins.samplers.shared.progress import Progress
from terranova.plugins.samplers.shared.start import suggested
from terranova.types import Array, Bools, Floats, Ints

AT_EASE = 0.6
"""Fraction of valid points in a generation above which an island can afford larger steps."""


class CmaesNovelty(Archipelago):
    """CMA-ES islands with a shared memory of valid points (after arXiv:2402.07661), all advanced together.

    Each island runs CMA-ES in one of two phases. FIND, until it has a valid point: minimise the violations,
    scaled within each generation. EXPLORE, from then on: valid points rank ahead of all others, and among
    themselves by novelty only, so that the island drifts through the valid region towards what is unlike
    everything found. An island starts anew, elsewhere, when it is stuck or has found its share.

    Args:
        space: the axes and the constraints.
        streams: one random stream an island.
        popsize: points of a generation; 0 takes 4 + floor(3 ln d).
        sigma0: step size at the start of a run, in units of the cube.
        patience: generations without progress after which an island starts anew. Progress is a smaller loss
            or more constraints passed in FIND, a valid point in EXPLORE.
        cap: valid points after which an island starts anew; 0 lets it go on while valid points keep coming.
        loss: how violations are scaled: "minmax" or "rank".
        start: where runs begin: "prior", a random place, or "seeds": the first generation of a run is suggested by
            the model, and the run goes on from the best of it.
        widen: factor by which the step size grows after a generation in EXPLORE of which more than 60 % are
            valid; 1 leaves it to CMA-ES. Wider steps trade valid points for coverage.
        novelty: name of the novelty detector for parameters.
        novelty_observables: name of the novelty detector for observables.
        focus: what novelty looks at: "parameters", "observables" or "both".
        observables: names of the observables novelty looks at; None takes all with a two-sided window.
    """

    name: ClassVar[str] = "cmaes-novelty"
    version: ClassVar[str] = "1"
    completeness_calibrated: ClassVar[bool] = True
    description: ClassVar[str] = "CMA-ES islands that find valid points, then seek novel ones"
    citations: ClassVar[Sequence[str]] = (
        "arXiv:2402.07661 CMA-ES with novelty reward for parameter scans",
        "arXiv:2206.09223 loss from constraint violations",
        "arXiv:1604.00772 the CMA evolution strategy",
    )

    def __init__(
        self,
        space: SearchSpace,
        streams: Sequence[np.random.Generator],
        *,
        popsize: int = 0,
        sigma0: float = 0.4,
        patience: int = 60,
        cap: int = 0,
        loss: str = "minmax",
        start: str = "prior",
        widen: float = 1.15,
        novelty: str = "hbos-pairs",
        novelty_observables: str = "hbos",
        focus: str = "both",
        observables: list[str] | None = None,
    ) -> None:
        super().__init__(space, streams)
        check_loss(loss)
        check_settings(popsize, sigma0, patience)
        if not 1.0 <= widen <= 2.0:
            raise ValueError(f"widen must be between 1 and 2, got {widen:g}")
        islands = len(self.streams)
        self.popsize = popsize or default_popsize(space.dimension)
        self.sigma0, self.patience, self.cap, self.loss, self.widen = sigma0, patience, cap, loss, widen
        self._cma = CmaStack(strategy(space.dimension, self.popsize), islands)
        self._progress = Progress(islands)
        self._archive = Archive(space, islands, (novelty, novelty_observables), focus, observables)
        self._active = np.ones(islands, dtype=bool)
        self._seeds = suggested(space, start)
        self._seeded = np.zeros(islands, dtype=bool)
        for island in range(islands):
            self._start(island)

    def _start(self, island: int) -> None:
        """Begin a run at a random place."""
        self._cma.start(island, self.streams[island].random(self.space.dimension), self.sigma0)
        self._progress.reset(island)
        self._seeded[island] = self._seeds is not None

    def ask(self) -> Proposal:
        who = np.flatnonzero(self._active)
        y = self._cma.ask(who, self.streams)
        u = into_cube(y, self.space.periodic).reshape(-1, self.space.dimension)
        if self._seeds is not None:
            for k in np.flatnonzero(self._seeded[who]).tolist():
                u[k * self.popsize : (k + 1) * self.popsize] = self._seeds(self.streams[who[k]], self.popsize)
        return Proposal(u, np.repeat(who, self.popsize))

    def tell(self, batch: Batch) -> None:
        features = self._archive.features(batch)
        valid = batch.valid
        told = np.bincount(batch.island, minlength=len(self.streams))
        # An island whose budget ends within a generation does not go on, but what it found counts.
        whole = told[batch.island] == self.popsize
        who = np.flatnonzero(told == self.popsize)
        if len(who):
            rows = np.flatnonzero(whole)
            generation = (len(who), self.popsize)
            valid_now = valid[rows].reshape(generation)
            loss = scaled_loss(batch.violations[rows].reshape(*generation, -1), self.loss)
            self._progress.note(who, loss, valid_now)
            crowding = self._crowding(features, rows, who)
            fitness = two_phase_fitness(loss, valid_now, crowding)
            self._cma.tell(who, fitness)
            for k in np.flatnonzero(self._seeded[who]).tolist():
                best = rows.reshape(generation)[k, int(np.argmin(fitness[k]))]
                self._cma.start(int(who[k]), batch.u[best], self.sigma0)
                self._seeded[who[k]] = False
            at_ease = who[valid_now.mean(axis=1) > AT_EASE]
            self._cma.sigma[at_ease] *= self.widen
        finds = np.flatnonzero(valid)
        self._archive.add(features, finds, batch.island[finds])
        for island in self._finished(who).tolist():
            self._start(island)

    def _crowding(self, features: Mapping[str, Floats], rows: Ints, who: Ints) -> Floats:
        """Return 1 - novelty (a, popsize) on islands that explore, 0 on those that have found nothing yet."""
        crowding = np.zeros((len(who), self.popsize))
        exploring = self._progress.exploring[who]
        if exploring.any():
            chosen = rows.reshape(crowding.shape)[exploring].reshape(-1)
            island = np.repeat(who[exploring], self.popsize)
            novelty = self._archive.novelty(features, chosen, island)
            crowding[exploring] = 1.0 - novelty.reshape(-1, self.popsize)
        return crowding

    def _finished(self, who: Ints) -> Ints:
        """Return those of the islands `who` (a,) that must start anew."""
        over = ~self._cma.sound[who] | (self._progress.idle[who] >= self.patience)
        if self.cap:
            over |= self._progress.found[who] >= self.cap
        return who[over]

    def retire(self, island: int) -> None:
        self._active[island] = False

    def pending(self) -> dict[str, Array]:
        return self._archive.pending()

    def merge(self, total: Mapping[str, Array]) -> None:
        self._archive.merge(total)

    def state(self) -> dict[str, Array]:
        return {
            **self._cma.state(),
            **self._progress.state(),
            "active": self._active.copy(),
            "seeded": self._seeded.copy(),
            "streams": pack_streams(self.streams),
            **self._archive.state(),
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        self._cma.restore(state)
        self._progress.restore(state)
        self._active[...] = state["active"]
        self._seeded[...] = state["seeded"]
        unpack_streams(state["streams"], self.streams)
        self._archive.restore(state)


def two_phase_fitness(loss: Loss, valid: Bools, crowding: Floats) -> Floats:
    """Return the fitness (a, popsize) that CMA-ES minimises.

    Args:
        loss: of the generations.
        valid: (a, popsize) True at valid points.
        crowding: (a, popsize) 1 - novelty; 0 everywhere in generations of the FIND phase.

    Returns:
        For valid points crowding - 2, below -1 whatever it is; for the others scaled loss + crowding, 0 or
        more. The novelty of an invalid point counts too: it pulls the search along the edge of the valid
        region towards places that are worth repairing.
    """
    return np.where(valid, crowding - 2.0, loss.scaled + crowding)
