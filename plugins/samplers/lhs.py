"""The sampler `lhs`: Latin hypercubes, whose points are evenly spread along every axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from terranova import Batch, Sampler, SearchSpace
from terranova.types import Array, Floats


class LatinHypercube(Sampler):
    """Latin hypercubes: in each batch of n points, every axis has one point in each of n equal slices.

    Args:
        space: the axes.
        rng: the island's stream.
        batch: points of one hypercube, which an island proposes at a time.
    """

    name: ClassVar[str] = "lhs"
    version: ClassVar[str] = "1"
    description: ClassVar[str] = "Latin hypercubes, evenly spread along every axis"
    citations: ClassVar[Sequence[str]] = ("doi:10.1080/00401706.1979.10489755 Latin hypercube sampling",)

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, batch: int = 64) -> None:
        super().__init__(space, rng)
        if batch < 1:
            raise ValueError(f"batch must be at least 1, got {batch}")
        self.batch = batch

    def ask(self) -> Floats:
        from scipy.stats.qmc import LatinHypercube as Cube  # scipy.stats takes half a second to import

        seed = int(self.rng.integers(1 << 62))
        return np.asarray(Cube(self.space.dimension, rng=seed).random(self.batch), dtype=float)

    def tell(self, batch: Batch) -> None:
        """Learn nothing."""

    def state(self) -> dict[str, Array]:
        return {}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Nothing but the stream counts."""
