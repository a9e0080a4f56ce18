"""The local arm of the explorer: one Jacobian of all observables at a novel base, then steps in its ellipsoid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from terranova.plugins.samplers.explorer.lane_arrays import LaneArrays
from terranova.plugins.samplers.explorer.rows import Rows
from terranova.plugins.samplers.shared.cube import into_cube
from terranova.types import Bools, Floats, Ints

PROBE, STEP, REPAIR, OVER = 0, 1, 2, 3
"""What a lane does next with its base."""

PROBE_LENGTH = 1e-6
"""Step of the forward differences. Parameters that span many decades change over 1e-5 of their axis."""

LEVELS = 8
"""Half decades of excess between which the chances of a repair are told apart."""

SCALES = np.array([0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6])
"""Step lengths, in units of the local ellipsoid."""


def probe_steps(u: Floats) -> Floats:
    """Return the signed steps (d,) of the forward differences at u (d,), which stay in the cube."""
    return np.where(u > 0.5, -PROBE_LENGTH, PROBE_LENGTH)


BLIND = 0.6
"""Recent share of bases without derivatives from which on no more are looked for, for a while."""

_MEMORY_OF_BLINDNESS, _RETRY = 0.7, 0.995


Score = Callable[[Floats, Ints], Floats]
"""Novelty (n,) of points u (n, d) as islands (n,) see them."""


class Told(NamedTuple):
    """Rows of a batch: u (n, d), rows (n, r), valid (n,), found (n,): valid and no probe, novelty (n,) of these,
    and bins opened (n,) by these."""

    u: Floats
    rows: Floats
    valid: Bools
    found: Bools
    novelty: Floats
    opened: Ints

    def part(self, first: int, last: int) -> Told:
        """Return rows from `first` up to before `last`."""
        rows = slice(first, last)
        return Told(
            self.u[rows], self.rows[rows], self.valid[rows], self.found[rows], self.novelty[rows], self.opened[rows]
        )


class Tree(LaneArrays):
    """Bases under work in the lanes of I islands; lane l belongs to island l // (lanes of an island).

    Args:
        rows: what decides on validity.
        periodic: (d,) axes that wrap.
        islands: I.
        lanes: of each island.
        steps: points drawn at a base at a time.
        trials: steps that are drawn for each point; the most novel is taken.
        rounds: how often that is done at a base, at most.
        repairs: attempts to bring a point back inside.
        hope: least estimated chance of an attempt to help at which it is made.
    """

    ARM = "tree"
    ARRAYS = (
        "stage", "u", "base", "novelty", "slope", "slack", "metric", "factor", "sound",
        "step", "arm", "fixing", "excess", "level", "local", "last", "moved", "attempt",
        "rounds_left", "spent", "opened",
    )  # fmt: skip
    ISLAND_ARRAYS = ("gain", "cost", "tried", "mended", "blind")

    def __init__(
        self,
        rows: Rows,
        periodic: Bools,
        islands: int,
        lanes: int = 1,
        *,
        steps: int,
        rounds: int,
        trials: int,
        repairs: int,
        hope: float,
    ) -> None:
        d, r, n = len(periodic), len(rows), islands * lanes
        self.rows, self.periodic, self.lanes = rows, periodic, lanes
        self.rounds = rounds
        self.steps, self.trials, self.repairs, self.hope = steps, trials, repairs, hope
        self.stage = np.full(n, OVER, dtype=np.int64)
        self.u, self.base, self.novelty = np.zeros((n, d)), np.zeros((n, r)), np.zeros(n)
        self.slope, self.slack = np.zeros((n, d, r)), np.zeros((n, r))  # the Jacobian, an axis a line
        self.metric = np.zeros((n, d, d))
        self.factor = np.zeros((n, len(SCALES), d, d))
        self.sound = np.zeros(n, dtype=bool)
        self.step, self.arm = np.zeros((n, steps, d)), np.zeros((n, steps), dtype=np.int64)
        self.fixing = np.zeros((n, steps), dtype=bool)
        self.excess, self.level = np.zeros((n, steps)), np.zeros((n, steps), dtype=np.int64)
        self.local = np.zeros((n, steps, r, d))
        self.last, self.moved = np.zeros((n, steps, r)), np.zeros((n, steps, d))
        self.attempt = np.zeros(n, dtype=np.int64)
        self.rounds_left = np.zeros(n, dtype=np.int64)
        self.spent, self.opened = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)  # in this round
        self.tried, self.mended = np.ones((islands, LEVELS)), np.ones((islands, LEVELS))
        self.gain = np.tile(SCALES, (islands, 1))
        self.cost = np.ones((islands, len(SCALES)))
        self.blind = np.zeros(islands)  # recent share of bases at which most rows have no derivatives

    def sees(self, island: int) -> bool:
        """Say whether derivatives say anything on this problem; where they do not, that is tried again at times."""
        if self.blind[island] < BLIND:
            return True
        self.blind[island] *= _RETRY
        return False

    def begin(self, lane: int, u: Floats, base: Floats, novelty: float) -> None:
        """Take up a base."""
        self.u[lane], self.base[lane], self.novelty[lane] = u, base, novelty
        self.stage[lane] = PROBE
        self.attempt[lane] = self.spent[lane] = self.opened[lane] = 0
        self.rounds_left[lane] = self.rounds

    def ask(
        self, who: Sequence[int], streams: Sequence[np.random.Generator], score: Score
    ) -> dict[int, tuple[Floats, Bools]]:
        """Return for each lane of `who` its next points u (n, d) in the cube, and whether they are probes."""
        if not who:
            return {}
        stepping = np.array([lane for lane in who if self.stage[lane] == STEP], dtype=np.int64)
        if len(stepping):
            self._draw(stepping, streams, score)
        blocks = []
        for lane in who:
            stage = self.stage[lane]
            if stage == PROBE:
                block = np.tile(self.u[lane], (len(self.periodic), 1))
                np.fill_diagonal(block, self.u[lane] + probe_steps(self.u[lane]))
            elif stage == STEP:
                block = self.u[lane] + self.step[lane]
            else:
                block = self.u[lane] + self.step[lane][self.fixing[lane]]
            blocks.append(block)
        count = [len(block) for block in blocks]
        points = np.split(into_cube(np.concatenate(blocks), self.periodic), np.cumsum(count)[:-1])
        return {
            lane: (block, np.full(n, self.stage[lane] == PROBE))
            for lane, block, n in zip(who, points, count, strict=True)
        }

    def _draw(self, who: Ints, streams: Sequence[np.random.Generator], score: Score) -> None:
        from terranova.plugins.samplers.explorer.tree_kernels import draw_steps

        d = self.u.shape[1]
        z = np.empty((len(who), self.steps, self.trials, d))
        uniform = np.empty((len(who), self.steps, self.trials))
        for a, lane in enumerate(who.tolist()):
            island = lane // self.lanes
            rng = streams[island]
            share = self.gain[island] / self.cost[island]
            share = np.maximum(share / share.sum(), 0.05)
            limits = np.cumsum(share)
            self.arm[lane] = np.minimum(
                np.searchsorted(limits, rng.random(self.steps) * limits[-1]), len(SCALES) - 1
            )
            rng.standard_normal(out=z[a])
            rng.random(out=uniform[a])
        draw_steps(
            who, self.rows.low, self.rows.high, self.base, self.slope, self.factor, self.arm, z, uniform
        )  # fmt: skip
        points = into_cube(self.u[who][:, None, None, :] + z, self.periodic).reshape(-1, d)
        island = np.repeat(who // self.lanes, self.steps * self.trials)
        best = score(points, island).reshape(uniform.shape).argmax(axis=2)
        self.step[who] = np.take_along_axis(z, best[:, :, None, None], axis=2)[:, :, 0, :]

    def tell(self, who: Ints, first: Ints, told: Told, worth: Floats) -> None:
        """Learn what became of the last points; `stage` is OVER in lanes that are done with their base.

        Args:
            who: (a,) lanes.
            first: (a,) where each one's rows begin in `told`.
            told: rows of a whole batch.
            worth: (I,) bins that islands open for a point, on average; a base that opens fewer is left.
        """
        from terranova.plugins.samplers.explorer.tree_kernels import after_steps, local_geometry

        probing = self.stage[who] == PROBE
        probed = []
        for lane, start in zip(who[probing].tolist(), first[probing].tolist(), strict=True):
            ahead = probe_steps(self.u[lane])
            with np.errstate(invalid="ignore"):
                slope = (told.rows[start : start + len(ahead)] - self.base[lane]) / ahead[:, None]
            self.slope[lane] = slope
            self.stage[lane] = OVER
            telling = ~self.rows.clipped if not self.rows.clipped.all() else self.rows.clipped
            flat = 2 * slope[:, telling].any(axis=0).sum() < telling.sum()
            island = lane // self.lanes
            self.blind[island] += (1.0 - _MEMORY_OF_BLINDNESS) * (float(flat) - self.blind[island])
            if np.isfinite(slope).all() and not flat:
                probed.append(lane)
        if probed:
            lanes = np.array(probed, dtype=np.int64)
            local_geometry(
                lanes, self.rows.low, self.rows.high, SCALES, self.base, self.slope, self.slack, self.metric,
                self.factor, self.sound,
            )  # fmt: skip
            self.stage[lanes[self.sound[lanes]]] = STEP
        if not probing.all():
            after_steps(
                who[~probing], first[~probing], self.lanes, self.repairs, self.hope, self.rows.low,
                self.rows.high, SCALES, worth, told.rows, told.valid, told.novelty, told.opened, self.stage,
                self.base, self.novelty, self.slope, self.slack, self.metric, self.step, self.arm, self.fixing,
                self.excess, self.level, self.local, self.last, self.moved, self.attempt, self.rounds_left,
                self.spent, self.opened, self.gain, self.cost, self.tried, self.mended,
            )  # fmt: skip
