"""The simplest executor: the model runs in this process."""

from __future__ import annotations

from terranova import Evaluation, Executor
from terranova.types import Floats


class SerialExecutor(Executor):
    """Evaluates in this process. Right for vectorised models; a model that crashes takes the scan with it."""

    name = "serial"
    version = "1"
    description = "in this process; for vectorised models"

    def evaluate(self, x: Floats) -> Evaluation:
        """Evaluate the points x (n, d) in one call of the model."""
        return self.problem.evaluate(x)
