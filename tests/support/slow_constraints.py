"""Conditions that take their time, for a worker process to load."""

from __future__ import annotations

import os
import time

import numpy as np

from terranova import Function
from terranova.types import Floats


def stubborn(ring: Floats) -> Floats:
    """Hangs above 10, kills its process between 8 and 10, raises between 6 and 8."""
    if (ring > 10.0).any():
        time.sleep(60.0)
    if (ring > 8.0).any():
        os._exit(3)
    if (ring > 6.0).any():
        raise ArithmeticError("no convergence")
    return np.maximum(0.0, ring - 3.0)


STUBBORN = Function(
    name="stubborn", observables=("ring",), source="theory: a test", violation_of=stubborn, slow=True
)
