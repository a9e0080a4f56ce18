"""The sampler `random`: independent draws from the priors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from terranova import Batch, Sampler, SearchSpace
from terranova.types import Array, Floats


class RandomPoints(Sampler):
    """Uniform points of the unit cube: the baseline that says how rare valid points are.

    Args:
        space: the axes.
        rng: the island's stream.
        batch: points an island proposes at a time.
    """

    name: ClassVar[str] = "random"
    version: ClassVar[str] = "1"
    description: ClassVar[str] = "independent draws from the priors"

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, batch: int = 64) -> None:
        super().__init__(space, rng)
        if batch < 1:
            raise ValueError(f"batch must be at least 1, got {batch}")
        self.batch = batch

    def ask(self) -> Floats:
        return self.rng.random((self.batch, self.space.dimension))

    def tell(self, batch: Batch) -> None:
        """Learn nothing."""

    def state(self) -> dict[str, Array]:
        return {}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Nothing but the stream counts."""
