"""Completeness: how much of what a scan could reach it has found, judged by its own points, without the truth.

Two signs, both of the valid points alone. *Recapture*: bins that one island only has entered hint at bins that none
has, and `chao2` counts those. *Growth*: a map that still grew in the last third of the run is not finished. What no
island came near leaves no sign at all, so both are limits from one side only: docs/statistics.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from terranova.interfaces.parameters import ParameterSpace
from terranova.runs.capture_recapture import Richness, chao2_of_samples
from terranova.runs.coverage import BINS
from terranova.types import Bools, Floats, Ints

SAMPLES = 16
"""Groups of islands that are compared; with more islands, several make a group."""

LEAST_SAMPLES, LEAST_VALID = 4, 100
"""Of islands with valid points, and of valid points: with fewer, nothing is said."""

THIRDS = 3
MOST_PAIRS = 1000
"""Pairs of parameters that are looked at; of more, so many evenly chosen ones."""

WIDER = 1.0 / BINS
"""An end of the valid range grows when it moved by more than this part of the prior in the last third."""


@dataclass(frozen=True)
class Extent:
    """How far the valid points reach along a parameter.

    Attributes:
        name: of the parameter.
        unit: of its values.
        low, high: smallest and largest valid value.
        low_before, high_before: the same after two thirds of the run; NaN when there was no valid point yet.
        down, up: by which part of the prior the lower and upper end moved in the last third, 0 to 1; 0 of an angle,
            which has no ends.
        bins: of the 20 equal parts of the prior, those with a valid point.
        new_bins: of these, those entered in the last third only.
    """

    name: str
    unit: str
    low: float
    high: float
    low_before: float
    high_before: float
    down: float
    up: float
    bins: int
    new_bins: int

    @property
    def grows(self) -> bool:
        """True when an end of the range moved noticeably in the last third."""
        return max(self.down, self.up) > WIDER


@dataclass(frozen=True)
class Completeness:
    """What can be said about the completeness of a scan from its own points.

    Bins are those of the coverage: 20 x 20 for each pair of parameters, counted over all pairs.

    Attributes:
        valid: points that count as found; 0 also where they were not looked at.
        samples: islands, or groups of them, that were compared.
        shared: the sampler's islands tell one another what they learnt, or that is not known.
        bins: with a valid point.
        new: share of `bins` entered in the last third of the run only; NaN when nothing is known.
        estimate: how many bins can be reached, at least; None when nothing can be said.
        extents: of each scanned parameter; empty when nothing can be said.
        silent: why there is no `estimate`; empty when there is one.
    """

    valid: int
    samples: int
    shared: bool
    bins: int
    new: float
    estimate: Richness | None
    extents: tuple[Extent, ...]
    silent: str

    @property
    def growing(self) -> tuple[Extent, ...]:
        """The parameters along which the valid range grew in the last third, the fastest first."""
        chosen = [extent for extent in self.extents if extent.grows]
        return tuple(sorted(chosen, key=lambda extent: -max(extent.down, extent.up)))

    def to_dict(self) -> dict[str, Any]:
        """For `summary.json`: plain numbers, None for what is not known."""
        e = self.estimate
        return {
            "found_at_most": None if e is None else _rounded(e.fraction),
            "interval": None if e is None else [_rounded(end) for end in e.interval],
            "bins": self.bins,
            "new_in_last_third": None if np.isnan(self.new) else _rounded(self.new),
            "growing": {x.name: [x.low_before, x.high_before, x.low, x.high] for x in self.growing},
            "silent": self.silent,
        }


@dataclass
class Marks:
    """Which bins each group of islands has entered in each third of the run.

    Args:
        space: the parameters.
        samples: number m of groups.
    """

    space: ParameterSpace
    samples: int
    valid: int = 0
    _pairs: list[tuple[int, int]] = field(init=False)
    _squares: Bools = field(init=False)
    _bins: Bools = field(init=False)
    _low: Floats = field(init=False)
    _high: Floats = field(init=False)

    def __post_init__(self) -> None:
        d = self.space.dimension
        pairs = list(combinations(range(d), 2))
        every = max(len(pairs), 1) - 1
        self._pairs = [pairs[i] for i in np.unique(np.linspace(0, every, MOST_PAIRS).astype(int))] if pairs else []
        self._squares = np.zeros((len(self._pairs), self.samples, THIRDS, BINS * BINS), dtype=bool)
        self._bins = np.zeros((THIRDS, d, BINS), dtype=bool)
        self._low, self._high = np.full((THIRDS, d), np.inf), np.full((THIRDS, d), -np.inf)

    def add(self, u: Floats, sample: Ints, third: Ints) -> None:
        """Mark valid points u (n, d) in the unit cube, of groups (n,) and thirds (n,) of the run."""
        self.valid += len(u)
        u = np.clip(u, 0.0, 1.0)
        bins = np.minimum((u * BINS).astype(np.int32), BINS - 1)
        start = ((sample * THIRDS + third) * BINS * BINS).astype(np.int32)
        rows, columns = np.ascontiguousarray((bins * BINS).T), np.ascontiguousarray(bins.T)
        for pair, (i, j) in enumerate(self._pairs):
            self._squares[pair].reshape(-1)[start + rows[i] + columns[j]] = True
        for t in range(THIRDS):
            mine = third == t
            if mine.any():
                np.minimum(self._low[t], u[mine].min(axis=0), out=self._low[t])
                np.maximum(self._high[t], u[mine].max(axis=0), out=self._high[t])
                self._bins[t, np.arange(u.shape[1]), bins[mine]] = True

    @property
    def entered(self) -> Bools:
        """(m, bins) True where a group entered a bin of a pair."""
        ever: Bools = np.asarray(self._squares.any(axis=2))
        return ever.swapaxes(0, 1).reshape(self.samples, -1)

    @property
    def early(self) -> Bools:
        """(bins,) True for bins of pairs entered before the last third."""
        return np.asarray(self._squares[:, :, :-1].any(axis=(1, 2))).ravel()

    def extents(self) -> tuple[Extent, ...]:
        """How far the points reach, for each scanned parameter."""
        before: Bools = np.asarray(self._bins[:-1].any(axis=0))
        now: Bools = np.asarray(self._bins.any(axis=0))
        low, high = self._low.min(axis=0), self._high.max(axis=0)
        low_before, high_before = self._low[:-1].min(axis=0), self._high[:-1].max(axis=0)
        known = bool(np.isfinite(low_before).all())
        ends = np.array([low, high, *((low_before, high_before) if known else (low, high))])
        values = self.space.to_physical(ends)
        extents = []
        names = [p.name for p in self.space.free]
        free = [i for i, p in enumerate(self.space) if p.name in names]
        for axis, (column, p) in enumerate(zip(free, self.space.free, strict=True)):
            moves = known and not p.prior.periodic
            extents.append(
                Extent(
                    p.name,
                    p.unit,
                    low=float(values[0, column]),
                    high=float(values[1, column]),
                    low_before=float(values[2, column]) if known else np.nan,
                    high_before=float(values[3, column]) if known else np.nan,
                    down=float(low_before[axis] - low[axis]) if moves else 0.0,
                    up=float(high[axis] - high_before[axis]) if moves else 0.0,
                    bins=int(now[axis].sum()),
                    new_bins=int((now[axis] & ~before[axis]).sum()),
                )
            )
        return tuple(extents)


def unknown(why: str) -> Completeness:
    """Return that nothing can be said, and why."""
    return Completeness(0, 0, True, 0, np.nan, None, (), why)


def judge(marks: Marks, *, shared: bool) -> Completeness:
    """Judge what was marked; `shared` as in `Completeness`."""
    if not marks.valid:
        return unknown("there is no valid point")
    entered = marks.entered
    entered = entered[entered.any(axis=1)]
    samples, found = len(entered), entered.any(axis=0)
    bins = int(found.sum())
    silent = ""
    if marks.valid < LEAST_VALID:
        silent = f"there are {marks.valid} valid points only, fewer than {LEAST_VALID}"
    elif not bins:
        silent = "there is one parameter only, and no pair"
    elif samples < LEAST_SAMPLES:
        silent = (
            f"valid points come from {samples} island{'s' * (samples > 1)} only, and islands are what is compared: "
            f"at least {LEAST_SAMPLES} are needed (sampler: islands)"
        )
    estimate = None if silent else chao2_of_samples(entered)
    new = float((found & ~marks.early).sum() / bins) if bins else np.nan
    return Completeness(marks.valid, samples, shared, bins, new, estimate, marks.extents(), silent)


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")
