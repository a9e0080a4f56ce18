"""What each island's run has achieved, and for how long it has achieved nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from terranova.plugins.samplers.shared.loss import Loss
from terranova.types import Array, Bools, Ints


class Progress:
    """Counts of I islands since the start of each one's run.

    Attributes:
        idle: (I,) generations since the last progress.
        found: (I,) valid points.
        best_loss: (I,) smallest log loss of a point.
        best_passed: (I,) largest number of constraints one point passed.
    """

    ARRAYS = ("idle", "found", "best_loss", "best_passed")

    def __init__(self, islands: int) -> None:
        self.idle = np.zeros(islands, dtype=np.int64)
        self.found = np.zeros(islands, dtype=np.int64)
        self.best_loss = np.full(islands, np.inf)
        self.best_passed = np.full(islands, -1, dtype=np.int64)

    def reset(self, island: int) -> None:
        """Forget one island's run."""
        self.idle[island] = self.found[island] = 0
        self.best_loss[island] = np.inf
        self.best_passed[island] = -1

    @property
    def exploring(self) -> Bools:
        """(I,) True on islands whose run has found a valid point."""
        return self.found > 0

    def note(self, who: Ints, loss: Loss, valid: Bools) -> None:
        """Take in one generation of the islands `who` (a,): its loss and which points are valid (a, popsize)."""
        self.found[who] += valid.sum(axis=1)
        lowest, most = loss.log.min(axis=1), loss.passed.max(axis=1)
        improved = (lowest < self.best_loss[who]) | (most > self.best_passed[who])
        self.best_loss[who] = np.minimum(self.best_loss[who], lowest)
        self.best_passed[who] = np.maximum(self.best_passed[who], most)
        progress = np.where(self.exploring[who], valid.any(axis=1), improved)
        self.idle[who] = np.where(progress, 0, self.idle[who] + 1)

    def state(self) -> dict[str, Array]:
        """Copy all counts."""
        return {name: getattr(self, name).copy() for name in self.ARRAYS}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set all counts to a `state()`."""
        for name in self.ARRAYS:
            getattr(self, name)[...] = state[name]
