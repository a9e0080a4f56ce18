"""What isolation costs: microseconds a point, in place and in a process of its own.

Run it on an idle machine: `python benchmarks/isolation.py`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from terranova import BoundModel, Model, Observable, Parameter, PointModel, Problem, Uniform
from terranova.plugins.executors import SerialExecutor
from terranova.types import Floats


class Cheap(Model):
    """Ten parameters, ten observables, next to no work."""

    name = "cheap"
    parameters = tuple(Parameter(f"p{i}", Uniform(0.0, 1.0)) for i in range(10))
    observables = tuple(Observable(f"o{i}") for i in range(10))

    def evaluate_array(self, x: Floats) -> Floats:
        """Compute something."""
        return np.exp(np.sin(x))

    def evaluate(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        """Compute the same by name."""
        return {f"o{i}": np.exp(np.sin(points[f"p{i}"])) for i in range(10)}


class Millisecond(PointModel):
    """A point a millisecond."""

    name = "millisecond"
    parameters = Cheap.parameters
    observables = Cheap.observables

    def evaluate_point(self, point: dict[str, float]) -> Mapping[str, float]:
        """Work, do not sleep: how long a sleep takes depends on the system."""
        end = time.perf_counter() + 1e-3
        while time.perf_counter() < end:
            pass
        return {f"o{i}": point[f"p{i}"] for i in range(10)}


def microseconds(model: Model, batch: int, isolate: bool, seconds: float = 1.0) -> float:
    """Return the time a point, the median of calls within some seconds."""
    problem = Problem(BoundModel(model), [])
    x = np.random.default_rng(1).random((batch, 10))
    with SerialExecutor(problem, isolate=isolate) as executor:
        executor.warm_up()
        executor.evaluate(x)
        times, end = [], time.perf_counter() + seconds
        while time.perf_counter() < end or len(times) < 5:
            started = time.perf_counter()
            executor.evaluate(x)
            times.append(time.perf_counter() - started)
    return 1e6 * float(np.median(times)) / batch


def main() -> None:
    """Print the table."""
    print(f"{'model':<14}{'batch':>6}{'none us/point':>16}{'process us/point':>18}{'ratio':>8}")
    for model, batches in ((Cheap(), (1, 12, 192, 768)), (Millisecond(), (1, 12, 192))):
        for batch in batches:
            inside, beside = (microseconds(model, batch, isolate) for isolate in (False, True))
            print(f"{model.name:<14}{batch:>6}{inside:>16.2f}{beside:>18.2f}{beside / inside:>8.2f}")


if __name__ == "__main__":
    main()
