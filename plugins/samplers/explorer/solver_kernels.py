"""Compiled loops of the explorer's solver: Levenberg-Marquardt steps towards the windows."""

from __future__ import annotations

import math

import numpy as np

from terranova.plugins._jit import kernel
from terranova.plugins.samplers.shared.linear_algebra import cholesky, solve_lower, solve_upper
from terranova.types import Floats


@kernel
def solver_units(low: Floats, high: Floats, jacobian: Floats, unit: Floats) -> None:
    """Write the units (r,) in which the solver measures distances: widths, or what a step of 0.03 changes."""
    for r in range(len(low)):
        length2 = 0.0
        for c in range(jacobian.shape[1]):
            length2 += jacobian[r, c] * jacobian[r, c]
        width = high[r] - low[r]
        if width < np.inf:
            unit[r] = width
        else:
            unit[r] = 0.03 * math.sqrt(length2)


@kernel
def solver_steps(
    low: Floats, high: Floats, unit: Floats, rows: Floats, jacobian: Floats, damping: Floats, step: Floats
) -> None:
    """Write Levenberg-Marquardt steps towards the windows, two for each damping: distances plain and compressed.

    Rows that a step would push out of their windows are taken in and the step is solved for again, a few times.

    Args:
        low, high, unit: (r,). rows: (r,) of the point. jacobian: (r, d).
        damping: (n,) relative to the mean of the diagonal. step: (2 n, d), written.
    """
    r_count, d = jacobian.shape
    normal, factor, right = np.empty((d, d)), np.empty((d, d)), np.empty(d)
    side = np.empty(r_count, dtype=np.int64)
    for n in range(len(step)):
        compressed = n % 2 == 1
        for r in range(r_count):
            side[r] = (rows[r] > high[r]) - (rows[r] < low[r])
        for _ in range(4):
            normal[:] = 0.0
            right[:] = 0.0
            for r in range(r_count):
                if side[r] == 0 or unit[r] == 0.0:
                    continue
                inside = min(0.2 * unit[r], 0.3 * (high[r] - low[r]))
                miss = (rows[r] - (high[r] - inside if side[r] > 0 else low[r] + inside)) / unit[r]
                slope = 1.0 / unit[r]
                if compressed:  # so that the largest distance does not hide all others
                    slope /= math.sqrt(1.0 + miss * miss)
                    miss = math.asinh(miss)
                for c in range(d):
                    right[c] -= miss * slope * jacobian[r, c]
                    for k in range(d):
                        normal[c, k] += slope * slope * jacobian[r, c] * jacobian[r, k]
            mean = 0.0
            for c in range(d):
                mean += normal[c, c] / d
            for c in range(d):
                normal[c, c] += damping[n // 2] * mean + 1e-12
            if not cholesky(normal, factor):
                right[:] = 0.0
                break
            solve_lower(factor, right)
            solve_upper(factor, right)
            more = False
            for r in range(r_count):
                if side[r] != 0:
                    continue
                ahead = rows[r]
                for c in range(d):
                    ahead += jacobian[r, c] * right[c]
                side[r] = (ahead > high[r]) - (ahead < low[r])
                more = more or side[r] != 0
            if not more:
                break
        longest = 0.0
        for c in range(d):
            longest = max(longest, abs(right[c]))
        for c in range(d):
            step[n, c] = right[c] * (min(1.0, 0.5 / longest) if longest > 0.0 else 0.0)
