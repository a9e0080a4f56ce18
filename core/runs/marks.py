"""Marks of a scan's valid points: which bins each group of islands has entered, and when first."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from terranova.interfaces.parameters import ParameterSpace
from terranova.runs.coverage import BINS
from terranova.types import Array, Bools, Floats, Ints

PARTS = 12
"""Equal parts that a run is cut into, which make halves, thirds and quarters."""

THIRD = PARTS // 3

NEVER = 255
"""The part in which a bin was entered that none has entered."""

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


@dataclass
class Marks:
    """In which part of the run each group of islands has first entered which bins.

    Bins are those of the coverage: 20 x 20 for each pair of parameters.

    Args:
        space: the parameters.
        samples: number m of groups.
    """

    space: ParameterSpace
    samples: int
    valid: int = 0
    _pairs: list[tuple[int, int]] = field(init=False)
    _squares: Array = field(init=False)  # uint8: the part, NEVER where there is none
    _bins: Array = field(init=False)
    _low: Floats = field(init=False)
    _high: Floats = field(init=False)

    def __post_init__(self) -> None:
        d = self.space.dimension
        pairs = list(combinations(range(d), 2))
        every = max(len(pairs), 1) - 1
        self._pairs = [pairs[i] for i in np.unique(np.linspace(0, every, MOST_PAIRS).astype(int))] if pairs else []
        self._squares = np.full((len(self._pairs), self.samples, BINS * BINS), NEVER, dtype=np.uint8)
        self._bins = np.full((d, BINS), NEVER, dtype=np.uint8)
        self._low, self._high = np.full((PARTS, d), np.inf), np.full((PARTS, d), -np.inf)

    def add(self, u: Floats, sample: Ints, part: Ints) -> None:
        """Mark valid points u (n, d) in the unit cube, of groups (n,) and parts (n,) of the run."""
        self.valid += len(u)
        # The latest first: where several points fall into a bin, the last assignment stays, that of the first part.
        order = np.argsort(-part, kind="stable")
        u, sample, part = np.clip(u[order], 0.0, 1.0), sample[order], part[order].astype(np.uint8)
        bins = np.minimum((u * BINS).astype(np.int32), BINS - 1)
        start = (sample * BINS * BINS).astype(np.int32)
        rows, columns = np.ascontiguousarray((bins * BINS).T), np.ascontiguousarray(bins.T)
        for pair, (i, j) in enumerate(self._pairs):
            first, place = self._squares[pair].reshape(-1), start + rows[i] + columns[j]
            first[place] = np.minimum(first[place], part)
        for axis, column in enumerate(columns):
            self._bins[axis, column] = np.minimum(self._bins[axis, column], part)
        for p in np.unique(part).tolist():
            mine = u[part == p]
            np.minimum(self._low[p], mine.min(axis=0), out=self._low[p])
            np.maximum(self._high[p], mine.max(axis=0), out=self._high[p])

    @property
    def entered(self) -> Bools:
        """(m, bins) True where a group entered a bin of a pair."""
        return np.asarray((self._squares != NEVER).swapaxes(0, 1).reshape(self.samples, -1))

    def growth(self) -> Ints:
        """Return (PARTS,) how many bins of pairs had been entered at the end of each part."""
        first = self._squares.min(axis=1)
        counts: Ints = np.cumsum(np.bincount(first[first != NEVER], minlength=PARTS))
        return counts

    def extents(self) -> tuple[Extent, ...]:
        """How far the points reach, for each scanned parameter."""
        before: Bools = np.asarray(self._bins < PARTS - THIRD)
        now: Bools = np.asarray(self._bins != NEVER)
        low, high = self._low.min(axis=0), self._high.max(axis=0)
        low_before, high_before = self._low[:-THIRD].min(axis=0), self._high[:-THIRD].max(axis=0)
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
