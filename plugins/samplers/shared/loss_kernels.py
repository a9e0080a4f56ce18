"""Compiled loop behind `scaled_loss`."""

from __future__ import annotations

import math

import numpy as np

from terranova.plugins._jit import kernel
from terranova.types import Floats, Ints

UNKNOWN = 1000.0
"""ln(1 + C) of an unknown violation in `Loss.log`: more than that of any finite number, which is below 710."""


@kernel
def scale_violations(violations: Floats, tolerated: float, scaled: Floats, log: Floats, passed: Ints) -> None:
    """Write the three arrays of a `Loss`.

    Args:
        violations: (a, popsize, m).
        tolerated: number of failed points up to which min-max scaling is used; ranks beyond it.
        scaled, log, passed: (a, popsize), written.
    """
    generations, popsize, m = violations.shape
    logs = np.empty(popsize)
    ordered = np.empty(popsize)
    failed = np.empty(popsize, dtype=np.bool_)
    for g in range(generations):
        failures = 0
        for k in range(popsize):
            scaled[g, k] = 0.0
            log[g, k] = 0.0
            passed[g, k] = 0
            failed[k] = m > 0
            for j in range(m):
                if violations[g, k, j] < np.inf:
                    failed[k] = False
                    break
            failures += failed[k]
        by_rank = failures > tolerated
        for j in range(m):
            low = np.inf
            high = 0.0
            for k in range(popsize):
                value = violations[g, k, j]
                if value == 0.0:
                    passed[g, k] += 1
                    logs[k] = 0.0
                else:
                    logs[k] = math.log1p(value)
                log[g, k] += min(logs[k], UNKNOWN)
                low = min(low, logs[k])
                if logs[k] < np.inf:
                    high = max(high, logs[k])
            if low == np.inf or (low == high and not _any_above(logs, high)):
                continue  # nothing to choose between
            if by_rank:
                ordered[:] = logs
                ordered.sort()
                for k in range(popsize):
                    scaled[g, k] += np.searchsorted(ordered, logs[k]) / (popsize - 1.0)
            else:
                for k in range(popsize):
                    if logs[k] == np.inf:
                        scaled[g, k] += 1.0
                    elif high > low:
                        scaled[g, k] += (logs[k] - low) / (high - low)
        for k in range(popsize):
            if failed[k]:
                scaled[g, k] = log[g, k] = np.inf


@kernel
def _any_above(values: Floats, bound: float) -> bool:
    for value in values:  # noqa: SIM110 - any() is slower when compiled
        if value > bound:
            return True
    return False
