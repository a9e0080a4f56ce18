"""The sampler `gp-active`: a Gaussian process learns the observables, and says where valid points may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from terranova import Batch, SearchSpace
from terranova.plugins._gp import GaussianProcess, Prediction
from terranova.plugins._require import require
from terranova.plugins.samplers.active.aims import AIMS
from terranova.plugins.samplers.active.base import BEST, ActiveSampler
from terranova.plugins.samplers.active.targets import Outputs, Target, log_mass
from terranova.plugins.samplers.shared.option_checks import check_choice, check_least
from terranova.types import Array, Bools, Floats, Ints

TARGETS = ("violations", "loglike")
REFIT = 1.3
"""Length scales are learnt anew when there are this many times as many points."""
ANYWHERE = 0.1
"""Share of the points for a surrogate that are drawn from the whole cube: it must know where the region ends."""
ROUNDS = 3
"""How often the pool of candidates is drawn closer around its best ones."""


class GpActive(ActiveSampler):
    """Active learning with a Gaussian process, for models that take seconds or more for a point.

    The process learns every constrained observable, all with the same length scales. It gives each candidate a
    probability of being valid. Until there are valid points, the most probable candidates are evaluated; from then
    on probability counts together with the distance from all valid points. The points of a batch are chosen one
    after another, each as if the outputs of those before were as predicted. Of all points, the surrogate learns
    from at most `max_points`: the best half, the latest quarter and a random quarter.

    Args:
        space: the axes, the observables and their windows.
        rng: the island's stream.
        target: "violations", the valid region; or "loglike", the points with a chi squared of at most `level`
            above the smallest.
        aim: "region", its inside; "boundary", where validity is least certain; or "surrogate", what teaches a
            surrogate of the region most: points are drawn with weights, their probability times their standard
            deviation, and a tenth from the whole cube.
        reach: the power of the distance from valid points that is worth as much as their probability.
        level: for the target "loglike", in units of chi squared.
        batch: points proposed at a time.
        startup: points of the Latin hypercube at the beginning; 0 takes 4 d, 16 at least.
        max_points: points from which the surrogate learns; its time for a batch grows with their square.
        pool: candidates among which a batch is chosen; more than the points of a batch.
        memory: points that are remembered at all.
    """

    ARRAYS = (*ActiveSampler.ARRAYS, "_raw")
    name: ClassVar[str] = "gp-active"
    version: ClassVar[str] = "1"
    description: ClassVar[str] = "Gaussian process on the observables, for slow models"
    citations: ClassVar[Sequence[str]] = (
        "arXiv:2402.02229 length scales in many dimensions",
        "arXiv:2404.18653 b-CASTOR, expected coverage of valid regions",
    )

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        target: str = "violations",
        aim: str = "region",
        level: float = 4.0,
        reach: float = 2.0,
        batch: int = 8,
        startup: int = 0,
        max_points: int = 400,
        pool: int = 512,
        memory: int = 4000,
    ) -> None:
        check_choice("target", target, TARGETS)
        check_choice("aim", aim, tuple(AIMS))
        for option, number, least in (
            ("batch", batch, 1),
            ("startup", startup, 0),
            ("max_points", max_points, 20),
            ("pool", pool, 4 * BEST),
            ("memory", memory, max_points + batch),
        ):
            check_least(option, number, least)
        if batch > 4 * BEST:
            raise ValueError(f"batch must be at most {4 * BEST}, got {batch}")
        if level <= 0.0 or reach < 0.0:
            raise ValueError(f"level must be positive and reach not negative, got {level:g} and {reach:g}")
        super().__init__(space, rng, target, level, max_points, memory)
        self.aim, self.reach, self.batch, self.pool = aim, reach, batch, pool
        self.startup = startup or max(16, 4 * space.dimension)
        self._threads = require("threadpoolctl", "threadpoolctl", self.name)
        self._outputs = Outputs(space)
        self._gp = GaussianProcess(space.periodic)
        self._learnt = 0  # points at which the length scales were last learnt
        self._raw = np.zeros((memory, self._outputs.count))

    def tell(self, batch: Batch) -> None:
        super().tell(batch)
        rows = slice(self._count - len(batch), self._count)
        self._raw[rows] = self._outputs.of(batch)
        self._raw[rows][self._failed[rows]] = np.nan

    # ----------------------------------------------------------------------------------------------------------
    # what to try next

    def ask(self) -> Floats:
        if self._count < self.startup:
            return self._hypercube(self.startup - self._count)
        # One thread: matrices are small, other ranks are busy, and sums do not depend on the number of threads.
        with self._threads.threadpool_limits(1):
            return self._next()

    def _next(self) -> Floats:
        loss = self._loss()
        rows = self._chosen(loss)
        target = self._learn(rows)
        candidates = self._candidates(loss, self.pool)
        if AIMS[self.aim].drawn:
            return self._drawn(candidates, target)
        valid = self._u[: self._count][loss <= 0]
        for scale in 0.1 ** np.arange(1, ROUNDS + 1):
            score = self._score(self._gp.predict(candidates), candidates, target, valid)
            best = candidates[np.argsort(-score, kind="stable")[:BEST]]
            candidates = np.concatenate([best, self._around(best, self.pool - BEST, scale)])
        score = self._score(self._gp.predict(candidates), candidates, target, valid)
        few = np.argsort(-score, kind="stable")[: 4 * BEST]
        return self._batch_of(candidates[few], target, valid)

    def _learn(self, rows: Ints) -> Target:
        target = self._outputs.chi2(self._raw[rows], self.level) if self.target == "loglike" else None
        if target is None:
            target = self._outputs.constraints(self._raw[rows])
        if self._count >= REFIT * self._learnt and self._learnt < self.max_points * REFIT:
            self._gp.learn_scales(self._u[rows], target.y)
            self._learnt = self._count
        self._gp.learn(self._u[rows], target.y)
        return target

    def _score(self, prediction: Prediction, u: Floats, target: Target, valid: Floats) -> Floats:
        """Return the acquisition (q,) of points u (q, d), the larger, the better; valid (k, d) are to be kept away
        from."""
        deviation = prediction.deviation
        low, high = (target.low - prediction.mean) / deviation, (target.high - prediction.mean) / deviation
        worth = AIMS[self.aim].worth(np.maximum(log_mass(low, high), -1e6).sum(axis=1), deviation)
        if not len(valid):
            return worth
        distance = self._nearest(u, valid)
        score: Floats = worth + self.reach * np.log(distance + 1e-12)
        return score

    def _drawn(self, u: Floats, target: Target) -> Floats:
        """Draw a batch that teaches a surrogate: the best candidates alone would leave parts of the region out."""
        nobody = np.empty((0, u.shape[1]))
        score = self._score(self._gp.predict(u), u, target, nobody) + self.rng.gumbel(size=len(u))
        drawn = self._batch_of(u[np.argsort(-score, kind="stable")[: 4 * BEST]], target, nobody)
        anywhere: Bools = self.rng.random(len(drawn)) < ANYWHERE
        drawn[anywhere] = self.rng.random((int(anywhere.sum()), drawn.shape[1]))
        return drawn

    def _batch_of(self, u: Floats, target: Target, valid: Floats) -> Floats:
        """Choose the points of a batch one after another, away from each other and from valid ones (k, d)."""
        prediction = self._gp.predict(u)
        rows: list[int] = []
        taken = np.zeros(len(u), dtype=bool)
        while len(rows) < self.batch:
            score = self._score(prediction, u, target, valid)
            if rows and len(valid):
                apart = self._nearest(u, u[rows])
                nearest = self._nearest(u, valid)
                score = score + self.reach * np.log((np.minimum(nearest, apart) + 1e-12) / (nearest + 1e-12))
            row = int(np.argmax(np.where(taken, -np.inf, score)))
            rows.append(row)
            taken[row] = True
            prediction.believe(row)
        return u[rows]

    def state(self) -> dict[str, Array]:
        counts = np.array([self._count, self._learnt], dtype=np.int64)
        kernel = np.append(self._gp.log_scales, self._gp.log_noise)
        return {**self._memory_state(), "counts": counts, "kernel": kernel}

    def restore(self, state: Mapping[str, Array]) -> None:
        count, self._learnt = state["counts"].tolist()
        self._restore_memory(state, count)
        self._gp.log_scales, self._gp.log_noise = state["kernel"][:-1].copy(), float(state["kernel"][-1])
