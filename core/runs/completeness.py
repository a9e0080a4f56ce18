"""Completeness: how much of what a scan could reach it has found, judged by its own points, without the truth.

Two signs, both of the valid points alone. *Recapture*: bins that few islands have entered hint at bins that none
has. *Growth*: a map that still grew in the last third of the run is not finished. `completeness_calibration` makes
of both an estimate with an interval, where such estimates have been compared with the truth. What no island came
near leaves no sign at all: docs/statistics.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from terranova.runs.capture_recapture import Richness, chao2_of_samples
from terranova.runs.completeness_calibration import LEVEL, Share, Signs, estimated, outside
from terranova.runs.marks import THIRD, Extent, Marks

SAMPLES = 16
"""Groups of islands that are compared; with more islands, several make a group."""

LEAST_SAMPLES, LEAST_VALID = 4, 100
"""Of islands with valid points, and of valid points: with fewer, nothing is said."""


@dataclass(frozen=True)
class Completeness:
    """What can be said about the completeness of a scan from its own points.

    Bins are those of the coverage: 20 x 20 for each pair of parameters, counted over all pairs. There is an
    `estimate` with an interval, or a `limit` that the truth is below, or neither; `silent` says why it is no more.

    Attributes:
        valid: points that count as found; 0 also where they were not looked at.
        samples: islands, or groups of them, that were compared.
        bins: with a valid point.
        new: share of `bins` entered in the last third of the run only; NaN when nothing is known.
        estimate: the share of the bins within reach that was found; None when it cannot be estimated.
        limit: how many bins can be reached, at least; None where there is an estimate, or nothing can be said.
        extents: of each scanned parameter; empty when nothing can be said.
        silent: why there is no `estimate`; empty when there is one.
    """

    valid: int
    samples: int
    bins: int
    new: float
    estimate: Share | None
    limit: Richness | None
    extents: tuple[Extent, ...]
    silent: str

    @property
    def growing(self) -> tuple[Extent, ...]:
        """The parameters along which the valid range grew in the last third, the fastest first."""
        chosen = [extent for extent in self.extents if extent.grows]
        return tuple(sorted(chosen, key=lambda extent: -max(extent.down, extent.up)))

    @property
    def at_most(self) -> float | None:
        """The upper end of what the `limit` allows; None without a limit."""
        return None if self.limit is None else self.limit.interval[1]

    def to_dict(self) -> dict[str, Any]:
        """For `summary.json`: plain numbers, None for what is not known."""
        e, at_most = self.estimate, self.at_most
        return {
            "found": None if e is None else _rounded(e.value),
            "interval": None if e is None else [_rounded(e.low), _rounded(e.high)],
            "level": LEVEL,
            "found_at_most": None if at_most is None else _rounded(at_most),
            "bins": self.bins,
            "new_in_last_third": None if np.isnan(self.new) else _rounded(self.new),
            "growing": {x.name: [x.low_before, x.high_before, x.low, x.high] for x in self.growing},
            "silent": self.silent,
        }


def unknown(why: str) -> Completeness:
    """Return that nothing can be said, and why."""
    return Completeness(0, 0, 0, np.nan, None, None, (), why)


def judge(marks: Marks, *, calibrated: bool) -> Completeness:
    """Judge what was marked; `calibrated` where estimates for this sampler have been compared with the truth."""
    if not marks.valid:
        return unknown("there is no valid point")
    entered = marks.entered
    entered = entered[entered.any(axis=1)]
    samples, growth, extents = len(entered), marks.growth(), marks.extents()
    bins = int(growth[-1])
    new = float(1.0 - growth[-1 - THIRD] / bins) if bins else np.nan

    def said(silent: str, estimate: Share | None = None, limit: Richness | None = None) -> Completeness:
        return Completeness(marks.valid, samples, bins, new, estimate, limit, extents, silent)

    if marks.valid < LEAST_VALID:
        return said(f"there are {marks.valid} valid points only, fewer than {LEAST_VALID}")
    if not bins:
        return said("there is one parameter only, and no pair")
    if samples < LEAST_SAMPLES:
        return said(
            f"valid points come from {samples} island{'s' * (samples > 1)} only, and islands are what is compared: "
            f"at least {LEAST_SAMPLES} are needed (sampler: islands)"
        )
    limit = chao2_of_samples(entered)
    signs = Signs.of(limit, growth, extents)
    if reason := outside(signs):
        return said(reason)
    if not calibrated:
        return said("estimates for this sampler have not been compared with a known truth", limit=limit)
    return said("", estimated(signs))


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")
