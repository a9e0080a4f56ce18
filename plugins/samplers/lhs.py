"""The sampler `lhs`: Latin hypercubes, whose points are evenly spread along every axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from terranova.plugins.samplers.shared.memoryless import MemorylessSampler
from terranova.types import Floats


class LatinHypercube(MemorylessSampler):
    """Latin hypercubes: in each batch of n points, every axis has one point in each of n equal slices.

    Args:
        space: the axes.
        rng: the island's stream.
        batch: points of one hypercube, which an island proposes at a time.
    """

    name: ClassVar[str] = "lhs"
    version: ClassVar[str] = "1"
    completeness_calibrated: ClassVar[bool] = True
    description: ClassVar[str] = "Latin hypercubes, evenly spread along every axis"
    citations: ClassVar[Sequence[str]] = ("doi:10.1080/00401706.1979.10489755 Latin hypercube sampling",)

    def ask(self) -> Floats:
        from scipy.stats.qmc import LatinHypercube as Cube  # scipy.stats takes half a second to import

        seed = int(self.rng.integers(1 << 62))
        return np.asarray(Cube(self.space.dimension, rng=seed).random(self.batch), dtype=float)
