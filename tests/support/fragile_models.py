"""Models that misbehave on demand. A module of its own, for worker processes and ranks import it by name."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping

import numpy as np

from terranova import BoundModel, Model, Observable, Parameter, PointFailed, PointModel, Problem, Uniform
from terranova.types import Floats

GOOD, RAISES, FAILS, NAN, EXITS, SEGFAULT, HANGS, KILLED, LEAVES_CHILD, ENVIRONMENT = range(10)
"""What a point of `Fragile` may do, as the value of its parameter `deed`."""


class Fragile(PointModel):
    """Does what its parameter `deed` says, after `nap` seconds."""

    name = "fragile"
    parameters = (
        Parameter("a", Uniform(0, 1)),
        Parameter("deed", Uniform(0, 10)),
        Parameter("nap", Uniform(0, 10)),
    )
    observables = (Observable("square"), Observable("threads"))

    def evaluate_point(self, point: dict[str, float]) -> Mapping[str, float]:
        """Misbehave, or return the square of a."""
        time.sleep(point["nap"])
        deed = int(point["deed"])
        if deed == RAISES:
            raise ValueError("bad luck")
        if deed == FAILS:
            raise PointFailed("tachyon")
        if deed == EXITS:
            os._exit(3)
        if deed == SEGFAULT:
            ctypes.string_at(0)
        if deed == HANGS:
            time.sleep(600)
        if deed == KILLED:
            os.kill(os.getpid(), signal.SIGKILL)
        if deed == LEAVES_CHILD:
            # Inherits everything, so that the pipe to the owner stays open when this process is gone.
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], close_fds=False)
            with open(os.environ["TOY_CHILD_FILE"], "w") as file:
                file.write(str(child.pid))
            os._exit(3)
        if deed == ENVIRONMENT:
            return {"square": float("PMI_RANK" in os.environ), "threads": float(os.environ["OMP_NUM_THREADS"])}
        square = float("nan") if deed == NAN else np.exp(np.sin(point["a"])) ** 2
        return {"square": float(square), "threads": 0.0}


class Staged(Model):
    """Vectorised, with a second stage."""

    name = "staged"
    parameters = (Parameter("a", Uniform(0, 1)), Parameter("b", Uniform(0, 1)))
    observables = (Observable("first"), Observable("second", stage=1))

    def evaluate(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        """Compute the first stage."""
        return {"first": np.exp(np.sin(points["a"])) * np.log1p(points["b"])}

    def evaluate_stage(self, stage: int, x: Floats, observables: Floats) -> Floats:
        """Compute the second from the first."""
        return np.column_stack([observables[:, 0], np.sqrt(observables[:, 0]) + x[:, 0]])


class Misshapen(Staged):
    """Breaks the contract for points with a > 0.9."""

    name = "misshapen"

    def evaluate_array(self, x: Floats) -> Floats:
        """Forget a column."""
        return np.zeros((len(x), 1 if (x[:, 0] > 0.9).any() else 2))


def problem(model: type[Model]) -> Problem:
    """Return the problem of a model without constraints."""
    return Problem(BoundModel(model()), [])


def points(deeds: list[int], naps: float | list[float] = 0.0) -> Floats:
    """Return points of `Fragile` that do the given deeds."""
    x = np.zeros((len(deeds), 3))
    x[:, 0] = np.linspace(0, 1, len(deeds))
    x[:, 1] = deeds
    x[:, 2] = naps
    return x
