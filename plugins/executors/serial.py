"""The simplest executor: the model runs in this process."""

from __future__ import annotations

import time

import numpy as np

from terranova import Evaluation, Executor, PointModel
from terranova.modelling import join
from terranova.plugins.executors.tasks import Pace
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
        """Evaluate the points x (n, d): in one call if the model is vectorised, else in tasks of 0.2 s."""
        if not isinstance(self.problem.model.plugin, PointModel):
            with self.watch.breakable():
                return self.problem.evaluate(x)
        pace, first = Pace(), 0
        parts: list[Evaluation] = []
        while first < len(x):
            self.watch.poll()
            points = pace.points(len(x) - first, 1)
            started = time.perf_counter()
            with self.watch.breakable():
                parts.append(self.problem.evaluate(x[first : first + points]))
            pace.learn(points, time.perf_counter() - started)
            self.watch.done(first, parts[-1])
            first += points
        return join(parts, len(self.problem.model.observables))
