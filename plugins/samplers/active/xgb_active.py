"""The sampler `xgb-active`: an ensemble of gradient-boosted trees learns where chi squared is low."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from terranova import Batch, SearchSpace
from terranova.plugins._require import require
from terranova.plugins.samplers.active.base import ActiveSampler
from terranova.plugins.samplers.shared.option_checks import check_choice, check_least
from terranova.types import Array, Bools, Floats, Ints

TARGETS = ("loglike", "violations")
REFIT = 1.15
"""The ensemble learns anew when this many times as many points are known."""
FAR = 5.0
"""Points beyond so many times `level` are far: the classifier rejects them, the regressors do not learn them."""
MINIMUM = 30
"""Points within that below which all points are learned."""
SHORT = 0.5
"""The like of `level` where violations are learned, whose loss is a sum of logarithms."""
FLOOR = 0.05
"""Disagreement of the ensemble that a candidate has at least, in the coordinate that is learned."""
SHORTLIST = 3
"""Times the batch, from which it is chosen apart."""


class XgbActive(ActiveSampler):
    """Active learning with an ensemble of boosted trees: where chi squared is low, and points to train surrogates.

    A classifier learns which points are near, regressors on bootstrapped rows learn ln(1 + loss / level) there. A
    candidate weighs P(near) exp(-l / 2 level) s: l is the loss that the ensemble predicts, less its disagreement s.
    Batches are drawn by these weights without replacement, points too close to others of the batch are passed over.
    Trees grow to thousands of points in a second, so that it serves where `gp-active` is too slow.

    Args:
        space: the axes and the constraints.
        rng: the island's stream.
        target: "loglike", where chi squared is at most `level` above the smallest; or "violations", valid points.
        level: in units of chi squared.
        batch: points proposed at a time.
        startup: points of the Latin hypercube at the beginning; 0 takes 25 d, 64 at least.
        members: regressors of the ensemble.
        anywhere: share of each batch that is drawn from the priors: a surrogate has to know what is outside.
        max_points: points from which the ensemble learns.
        pool: candidates among which a batch is chosen.
        memory: points that are remembered at all.
    """

    name: ClassVar[str] = "xgb-active"
    version: ClassVar[str] = "1"
    description: ClassVar[str] = "ensemble of boosted trees, active learning for surrogates"
    citations: ClassVar[Sequence[str]] = (
        "arXiv:1603.02754 XGBoost",
        "doi:10.1145/130385.130417 query by committee",
        "arXiv:1903.06059 sampling without replacement by Gumbel noise",
    )

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        target: str = "loglike",
        level: float = 6.0,
        batch: int = 64,
        startup: int = 0,
        members: int = 4,
        anywhere: float = 0.1,
        max_points: int = 8000,
        pool: int = 8192,
        memory: int = 40_000,
    ) -> None:
        check_choice("target", target, TARGETS)
        for option, number, least in (
            ("batch", batch, 1),
            ("startup", startup, 0),
            ("members", members, 2),
            ("max_points", max_points, 20),
            ("pool", pool, 2 * SHORTLIST * batch),
            ("memory", memory, max(max_points + batch, 4 * batch)),
        ):
            check_least(option, number, least)
        if level <= 0.0 or not 0.0 <= anywhere < 1.0:
            raise ValueError(f"level must be positive and anywhere in [0, 1), got {level:g} and {anywhere:g}")
        super().__init__(space, rng, target, level, max_points, memory)
        self._xgb = require("xgboost", "xgboost-cpu", self.name, "ml")
        self.batch, self.members, self.anywhere, self.pool = batch, members, anywhere, pool
        self.startup = startup or max(64, 25 * space.dimension)
        self._told = 0
        self._learnt = 0  # points that had been told when the ensemble last learned
        # What it learned then: with these it can learn the same again.
        self._rows, self._seed = 0, 0
        self._learnt_u = np.zeros((max_points, space.dimension))
        self._learnt_loss = np.zeros(max_points)
        self._regressors: list[Any] = []
        self._classifier: Any = None

    def tell(self, batch: Batch) -> None:
        super().tell(batch)
        self._told += len(batch)

    # ----------------------------------------------------------------------------------------------------------
    # the ensemble

    def _take_in(self, loss: Floats) -> None:
        """Choose what is learned from, and learn it."""
        rows = self._chosen(loss)
        self._rows, self._learnt, self._seed = len(rows), self._told, int(self.rng.integers(1 << 30))
        self._learnt_u[: len(rows)], self._learnt_loss[: len(rows)] = self._u[rows], loss[rows]
        self._learn()

    def _learn(self) -> None:
        u, loss = self._learnt_u[: self._rows], self._learnt_loss[: self._rows]
        # `_loss` counts chi squared from the level; else it is a sum of logarithms, 0 for valid points.
        unit = self.level if loss.min(initial=0.0) < 0.0 else SHORT
        excess = np.maximum(loss - loss.min(initial=0.0), 0.0)
        near: Bools = excess < FAR * unit
        if near.sum() < MINIMUM:
            near = np.isfinite(excess)
        streams = np.random.default_rng(self._seed)
        self._classifier, self._regressors = None, []
        if 0 < near.sum() < len(near):
            self._classifier = self._boost(u, near.astype(float), "binary:logistic", 100, 0)
        u, z = u[near], np.log1p(excess[near] / unit)
        if len(u):
            draws = [streams.integers(0, len(u), len(u)) for _ in range(self.members)]
            self._regressors = [
                self._boost(u[rows], z[rows], "reg:squarederror", 120, k) for k, rows in enumerate(draws)
            ]

    def _boost(self, u: Floats, y: Floats, objective: str, rounds: int, seed: int) -> Any:
        parameters = {
            "objective": objective,
            "max_depth": 6,
            "eta": 0.1,
            "subsample": 0.8,
            "tree_method": "hist",
            "nthread": 1,
            "seed": seed,
            "base_score": 0.5,
            "verbosity": 0,
        }
        return self._xgb.train(parameters, self._xgb.DMatrix(u, label=y), num_boost_round=rounds)

    def _weight(self, u: Floats) -> Floats:
        """Return logarithms of the weights (q,) of candidates."""
        data = self._xgb.DMatrix(u)
        answers = np.array([b.predict(data) for b in self._regressors], dtype=float)
        spread = answers.std(axis=0)
        low = np.expm1(np.maximum(answers.mean(axis=0) - spread, 0.0))
        weight: Floats = np.log(spread + FLOOR) - 0.5 * low
        if self._classifier is not None:
            weight += np.log(np.asarray(self._classifier.predict(data), dtype=float) + 1e-6)
        return weight

    # ----------------------------------------------------------------------------------------------------------
    # what to try next

    def ask(self) -> Floats:
        if self._told < self.startup:
            return self._hypercube(min(self.batch, self.startup - self._told))
        loss = self._loss()
        if self._told >= REFIT * self._learnt:
            self._take_in(loss)
        free = int(self.rng.binomial(self.batch, self.anywhere))
        drawn = self.rng.random((free, self.space.dimension))
        if free == self.batch:
            return drawn
        if not self._regressors:
            return self.rng.random((self.batch, self.space.dimension))
        candidates = self._pool(loss)
        key = self._weight(candidates) + self.rng.gumbel(size=len(candidates))
        best = np.argsort(-key, kind="stable")[: SHORTLIST * (self.batch - free)]
        return np.concatenate([drawn, self._apart(candidates[best], self.batch - free)])

    def _pool(self, loss: Floats) -> Floats:
        """Draw candidates: half anywhere, half around points that are good, or the best."""
        good: Ints = np.flatnonzero(loss <= 0)
        if len(good) < MINIMUM:
            good = np.argsort(loss, kind="stable")[:MINIMUM]
        anywhere = self.rng.random((self.pool // 2, self.space.dimension))
        return np.concatenate([anywhere, self._around(self._u[good], self.pool - len(anywhere), 0.3)])

    def _apart(self, u: Floats, count: int) -> Floats:
        """Choose `count` of the points u (q, d), which come best first, passing over those close to one chosen."""
        way = u[:, None] - u
        way = np.where(self.space.periodic, way - np.rint(way), way)
        distance = np.sqrt((way**2).sum(axis=2))
        np.fill_diagonal(distance, np.inf)
        least = float(np.median(distance.min(axis=1))) if len(u) > count else 0.0
        free = np.ones(len(u), dtype=bool)
        chosen: list[int] = []
        while len(chosen) < count and free.any():
            chosen.append(int(np.argmax(free)))
            free &= distance[chosen[-1]] >= least
            free[chosen[-1]] = False
        left = [i for i in range(len(u)) if i not in set(chosen)]
        return u[(chosen + left)[:count]]

    # ----------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Array]:
        counts = np.array([self._count, self._told, self._learnt, self._rows, self._seed], dtype=np.int64)
        return {
            **self._memory_state(),
            "counts": counts,
            "learnt_u": self._learnt_u.copy(),
            "learnt_loss": self._learnt_loss.copy(),
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        count, self._told, self._learnt, self._rows, self._seed = state["counts"].tolist()
        self._restore_memory(state, count)
        self._learnt_u[...], self._learnt_loss[...] = state["learnt_u"], state["learnt_loss"]
        if self._rows:
            self._learn()
