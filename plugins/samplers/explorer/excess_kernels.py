"""The compiled loop behind every distance of points from the windows, of the explorer's tree and of its solver."""

from __future__ import annotations

import math

import numpy as np

from terranova.plugins._jit import kernel
from terranova.types import Floats


@kernel
def excess_of(rows: Floats, low: Floats, high: Floats, unit: Floats, compressed: bool, excess: Floats) -> None:
    """Write for each point the sum of its distances to the windows; infinite where a number is unknown.

    Args:
        rows: (n, r) of the points.
        low, high: (r,) windows.
        unit: (r,) in which distances are measured.
        compressed: sum asinh(distance), so that the largest does not hide all others. A distance without a unit
            then counts 1, else it is infinite.
        excess: (n,), written.
    """
    for n in range(len(rows)):
        total = 0.0
        for r in range(len(low)):
            outside = max(low[r] - rows[n, r], rows[n, r] - high[r])
            if not abs(rows[n, r]) < np.inf:
                total = np.inf
            elif outside > 0.0:
                if unit[r] > 0.0:
                    total += math.asinh(outside / unit[r]) if compressed else outside / unit[r]
                else:
                    total += 1.0 if compressed else np.inf
        excess[n] = total
