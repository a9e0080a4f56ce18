"""Small problem whose valid region is known exactly, on which the conformance suite runs samplers."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from terranova.evaluation.bound_model import BoundModel
from terranova.evaluation.problem import Problem
from terranova.interfaces.constraint_kinds import Limit, Window
from terranova.interfaces.constraint_set import ConstraintSet
from terranova.interfaces.model import Model, Observable
from terranova.interfaces.parameters import Parameter
from terranova.interfaces.priors import Angle, Uniform
from terranova.types import Floats

RADIUS, WIDTH = 0.3, 0.02
ARC = 0.5
SLAB = 0.1
SOURCE = "by construction"


class Ring(Model):
    """Four parameters: a thin ring in two of them, an arc across the seam of an angle, a slab.

    Observables have units that are nine orders of magnitude apart, and one that nothing constrains.
    """

    name = "ring"
    description = "a thin ring, an arc across the seam of an angle, and a slab"
    parameters = (
        Parameter("x", Uniform(-1.0, 1.0)),
        Parameter("y", Uniform(-1.0, 1.0)),
        Parameter("phi", Angle(-math.pi, math.pi)),
        Parameter("z", Uniform(0.0, 1.0)),
    )
    observables = (Observable("away"), Observable("turn"), Observable("height"), Observable("free"))

    def evaluate(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        x, y, phi, z = (points[name] for name in ("x", "y", "phi", "z"))
        away = 1e6 * (np.hypot(x, y) - RADIUS)
        return {"away": away, "turn": np.cos(phi), "height": 1e-3 * (z + 0.1 * x), "free": x - y}

    @property
    def volume(self) -> float:
        """Exact fraction of the unit cube that is valid."""
        ring = 4.0 * math.pi * RADIUS * WIDTH / 4.0
        return ring * (2.0 * ARC / (2.0 * math.pi)) * SLAB


def ring() -> Problem:
    """The problem: one window, a limit from one side, and another window, in two sets."""
    inside = Window(name="ring", observables=("away",), source=SOURCE, lower=-1e6 * WIDTH, upper=1e6 * WIDTH)
    across = Limit(name="seam", observables=("turn",), source=SOURCE, upper=-math.cos(ARC))
    slab = Window(name="slab", observables=("height",), source=SOURCE, lower=0.45e-3, upper=0.55e-3)
    sets = [ConstraintSet("geometry", (inside, across)), ConstraintSet("height", (slab,))]
    return Problem(BoundModel(Ring()), sets)
