"""The local arm without derivatives: steps from a novel base, shaped like the cloud of valid points around it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from terranova.plugins.samplers.explorer.bases import Bases
from terranova.plugins.samplers.explorer.lane_arrays import LaneArrays
from terranova.plugins.samplers.explorer.tree import OVER, STEP, Score, Told
from terranova.plugins.samplers.shared.cube import into_cube
from terranova.types import Bools, Floats, Ints

SCALES = np.array([0.1, 0.2, 0.4, 0.8, 1.6])
"""Step lengths, in units of the spread of the neighbours."""

NEIGHBOURS = 2
"""How many bases, times the number of axes, tell the shape."""

LEAST = 0.03
"""Spread along any direction, relative to that of the neighbours along all: few of them know few directions."""


class Walker(LaneArrays):
    """Bases under work in the lanes of I islands; lane l belongs to island l // (lanes of an island).

    Args:
        periodic: (d,) axes that wrap.
        islands: I.
        lanes: of each island.
        steps, trials, rounds: as in `Tree`.
    """

    ARM = "walker"
    ARRAYS = ("stage", "u", "novelty", "factor", "arm", "rounds_left")
    ISLAND_ARRAYS = ("gain", "cost")

    def __init__(
        self, periodic: Bools, islands: int, lanes: int = 1, *, steps: int, rounds: int, trials: int
    ) -> None:
        d, n = len(periodic), islands * lanes
        self.periodic, self.lanes = periodic, lanes
        self.steps, self.rounds, self.trials = steps, rounds, trials
        self.stage = np.full(n, OVER, dtype=np.int64)
        self.u, self.novelty = np.zeros((n, d)), np.zeros(n)
        self.factor = np.zeros((n, d, d))
        self.arm, self.rounds_left = np.zeros((n, steps), dtype=np.int64), np.zeros(n, dtype=np.int64)
        self.gain, self.cost = np.tile(SCALES, (islands, 1)), np.ones((islands, len(SCALES)))

    def begin(self, lane: int, u: Floats, novelty: float, bases: Bases) -> None:
        """Take up a base."""
        d = len(self.periodic)
        away = bases.around(lane // self.lanes, u, NEIGHBOURS * d, self.periodic)
        covariance = np.einsum("nc,nk->ck", away, away) / len(away)
        spread2 = float(np.trace(covariance)) / d
        covariance[np.diag_indices(d)] += LEAST**2 * spread2 if spread2 > 0.0 else LEAST**2
        self.factor[lane] = np.linalg.cholesky(covariance)
        self.u[lane], self.novelty[lane] = u, novelty
        self.stage[lane], self.rounds_left[lane] = STEP, self.rounds

    def ask(
        self, who: Sequence[int], streams: Sequence[np.random.Generator], score: Score
    ) -> dict[int, tuple[Floats, Bools]]:
        """Return for each lane of `who` its next points u (n, d) in the cube, and whether they are probes."""
        if not who:
            return {}
        lanes = np.array(who, dtype=np.int64)
        step = np.empty((len(who), self.steps * self.trials, len(self.periodic)))
        for a, lane in enumerate(who):
            island = lane // self.lanes
            rng = streams[island]
            share = self.gain[island] / self.cost[island]
            limits = np.cumsum(np.maximum(share / share.sum(), 0.05))
            self.arm[lane] = np.minimum(
                np.searchsorted(limits, rng.random(self.steps) * limits[-1]), len(SCALES) - 1
            )
            z = rng.standard_normal(step[a].shape)
            z *= np.repeat(SCALES[self.arm[lane]], self.trials)[:, None]
            step[a] = np.einsum("nk,ck->nc", z, self.factor[lane])
        points = into_cube(self.u[lanes][:, None] + step, self.periodic)
        novelty = score(points.reshape(-1, points.shape[2]), np.repeat(lanes // self.lanes, points.shape[1]))
        best = novelty.reshape(len(who), self.steps, self.trials).argmax(axis=2)
        chosen = np.take_along_axis(
            points.reshape(len(who), self.steps, self.trials, -1), best[:, :, None, None], axis=2
        )[:, :, 0]
        return {lane: (chosen[a], np.zeros(self.steps, dtype=bool)) for a, lane in enumerate(who)}

    def tell(self, who: Ints, first: Ints, told: Told, worth: Floats) -> None:
        """Learn what became of the last points; arguments as for `Tree.tell`."""
        for lane, start in zip(who.tolist(), first.tolist(), strict=True):
            island, mine = lane // self.lanes, told.part(start, start + self.steps)
            reward = (mine.valid & (mine.novelty > self.novelty[lane])) * SCALES[self.arm[lane]] + mine.opened
            count = len(SCALES)
            self.gain[island] = 0.95 * self.gain[island] + np.bincount(self.arm[lane], reward, count)
            self.cost[island] = 0.95 * self.cost[island] + np.bincount(self.arm[lane], minlength=count)
            self.rounds_left[lane] -= 1
            pays = mine.opened.sum() >= worth[island] * self.steps
            self.stage[lane] = STEP if pays and self.rounds_left[lane] > 0 else OVER
