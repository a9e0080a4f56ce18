"""The detector `hbos-pairs`: HBOS plus histograms of all pairs of features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import ClassVar

import numpy as np

from terranova import NoveltyDetector
from terranova.plugins.novelty.hbos import Hbos
from terranova.types import Array, Floats, Ints


class HbosPairs(NoveltyDetector):
    """Mean of the `hbos` score and the same score from two-dimensional histograms of all pairs.

    One-dimensional histograms cannot see that two values, each seen before, have never been seen together.
    The pairs can; they know only what was shared at the last merge, because a table for each island would
    not fit into a cache, while the fine one-dimensional histograms already push an island off its own trail.

    Args:
        features: number f of features.
        islands: number of islands.
        bins: resolutions of the one-dimensional histograms.
        pair_bins: bins along each side of a two-dimensional one.
    """

    name: ClassVar[str] = "hbos-pairs"
    version: ClassVar[str] = "1"
    description: ClassVar[str] = "histograms of features and of all pairs of features"

    def __init__(
        self, features: int, islands: int, *, bins: Sequence[int] = (50, 200, 800), pair_bins: int = 32
    ) -> None:
        if pair_bins < 2:
            raise ValueError(f"hbos-pairs: pair_bins must be at least 2, got {pair_bins}")
        self._single = Hbos(features, islands, bins=bins)
        self.pair_bins = int(pair_bins)
        pairs = np.array(list(combinations(range(features), 2)), dtype=np.int64).reshape(-1, 2)
        self._first, self._second = pairs[:, 0].copy(), pairs[:, 1].copy()
        self._shared = np.zeros((len(pairs), self.pair_bins**2), dtype=np.int64)
        self._found = np.zeros_like(self._shared)

    def update(self, features: Floats, island: Ints) -> None:
        from terranova.plugins.novelty.histograms import count_pairs

        self._single.update(features, island)
        count_pairs(features, self._first, self._second, self.pair_bins, self._found)

    def score(self, features: Floats, island: Ints) -> Floats:
        from terranova.plugins.novelty.histograms import score_pairs

        single = self._single.score(features, island)
        if not len(self._first):
            return single
        novelty = np.empty(len(features))
        score_pairs(features, self._first, self._second, self.pair_bins, self._shared, novelty)
        return 0.5 * (single + novelty)

    def pending(self) -> Array:
        """Return all counts since the last merge in one row: of the features, then of the pairs."""
        return np.concatenate([self._single.pending().reshape(-1), self._found.reshape(-1)])

    def merge(self, total: Array) -> None:
        of_pairs = total[len(total) - self._found.size :]
        self._single.merge(total[: len(total) - self._found.size].reshape(self._single.pending().shape))
        self._shared += of_pairs.reshape(self._shared.shape)
        self._found[...] = 0

    def state(self) -> Mapping[str, Array]:
        return {**self._single.state(), "pairs": self._shared.copy()}

    def restore(self, state: Mapping[str, Array]) -> None:
        self._single.restore(state)
        self._shared[...] = state["pairs"]
        self._found[...] = 0
