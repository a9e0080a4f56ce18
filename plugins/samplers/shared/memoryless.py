"""What samplers share that learn nothing: batches of one size, and no state but the stream."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from terranova import Batch, Sampler, SearchSpace
from terranova.plugins.samplers.shared.option_checks import check_least
from terranova.types import Array


class MemorylessSampler(Sampler):
    """Proposes batches of points that depend on the stream alone.

    Args:
        space: the axes.
        rng: the island's stream.
        batch: points an island proposes at a time.
    """

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, batch: int = 64) -> None:
        super().__init__(space, rng)
        check_least("batch", batch, 1)
        self.batch = batch

    def tell(self, batch: Batch) -> None:
        """Learn nothing."""

    def state(self) -> dict[str, Array]:
        return {}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Nothing but the stream counts."""
