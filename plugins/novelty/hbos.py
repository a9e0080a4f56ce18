"""The detector `hbos`: novelty from one-dimensional histograms (Goldstein and Dengel, KI 2012)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from terranova import NoveltyDetector
from terranova.types import Array, Floats, Ints


class Hbos(NoveltyDetector):
    """Histogram-based outlier score, at several resolutions at once.

    Every feature has histograms of [0, 1] with few, more and many bins. Of n points, c of which share the
    bin, one histogram says

        ln((n + 1) / (c + 1)) / ln(n + 1)

    which is 1 in an empty bin and 0 in one that holds everything; the novelty is the mean over histograms.
    The bounds are fixed, not the extremes of the data, so that one outlier does not flatten all other scores,
    and one point more or less matters most where there are few. Coarse bins see large gaps; fine bins leave a
    slope to climb for a sampler whose steps are small.

    Counts add up over islands and ranks. What an island found itself since the last merge it sees in the
    first, coarsest histogram only: enough to leave the place, and small enough for all islands' tables to stay
    in the cache. Memory and the cost of a score do not depend on the number of points seen.

    Args:
        features: number f of features.
        islands: number of islands.
        bins: resolutions, coarsest first.
    """

    name: ClassVar[str] = "hbos"
    version: ClassVar[str] = "1"
    description: ClassVar[str] = "one-dimensional histograms at several resolutions (HBOS)"

    def __init__(self, features: int, islands: int, *, bins: Sequence[int] = (50, 200, 800)) -> None:
        if not bins or min(bins) < 2:
            raise ValueError(f"hbos: bins must be numbers of at least 2, got {bins!r}")
        self.bins = np.array(bins, dtype=np.int64)
        self._shared = np.zeros((features, int(self.bins.sum())), dtype=np.int64)
        self._shared_total = 0
        self._found = np.zeros_like(self._shared)
        self._own = np.zeros((islands, features, int(self.bins[0])), dtype=np.int32)
        self._own_total = np.zeros(islands, dtype=np.int64)

    def update(self, features: Floats, island: Ints) -> None:
        from terranova.plugins.novelty.histograms import count

        count(features, island, self.bins, self._found, self._own, self._own_total)

    def score(self, features: Floats, island: Ints) -> Floats:
        from terranova.plugins.novelty.histograms import score

        novelty = np.empty(len(features))
        score(features, island, self.bins, self._shared, self._shared_total, self._own, self._own_total, novelty)
        return novelty

    def pending(self) -> Array:
        """Return counts (f, bins of all resolutions) of all islands since the last merge."""
        return self._found.copy()

    def merge(self, total: Array) -> None:
        self._share(self._shared + total)

    def state(self) -> Mapping[str, Array]:
        return {"counts": self._shared.copy()}

    def restore(self, state: Mapping[str, Array]) -> None:
        self._share(state["counts"])

    def _share(self, counts: Array) -> None:
        self._shared[...] = counts
        self._found[...] = 0
        self._own[...] = 0
        self._own_total[...] = 0
        # Every point is in one bin of the first histogram of the first feature.
        self._shared_total = int(self._shared[:1, : self.bins[0]].sum())
