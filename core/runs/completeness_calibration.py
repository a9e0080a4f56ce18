"""Calibration of completeness: the share of the bins found, with an interval, from signs that need no truth.

A line in logarithms of these signs, fitted to scans of problems whose truth is known. The numbers are printed by
`benchmarks/completeness_calibration.py`, which also says how often intervals hold the truth: docs/statistics.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from terranova.runs.capture_recapture import Richness
from terranova.runs.marks import THIRD, Extent
from terranova.types import Floats, Ints

LEVEL = 0.9
"""Part of the scans in which the interval holds the truth."""

FLOOR = 0.02
"""Added to what is missing, as a part of what was found, before logarithms are taken."""

COEFFICIENTS = (0.953, 0.624, 0.464)
"""Of the line: of 1, of the logarithm of what recapture adds, and of the growth in the last third."""

ENDS = (-1.133, 0.968)
"""Between which the line leaves `LEVEL` of the scans, in logarithms: of problems that it was not fitted to."""

MOST_NEW = 0.4
"""A larger part entered first in the last third is more than calibrated maps have, and nothing is estimated."""

MOST_NAMES = 3
"""Parameters that are named where several grow."""


@dataclass(frozen=True)
class Share:
    """A share of the bins within reach, and the ends of its interval at `LEVEL`."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Signs:
    """What an estimate is made of.

    Attributes:
        bins: with a valid point.
        unseen: bins that capture and recapture between islands adds to them: `chao2`.
        late: bins of `bins` entered first in the last third of the run.
        growing: names of the parameters along which the valid range still grows.
    """

    bins: int
    unseen: float
    late: int
    growing: tuple[str, ...]

    @staticmethod
    def of(limit: Richness, growth: Ints, extents: Sequence[Extent]) -> Signs:
        """Return the signs of a map.

        Args:
            limit: how many bins there are, at least.
            growth: (PARTS,) bins entered by the end of each part of the run.
            extents: of the parameters.
        """
        growing = tuple(extent.name for extent in extents if extent.grows)
        return Signs(limit.seen, limit.total - limit.seen, int(growth[-1] - growth[-1 - THIRD]), growing)

    @property
    def vector(self) -> Floats:
        """(3,) what the line is linear in: 1, and logarithms of parts of the bins found, which are never 0."""
        unseen, late = self.unseen / self.bins, self.late / self.bins
        return np.array([1.0, math.log(unseen + FLOOR), math.log(late + FLOOR)])


def outside(signs: Signs) -> str:
    """Return why such a map is outside what was calibrated; empty when it is not."""
    if signs.growing:
        names = ", ".join(signs.growing[:MOST_NAMES]) + (", ..." if len(signs.growing) > MOST_NAMES else "")
        return f"it still grows along {names}"
    if signs.late > MOST_NEW * signs.bins:
        return f"{100 * signs.late / signs.bins:.0f} % of it was first entered in the last third"
    return ""


def estimated(signs: Signs) -> Share:
    """Estimate the share of the bins within reach that were found."""
    value, low, high = shares(signs.vector @ np.array(COEFFICIENTS), ENDS).tolist()
    return Share(value, low, high)


def shares(line: Floats, ends: tuple[float, float]) -> Floats:
    """Return (..., 3) the shares found, and both ends of their intervals, for values (...) of the line.

    Of a map that may lack less than `FLOOR`, the interval reaches to 1: nothing smaller was told apart.
    """
    logs = np.stack([line, line + ends[1], line + ends[0]], axis=-1)
    lacking = np.maximum(np.exp(logs) - FLOOR, 0.0)
    lacking[..., 2] = np.where(lacking[..., 2] < FLOOR, 0.0, lacking[..., 2])
    found: Floats = 1.0 / (1.0 + lacking)
    return found
