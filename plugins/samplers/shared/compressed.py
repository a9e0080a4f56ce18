"""A loss that can be compared between generations: violations in units that are learnt from the points."""

from __future__ import annotations

import numpy as np

from terranova.types import Bools, Floats

UNKNOWN = 20.0
"""What an unknown violation counts: more than e^20 times the median one."""


def units_of(violations: Floats) -> Floats:
    """Return for each constraint (m,) the median of its positive violations (n, m); 1 where there is none."""
    positive = np.isfinite(violations) & (violations > 0)
    units = np.ones(violations.shape[1])
    for j in np.flatnonzero(positive.any(axis=0)).tolist():
        units[j] = np.median(violations[positive[:, j], j])
    return units


def compressed_loss(violations: Floats, failed: Bools, units: Floats) -> Floats:
    """Return sum_j ln(1 + C_j / unit_j) (n,); +inf for failed points of which nothing is known.

    Args:
        violations: (n, m).
        failed: (n,).
        units: (m,) as of `units_of`.
    """
    loss = np.minimum(np.log1p(violations / units), UNKNOWN).sum(axis=1)
    return np.where(failed & np.isinf(violations).all(axis=1), np.inf, loss)
