"""What samplers that learn from their points share: a bounded memory, and where new candidates are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from terranova import Batch, Sampler, SearchSpace
from terranova.plugins.samplers.shared.compressed import compressed_loss, units_of
from terranova.types import Array, Floats, Ints

BEST = 32
"""Candidates, and points already known, around which new candidates are drawn."""


class ActiveSampler(Sampler):
    """Remembers at most `memory` points, of which a surrogate learns from at most `max_points`.

    Args:
        space: the axes and the constraints.
        rng: the island's stream.
        target: "loglike", points with a chi squared of at most `level` above the smallest; else valid points.
        level: in units of chi squared.
        max_points: points from which the surrogate learns: the best half, the latest quarter, a random quarter.
        memory: points that are remembered at all.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("_u", "_chi2", "_violations", "_failed")

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        target: str,
        level: float,
        max_points: int,
        memory: int,
    ) -> None:
        super().__init__(space, rng)
        self.target, self.level, self.max_points, self.memory = target, level, max_points, memory
        self._count = 0
        self._u = np.zeros((memory, space.dimension))
        self._chi2 = np.full(memory, np.nan)
        self._violations = np.zeros((memory, len(space.constraints)))
        self._failed = np.zeros(memory, dtype=bool)

    def tell(self, batch: Batch) -> None:
        if self._count + len(batch) > self.memory:
            self._forget()
        rows = slice(self._count, self._count + len(batch))
        self._u[rows], self._violations[rows], self._failed[rows] = batch.u, batch.violations, batch.status != 0
        known = np.isfinite(batch.loglike) & (batch.status == 0)
        self._chi2[rows] = np.where(known, -2.0 * batch.loglike, np.nan)
        self._count += len(batch)

    def _forget(self) -> None:
        """Keep three quarters of the memory: the best two thirds of them, and the latest third."""
        latest = self.memory // 4
        loss = self._loss()[: self._count - latest]
        kept = np.sort(np.argsort(loss, kind="stable")[: self.memory // 2])
        kept = np.concatenate([kept, np.arange(self._count - latest, self._count)])
        for name in self.ARRAYS:
            array = getattr(self, name)
            array[: len(kept)] = array[kept]
        self._count = len(kept)

    def _loss(self) -> Floats:
        """Return what ranks the points (count,): 0 or less are good, whichever the target."""
        known = slice(0, self._count)
        if self.target == "loglike":
            chi2 = self._chi2[known]
            if np.isfinite(chi2).any():
                return np.where(np.isfinite(chi2), chi2 - np.nanmin(chi2) - self.level, np.inf)
        violations = self._violations[known]
        return compressed_loss(violations, self._failed[known], units_of(violations))

    def _chosen(self, loss: Floats) -> Ints:
        """Return the rows from which the surrogate learns: the best, the latest, and some at random."""
        n = self._count
        if n <= self.max_points:
            return np.arange(n)
        quarter = self.max_points // 4
        good = np.flatnonzero(loss <= 0)
        # Valid points are all equally good: those to learn from are drawn.
        order = np.concatenate([self.rng.permutation(good), np.flatnonzero(loss > 0)[np.argsort(loss[loss > 0])]])
        mark = np.zeros(n, dtype=bool)
        mark[order[: 2 * quarter]] = True
        mark[n - quarter :] = True
        rest = np.flatnonzero(~mark)
        mark[self.rng.permutation(rest)[: self.max_points - int(mark.sum())]] = True
        return np.flatnonzero(mark)

    def _hypercube(self, n: int) -> Floats:
        from scipy.stats.qmc import LatinHypercube

        seed = int(self.rng.integers(1 << 62))
        return np.asarray(LatinHypercube(self.space.dimension, rng=seed).random(n), dtype=float)

    def _candidates(self, loss: Floats, pool: int) -> Floats:
        """Draw the pool: a part anywhere, the rest around the best points, or valid ones drawn at random."""
        good = np.flatnonzero(loss <= 0)
        if len(good) > BEST:
            base = self._u[self.rng.permutation(good)[:BEST]]
        else:
            base = self._u[np.argsort(loss, kind="stable")[:BEST]]
        anywhere = self.rng.random((pool // 4, self.space.dimension))
        return np.concatenate([anywhere, self._around(base, pool - len(anywhere), 0.3)])

    def _around(self, base: Floats, n: int, scale: float) -> Floats:
        """Draw n points around some of `base` (b, d), up to `scale` away along a random part of the axes."""
        start = base[self.rng.integers(0, len(base), n)]
        size = scale * 10.0 ** -self.rng.uniform(0.0, 1.5, (n, 1))
        moved = self.rng.random(start.shape) < self.rng.choice([0.2, 1.0], (n, 1))
        u = start + np.where(moved, size * self.rng.standard_normal(start.shape), 0.0)
        folded = np.abs(u - 2.0 * np.rint(0.5 * u))
        return np.where(self.space.periodic, u - np.floor(u), folded)

    def _nearest(self, u: Floats, known: Floats) -> Floats:
        """Return the distance (q,) to the nearest of the latest 1000 of `known` (k, d), round circles, too."""
        known = known[-1000:]
        squares = np.zeros((len(u), len(known)))
        for i in range(self.space.dimension):
            way = u[:, i, None] - known[:, i]
            squares += (way - np.rint(way)) ** 2 if self.space.periodic[i] else way**2
        distance: Floats = np.sqrt(squares.min(axis=1))
        return distance

    def _memory_state(self) -> dict[str, Array]:
        return {name.removeprefix("_"): getattr(self, name).copy() for name in self.ARRAYS}

    def _restore_memory(self, state: Mapping[str, Array], count: int) -> None:
        for name in self.ARRAYS:
            getattr(self, name)[...] = state[name.removeprefix("_")]
        self._count = count
