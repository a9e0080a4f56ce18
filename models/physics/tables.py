"""Interpolation of tabulated cross sections and widths."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from terranova.models.physics._jit import jit
from terranova.types import Floats


def log_table(nodes: Sequence[float], values: Sequence[float]) -> Floats:
    """Prepare positive values at ascending nodes for `interpolate_log`.

    Returns:
        (n, 3) rows of node, ln(value) and the slope of ln(value) to the next node.
    """
    x, y = np.asarray(nodes, dtype=float), np.log(np.asarray(values, dtype=float))
    if np.any(np.diff(x) <= 0):
        raise ValueError("table nodes must ascend")
    slope = np.diff(y) / np.diff(x)
    slope = np.append(slope, slope[-1])
    return np.column_stack([x, y, slope])


@jit
def interval(nodes: Floats, x: float) -> int:
    """The i with nodes[i] <= x < nodes[i + 1]; the first or last interval outside."""
    low, high = 0, len(nodes) - 1
    while high - low > 1:
        middle = (low + high) >> 1
        if nodes[middle] <= x:
            low = middle
        else:
            high = middle
    return low


@jit
def interpolate_log(table: Floats, x: float) -> float:
    """Value at x, linear in ln(value) between nodes; the first and last segments continue beyond the ends."""
    low = interval(table[:, 0], x)
    return math.exp(table[low, 1] + table[low, 2] * (x - table[low, 0]))
