"""The sampler `sobol`: scrambled Sobol points, which fill the cube more evenly than random ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from terranova import Batch, Sampler, SearchSpace
from terranova.types import Floats

SEQUENCE_BITS = 30
"""A sequence has 2^30 points; after that the island starts another, scrambled afresh."""


class Sobol(Sampler):
    """A scrambled Sobol sequence; every island scrambles its own, so islands never repeat each other's points.

    Args:
        space: the axes.
        rng: the island's stream; it draws the scrambling.
        batch: points an island proposes at a time, a power of two: only such blocks are balanced.
    """

    name: ClassVar[str] = "sobol"
    version: ClassVar[str] = "1"
    description: ClassVar[str] = "scrambled Sobol sequence, evenly spread"
    citations: ClassVar[Sequence[str]] = ("doi:10.1006/jcom.1998.0487 Owen, scrambled Sobol points",)

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, batch: int = 64) -> None:
        super().__init__(space, rng)
        if batch < 1 or batch & (batch - 1):
            raise ValueError(f"batch must be a power of two, got {batch}")
        self.batch = batch
        self._begin()

    def _begin(self) -> None:
        from scipy.stats.qmc import Sobol as Sequence  # here because scipy.stats takes half a second to import

        self._sequence = Sequence(self.space.dimension, scramble=True, bits=SEQUENCE_BITS, rng=self.rng)

    def ask(self) -> Floats:
        if self._sequence.num_generated + self.batch > 1 << SEQUENCE_BITS:
            self._begin()
        return np.asarray(self._sequence.random(self.batch), dtype=float)

    def tell(self, batch: Batch) -> None:
        """Learn nothing."""
