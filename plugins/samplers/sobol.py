"""The sampler `sobol`: scrambled Sobol points, which fill the cube more evenly than random ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from terranova import Batch, Sampler, SearchSpace
from terranova.types import Array, Floats

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
    version: ClassVar[str] = "2"
    description: ClassVar[str] = "scrambled Sobol sequence, evenly spread"
    citations: ClassVar[Sequence[str]] = ("doi:10.1006/jcom.1998.0487 Owen, scrambled Sobol points",)

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, batch: int = 64) -> None:
        super().__init__(space, rng)
        if batch < 1 or batch & (batch - 1):
            raise ValueError(f"batch must be a power of two, got {batch}")
        self.batch = batch
        self._begin()

    def _begin(self) -> None:
        # A number, not the stream: scipy would spawn from the stream, which leaves no trace in its state.
        self._seed = int(self.rng.integers(1 << 62))
        self._sequence = self._scrambled(self._seed)

    def _scrambled(self, seed: int) -> Any:
        from scipy.stats.qmc import Sobol as Sequence  # here because scipy.stats takes half a second to import

        return Sequence(self.space.dimension, scramble=True, bits=SEQUENCE_BITS, rng=seed)

    def ask(self) -> Floats:
        if self._sequence.num_generated + self.batch > 1 << SEQUENCE_BITS:
            self._begin()
        return np.asarray(self._sequence.random(self.batch), dtype=float)

    def tell(self, batch: Batch) -> None:
        """Learn nothing."""

    def state(self) -> dict[str, Array]:
        return {"sequence": np.array([self._seed, self._sequence.num_generated], dtype=np.int64)}

    def restore(self, state: Mapping[str, Array]) -> None:
        seed, drawn = state["sequence"].tolist()
        self._seed, self._sequence = seed, self._scrambled(seed)
        self._sequence.fast_forward(drawn)
