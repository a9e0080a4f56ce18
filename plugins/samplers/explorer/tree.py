"""The local arm of the explorer: one Jacobian of all observables at a novel base, then steps in its ellipsoid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from terranova.plugins.samplers.explorer.rows import Rows
from terranova.plugins.samplers.shared.cube import into_cube
from terranova.types import Array, Bools, Floats, Ints

PROBE, STEP, REPAIR, OVER = 0, 1, 2, 3
"""What an island does next with its base."""

PROBE_LENGTH = 1e-6
"""Step of the forward differences. Parameters that span many decades change over 1e-5 of their axis."""

LEVELS = 8
"""Half decades of excess between which the chances of a repair are told apart."""

SCALES = np.array([0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6])
"""Step lengths, in units of the local ellipsoid."""


def probe_steps(u: Floats) -> Floats:
    """Return the signed steps (d,) of the forward differences at u (d,), which stay in the cube."""
    return np.where(u > 0.5, -PROBE_LENGTH, PROBE_LENGTH)


Score = Callable[[Floats, Ints], Floats]
"""Novelty (n,) of points u (n, d) as islands (n,) see them."""


class Told(NamedTuple):
    """An island's rows of a batch: u (n, d), rows (n, r), valid (n,), found (n,): valid and no probe, novelty (n,)
    of these, and bins opened (n,) by these."""

    u: Floats
    rows: Floats
    valid: Bools
    found: Bools
    novelty: Floats
    opened: Ints


class Tree:
    """Bases under work on I islands.

    Args:
        rows: what decides on validity.
        periodic: (d,) axes that wrap.
        islands: I.
        steps: points an island draws at a base.
        trials: steps that are drawn for each point; the most novel is taken.
        rounds: how often that is done at a base.
        repairs: attempts to bring a point back inside.
        hope: least estimated chance of an attempt to help at which it is made.
    """

    ARRAYS = (
        "stage", "u", "base", "novelty", "jacobian", "slack", "metric", "factor", "sound",
        "step", "arm", "fixing", "excess", "level", "local", "last", "moved", "attempt",
        "rounds_left", "gain", "cost", "tried", "mended",
    )  # fmt: skip

    def __init__(
        self,
        rows: Rows,
        periodic: Bools,
        islands: int,
        *,
        steps: int,
        rounds: int,
        trials: int,
        repairs: int,
        hope: float,
    ) -> None:
        d, r = len(periodic), len(rows)
        self.rows, self.periodic = rows, periodic
        self.rounds = rounds
        self.steps, self.trials, self.repairs, self.hope = steps, trials, repairs, hope
        self.stage = np.full(islands, OVER, dtype=np.int64)
        self.u, self.base, self.novelty = np.zeros((islands, d)), np.zeros((islands, r)), np.zeros(islands)
        self.jacobian, self.slack = np.zeros((islands, r, d)), np.zeros((islands, r))
        self.metric = np.zeros((islands, d, d))
        self.factor = np.zeros((islands, len(SCALES), d, d))
        self.sound = np.zeros(islands, dtype=bool)
        self.step, self.arm = np.zeros((islands, steps, d)), np.zeros((islands, steps), dtype=np.int64)
        self.fixing = np.zeros((islands, steps), dtype=bool)
        self.excess, self.level = np.zeros((islands, steps)), np.zeros((islands, steps), dtype=np.int64)
        self.local = np.zeros((islands, steps, r, d))
        self.last, self.moved = np.zeros((islands, steps, r)), np.zeros((islands, steps, d))
        self.tried, self.mended = np.ones((islands, LEVELS)), np.ones((islands, LEVELS))
        self.attempt = np.zeros(islands, dtype=np.int64)
        self.rounds_left = np.zeros(islands, dtype=np.int64)
        self.gain = np.tile(SCALES, (islands, 1))
        self.cost = np.ones((islands, len(SCALES)))

    def begin(self, island: int, u: Floats, base: Floats, novelty: float) -> None:
        """Take up a base."""
        self.u[island], self.base[island], self.novelty[island] = u, base, novelty
        self.stage[island] = PROBE
        self.attempt[island] = 0
        self.rounds_left[island] = self.rounds

    def ask(
        self, who: Sequence[int], streams: Sequence[np.random.Generator], score: Score
    ) -> dict[int, tuple[Floats, Bools]]:
        """Return for each island of `who` its next points u (n, d) in the cube, and whether they are probes."""
        proposals: dict[int, tuple[Floats, Bools]] = {}
        stepping = np.array([i for i in who if self.stage[i] == STEP], dtype=np.int64)
        if len(stepping):
            self._draw(stepping, streams, score)
        for i in who:
            stage = self.stage[i]
            if stage == PROBE:
                ahead = probe_steps(self.u[i])
                proposals[i] = self.u[i] + np.diag(ahead), np.ones(len(ahead), dtype=bool)
            else:
                steps = self.step[i] if stage == STEP else self.step[i][self.fixing[i]]
                proposals[i] = into_cube(self.u[i] + steps, self.periodic), np.zeros(len(steps), dtype=bool)
        return proposals

    def _draw(self, who: Ints, streams: Sequence[np.random.Generator], score: Score) -> None:
        from terranova.plugins.samplers.explorer.tree_kernels import draw_steps

        d = self.u.shape[1]
        z = np.empty((len(who), self.steps, self.trials, d))
        uniform = np.empty((len(who), self.steps, self.trials))
        for a, i in enumerate(who.tolist()):
            rng = streams[i]
            share = self.gain[i] / self.cost[i]
            share = np.maximum(share / share.sum(), 0.05)
            limits = np.cumsum(share)
            self.arm[i] = np.minimum(np.searchsorted(limits, rng.random(self.steps) * limits[-1]), len(SCALES) - 1)
            rng.standard_normal(out=z[a])
            rng.random(out=uniform[a])
        step, length = np.empty_like(z), np.empty_like(uniform)
        draw_steps(
            who, self.rows.low, self.rows.high, self.base, self.jacobian, self.factor, self.arm[who],
            z, uniform, step, length,
        )  # fmt: skip
        points = into_cube(self.u[who][:, None, None, :] + step, self.periodic).reshape(-1, d)
        novelty = score(points, np.repeat(who, self.steps * self.trials)).reshape(uniform.shape)
        best = novelty.argmax(axis=2)
        self.step[who] = np.take_along_axis(step, best[:, :, None, None], axis=2)[:, :, 0, :]

    def tell(self, told: Mapping[int, Told]) -> None:
        """Learn what became of the last points; `stage` is OVER on islands that are done with their base."""
        from terranova.plugins.samplers.explorer.tree_kernels import local_geometry

        probed = []
        stepped = [i for i in told if self.stage[i] in (STEP, REPAIR)]
        for i, t in told.items():
            if self.stage[i] == PROBE:
                ahead = probe_steps(self.u[i])
                with np.errstate(invalid="ignore"):
                    self.jacobian[i] = ((t.rows - self.base[i]) / ahead[:, None]).T
                if np.isfinite(self.jacobian[i]).all():
                    probed.append(i)
                self.stage[i] = OVER
        if probed:
            who = np.array(probed, dtype=np.int64)
            local_geometry(
                who, self.rows.low, self.rows.high, SCALES, self.base, self.jacobian, self.slack, self.metric,
                self.factor, self.sound,
            )  # fmt: skip
            self.stage[who[self.sound[who]]] = STEP
        for i in stepped:
            self._after_steps(i, told[i])

    def _after_steps(self, i: int, told: Told) -> None:
        """Reward what an island did, and pick the points that are worth a repair."""
        from terranova.plugins.samplers.explorer.excess_kernels import excess_of
        from terranova.plugins.samplers.explorer.tree_kernels import repair

        first = self.stage[i] == STEP
        tried = np.flatnonzero(np.ones(self.steps, dtype=bool) if first else self.fixing[i])
        self._reward(i, told, tried)
        excess = np.zeros(len(tried))
        excess_of(told.rows, self.rows.low, self.rows.high, self.slack[i], False, excess)
        excess[told.valid] = 0.0
        excess[~told.valid & (excess == 0.0)] = np.inf
        if not first:
            level = self.level[i, tried]
            better = excess < 0.3 * self.excess[i, tried]
            self.tried[i] = 0.98 * self.tried[i] + np.bincount(level, minlength=LEVELS)
            self.mended[i] = 0.98 * self.mended[i] + np.bincount(level, weights=better, minlength=LEVELS)
        self.fixing[i] = False
        if self.attempt[i] < self.repairs:
            rate = self.mended[i] / self.tried[i]
            level = np.zeros(len(tried), dtype=np.int64)
            bounded = np.isfinite(excess) & (excess > 0.0)
            level[bounded] = np.clip(np.floor(2.0 * np.log10(excess[bounded])) + 3, 0, LEVELS - 1).astype(np.int64)
            hopeful = bounded & (rate[level] > self.hope)
            if not first:
                hopeful &= excess < 0.5 * self.excess[i, tried]
            where = tried[hopeful]
            if len(where):
                if first:
                    self.local[i, where] = self.jacobian[i]
                    self.last[i, where] = self.base[i]
                    self.moved[i, where] = self.step[i, where]
                local, moved, step = self.local[i, where], self.moved[i, where], self.step[i, where]
                repair(
                    self.rows.low, self.rows.high, self.slack[i], self.metric[i], self.last[i, where],
                    told.rows[hopeful], moved, local, step, not first,
                )  # fmt: skip
                self.local[i, where], self.moved[i, where], self.step[i, where] = local, moved, step
                self.last[i, where] = told.rows[hopeful]
                self.excess[i, where], self.level[i, where] = excess[hopeful], level[hopeful]
                self.fixing[i, where] = True
                self.attempt[i] += 1
                self.stage[i] = REPAIR
                return
        self._next_round(i)

    def _next_round(self, i: int) -> None:
        """Go on at the same base, or be done with it."""
        self.rounds_left[i] -= 1
        self.attempt[i] = 0
        self.stage[i] = STEP if self.rounds_left[i] > 0 else OVER

    def _reward(self, i: int, told: Told, tried: Ints) -> None:
        """Credit the scales of an island's points: what was valid and novel, times the scale."""
        arms = self.arm[i, tried]
        good = told.valid & (told.novelty > self.novelty[i])
        worth = good * SCALES[arms] + told.opened
        self.gain[i] = 0.95 * self.gain[i] + np.bincount(arms, weights=worth, minlength=len(SCALES))
        self.cost[i] = 0.95 * self.cost[i] + np.bincount(arms, minlength=len(SCALES))

    def state(self) -> dict[str, Array]:
        """Copy all state; first axes count islands."""
        return {f"tree_{name}": getattr(self, name).copy() for name in self.ARRAYS}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set all state to a `state()`."""
        for name in self.ARRAYS:
            getattr(self, name)[...] = state[f"tree_{name}"]
