"""The simplest executor: the model runs in this process."""

from __future__ import annotations

import numpy as np

from terranova import Evaluation, Executor, PointModel
from terranova.types import Floats


class SerialExecutor(Executor):
    """Evaluates in this process. Right for vectorised models; a model that crashes takes the scan with it."""

    name = "serial"
    version = "1"
    description = "in this process; for vectorised models"

    def warm_up(self) -> None:
        """Evaluate one point of a vectorised model, so that its kernels are compiled."""
        if not isinstance(self.problem.model.plugin, PointModel):
            space = self.problem.model.space
            self.problem.evaluate(space.to_physical(np.full((1, space.dimension), 0.5)))

    def evaluate(self, x: Floats) -> Evaluation:
        """Evaluate the points x (n, d) in one call of the model."""
        return self.problem.evaluate(x)
