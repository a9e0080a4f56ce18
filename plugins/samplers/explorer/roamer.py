"""The global arm of the explorer: CMA-ES that finds valid points and drifts on to unlike ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from terranova import Batch
from terranova.plugins.samplers.cma.cmaes_novelty import AT_EASE, two_phase_fitness
from terranova.plugins.samplers.cma.stack import CmaStack
from terranova.plugins.samplers.cma.strategy import Strategy
from terranova.plugins.samplers.shared.archive import Archive
from terranova.plugins.samplers.shared.cube import into_cube
from terranova.plugins.samplers.shared.loss import scaled_loss
from terranova.plugins.samplers.shared.progress import Progress
from terranova.types import Array, Bools, Floats, Ints

LEAST_FOUND = 200
"""Valid points of a run before it is judged by what they open."""

SPENT = 0.1
"""A run is over when it lately opened less than this part of what this arm opens on average, searches included."""

_MEMORY = 0.97
"""Weight of a generation relative to the next."""


class Roamer:
    """A run of CMA-ES on each island, as in `cmaes-novelty`; it starts anew when it has little more to find.

    Args:
        strategy: of CMA-ES. streams: of the islands. archive: what novelty is measured against.
        sigma0, patience, loss, widen, cap: as in `cmaes-novelty`.
    """

    def __init__(
        self,
        strategy: Strategy,
        streams: Sequence[np.random.Generator],
        archive: Archive,
        *,
        sigma0: float,
        patience: int,
        loss: str,
        widen: float,
        cap: int,
    ) -> None:
        self.popsize, self.streams, self.archive = strategy.popsize, streams, archive
        self.sigma0, self.patience, self.loss, self.widen, self.cap = sigma0, patience, loss, widen, cap
        self._cma = CmaStack(strategy, len(streams))
        self._progress = Progress(len(streams))
        self._opened = np.zeros(len(streams))  # bins for a point, lately
        for island in range(len(streams)):
            self._start(island)

    def _start(self, island: int) -> None:
        self._cma.start(island, self.streams[island].random(self._cma.strategy.dimension), self.sigma0)
        self._progress.reset(island)
        self._opened[island] = np.inf

    def ask(self, who: Ints, periodic: Bools) -> Floats:
        """Return a generation u (a, popsize, d) of the islands `who` (a,)."""
        return into_cube(self._cma.ask(who, self.streams), periodic)

    def tell(
        self, who: Ints, batch: Batch, features: Mapping[str, Floats], rows: Ints, opened: Ints, worth: Floats
    ) -> Ints:
        """Learn from the rows (a, popsize) of a batch; return those islands whose runs are over and start anew.

        Args:
            who: (a,) islands. batch, features, rows: what became of their points.
            opened: (a,) bins that the islands opened with them.
            worth: (I,) what this arm opens for a point on average.
        """
        flat = rows.reshape(-1)
        valid = batch.valid[flat].reshape(rows.shape)
        loss = scaled_loss(batch.violations[flat].reshape(*rows.shape, -1), self.loss)
        self._progress.note(who, loss, valid)
        crowding = np.zeros(rows.shape)
        exploring = self._progress.exploring[who]
        if exploring.any():
            island = np.repeat(who[exploring], self.popsize)
            novelty = self.archive.novelty(features, rows[exploring].reshape(-1), island)
            crowding[exploring] = 1.0 - novelty.reshape(-1, self.popsize)
        self._cma.tell(who, two_phase_fitness(loss, valid, crowding))
        self._cma.sigma[who[valid.mean(axis=1) > AT_EASE]] *= self.widen
        over = ~self._cma.sound[who] | (self._progress.idle[who] >= self.patience)
        lately, exploring = self._opened[who], self._progress.exploring[who]
        now = opened / self.popsize
        known = np.isfinite(lately)
        lately = np.where(known, _MEMORY * np.where(known, lately, 0.0) + (1.0 - _MEMORY) * now, now)
        self._opened[who] = np.where(exploring, lately, np.inf)
        over |= (self._progress.found[who] >= LEAST_FOUND) & (self._opened[who] < SPENT * worth[who])
        if self.cap:
            over |= self._progress.found[who] >= self.cap
        for island in who[over].tolist():
            self._start(island)
        return who[over]

    def state(self) -> dict[str, Array]:
        """Copy all state; first axes count islands."""
        return {**self._cma.state(), **self._progress.state(), "roamer_opened": self._opened.copy()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set all state to a `state()`."""
        self._cma.restore(state)
        self._progress.restore(state)
        self._opened[...] = state["roamer_opened"]
