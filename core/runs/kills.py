"""Constraints that scanned points fail: how many violate each, each alone, each pair, and each small set."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from terranova.interfaces.batch import Status
from terranova.types import Array, Bools, Floats, Ints

if TYPE_CHECKING:
    from terranova.runs.run import Run

LARGEST_SET = 3
"""Joint sets of more constraints than this are not listed: their number grows without bound."""

_ROWS = 50_000
"""Points that are read from the store at a time."""


@dataclass
class Kills:
    """Counts over points that did not fail, of which constraints each violates.

    A violation of +inf means that the constraint was not computed, because the point had already failed an
    earlier stage. It counts neither as violated nor as satisfied.

    Attributes:
        names: of the m constraints.
        points: number of points counted.
        satisfied: of these, points that violate nothing.
        violated: (m,) points that violate the constraint.
        unknown: (m,) points for which it was not computed.
        alone: (m,) points that violate it and no other one.
        joint: (m, m) points that violate both; the diagonal is `violated`.
        sets: constraints -> points that violate exactly these, up to `LARGEST_SET` of them.
    """

    names: tuple[str, ...]
    points: int = 0
    satisfied: int = 0
    violated: Ints = field(init=False)
    unknown: Ints = field(init=False)
    alone: Ints = field(init=False)
    joint: Ints = field(init=False)
    sets: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        m = len(self.names)
        self.violated, self.unknown, self.alone = (np.zeros(m, dtype=np.int64) for _ in range(3))
        self.joint = np.zeros((m, m), dtype=np.int64)

    def add(self, violations: Floats) -> None:
        """Count more points, given their violations (n, m)."""
        unknown = np.isinf(violations)
        violated = (violations > 0) & ~unknown
        number = violated.sum(axis=1)
        self.points += len(violations)
        self.satisfied += int((~violations.any(axis=1)).sum())
        self.violated += violated.sum(axis=0)
        self.unknown += unknown.sum(axis=0)
        self.alone += violated[number == 1].sum(axis=0)
        # float32 products of 0 and 1 are exact up to 2^24 points a batch, and several times faster than integers.
        counts = violated.astype(np.float32)
        self.joint += np.rint(counts.T @ counts).astype(np.int64)
        self._count_sets(violated, number)

    def _count_sets(self, violated: Bools, number: Ints) -> None:
        few = (number >= 1) & (number <= LARGEST_SET)
        if not few.any():
            return
        patterns, times = np.unique(np.packbits(violated[few], axis=1), axis=0, return_counts=True)
        for pattern, count in zip(patterns, times.tolist(), strict=True):
            members = np.flatnonzero(np.unpackbits(pattern, count=len(self.names)))
            self.sets[tuple(self.names[i] for i in members)] += count

    @property
    def pass_rate(self) -> Floats:
        """(m,) share of the points that satisfy the constraint, among those for which it was computed."""
        known = self.points - self.unknown
        return np.where(known > 0, 1.0 - self.violated / np.maximum(known, 1), np.nan)

    def smallest_sets(self, n: int = 10) -> list[tuple[tuple[str, ...], int]]:
        """The n sets of constraints that most points fail by exactly: relaxing one set would save its points."""
        return sorted(self.sets.items(), key=lambda item: (-item[1], len(item[0]), item[0]))[:n]


def kills_of(run: Run) -> Kills:
    """Count the stored points of a run that did not fail, in bounded memory."""
    import pyarrow.compute as pc

    kills = Kills(tuple(c.name for c in run.constraints))
    columns = [f"C_{name}" for name in kills.names]
    if columns:
        for table in run.reader.batches(columns, pc.field("status") == int(Status.OK), rows=_ROWS):
            kills.add(np.column_stack([table[name].to_numpy() for name in columns]))
    return kills


def order_of_resistance(kills: Kills) -> Array:
    """Return the constraints' numbers (m,), those that most points violate first."""
    return np.argsort(-kills.violated, kind="stable")
