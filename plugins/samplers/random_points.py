"""The sampler `random`: independent draws from the priors."""

from __future__ import annotations

from typing import ClassVar

from terranova.plugins.samplers.shared.memoryless import MemorylessSampler
from terranova.types import Floats


class RandomPoints(MemorylessSampler):
    """Uniform points of the unit cube: the baseline that says how rare valid points are.

    Args:
        space: the axes.
        rng: the island's stream.
        batch: points an island proposes at a time.
    """

    name: ClassVar[str] = "random"
    version: ClassVar[str] = "1"
    completeness_calibrated: ClassVar[bool] = True
    description: ClassVar[str] = "independent draws from the priors"

    def ask(self) -> Floats:
        return self.rng.random((self.batch, self.space.dimension))
