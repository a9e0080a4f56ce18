"""Batches of points: evaluations, and the records that are stored and told to samplers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from terranova.types import Array, Bools, Floats, Ints


class Status(IntEnum):
    """What became of a point. A failed point is a row with a reason, not an exception."""

    OK = 0
    UNPHYSICAL = 1
    """the model says the point is meaningless"""
    NON_FINITE = 2
    """an observable came out NaN or infinite"""
    RAISED = 3
    """the model raised an exception"""
    TIMEOUT = 4
    """no answer before the deadline"""
    CRASHED = 5
    """the process that evaluated it died"""
    UNSCORED = 6
    """a constraint raised an exception, or answered NaN"""


class Scores(NamedTuple):
    """What constraints say of n points.

    Attributes:
        margins: (n, m) by how much each is violated, negative where there is room left; +inf where what it reads is
            not known, and NaN in all of a row that no constraint has been asked about.
        terms: (n, m) log-likelihood of each; -inf where excluded or not known.
        fault: (n,) int16, the first constraint that failed at the point; -1 where none did.
    """

    margins: Floats
    terms: Floats
    fault: Array

    @classmethod
    def unasked(cls, n: int, m: int) -> Scores:
        """Return those of points that no constraint has been asked about."""
        return cls(np.full((n, m), np.nan), np.full((n, m), -np.inf), np.full(n, -1, dtype=np.int16))


@dataclass(frozen=True)
class Evaluation:
    """What an executor returns for n points: the model's answer, not yet scored.

    Attributes:
        observables: (n, k); NaN where unknown.
        status: (n,) int8, a `Status`.
        reason: n strings, empty when the status is OK.
        stage: (n,) int8, the last stage of the model that was computed.
        seconds: (n,) time spent on each point; a batch's time is shared out evenly.
        scores: of constraints that had to be asked on the way, between stages or because they are slow.
    """

    observables: Floats
    status: Array
    reason: Sequence[str]
    stage: Array
    seconds: Floats
    scores: Scores | None = None

    def take(self, rows: ArrayLike) -> Evaluation:
        """Return the given rows (a boolean mask or indices) as an evaluation."""
        chosen = np.asarray(rows)
        chosen = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        return Evaluation(
            self.observables[chosen],
            self.status[chosen],
            [self.reason[int(i)] for i in chosen],
            self.stage[chosen],
            self.seconds[chosen],
            None if self.scores is None else Scores(*(part[chosen] for part in self.scores)),
        )


@dataclass(frozen=True)
class Batch:
    """n evaluated and scored points: the rows of the store, and what a sampler is told.

    Attributes:
        island: (n,) number of the island that proposed the point.
        generation: (n,) the step of that island.
        index: (n,) running number of the point within its island; (island, index) is unique in a run.
        u: (n, d_free) in the unit cube.
        x: (n, d) physical.
        observables: (n, k); NaN where unknown.
        violations: (n, m) >= 0; +inf where an observable is unknown. Never NaN. Of a failed point those that are
            known nevertheless stay, and at least one is +inf: a point violates nothing only if it did not fail.
        loglike: (n,) natural log-likelihood; -inf where excluded or failed. Never NaN.
        status, reason, stage, seconds: as in `Evaluation`.
        probe: (n,) True for points that were evaluated for a derivative: right beside another point, they say
            nothing new, and are not counted as found. None are if left out.
        margins: (n, m) violations before they are cut at 0: negative where there is room left, so that
            derivatives reach inside the bounds. The violations if left out. Not stored.
        terms: (n, m) log-likelihood of each constraint; -inf where excluded or not known. NaN if left out. Not
            stored.
    """

    island: Ints
    generation: Ints
    index: Ints
    u: Floats
    x: Floats
    observables: Floats
    violations: Floats
    loglike: Floats
    status: Array
    reason: Sequence[str]
    stage: Array
    seconds: Floats
    probe: Bools = field(default_factory=lambda: np.zeros(0, dtype=bool))
    margins: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    terms: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    def __post_init__(self) -> None:
        if not len(self.probe):
            object.__setattr__(self, "probe", np.zeros(len(self.island), dtype=bool))
        if not len(self.margins):
            object.__setattr__(self, "margins", self.violations)
        if not len(self.terms):
            object.__setattr__(self, "terms", np.full(np.shape(self.violations), np.nan))

    def __len__(self) -> int:
        return len(self.island)

    @cached_property
    def valid(self) -> Bools:
        """(n,) True where the point did not fail and violates nothing."""
        violated = np.asarray(self.violations, dtype=bool).any(axis=1)
        return np.asarray((self.status == Status.OK) & ~violated, dtype=bool)

    @cached_property
    def found(self) -> Bools:
        """(n,) True where the point is valid and counts: it is no probe."""
        return self.valid & ~self.probe

    def of_islands(self, island: Ints) -> Batch:
        """Return the same rows with other numbers (n,) of islands; what was worked out of them stays."""
        other = replace(self, island=island)
        for name in ("valid", "found"):
            if name in self.__dict__:
                other.__dict__[name] = self.__dict__[name]
        return other

    def take(self, rows: ArrayLike | slice) -> Batch:
        """Return the given rows (a slice, a boolean mask or indices) as a batch."""
        chosen: Array | slice
        reason: Sequence[str]
        if isinstance(rows, slice):
            chosen, reason = rows, self.reason[rows]
        else:
            chosen = np.asarray(rows)
            chosen = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
            reason = [self.reason[int(i)] for i in chosen]
        return Batch(
            island=self.island[chosen],
            generation=self.generation[chosen],
            index=self.index[chosen],
            u=self.u[chosen],
            x=self.x[chosen],
            observables=self.observables[chosen],
            violations=self.violations[chosen],
            loglike=self.loglike[chosen],
            status=self.status[chosen],
            reason=reason,
            stage=self.stage[chosen],
            seconds=self.seconds[chosen],
            probe=self.probe[chosen],
            margins=self.margins[chosen],
            terms=self.terms[chosen],
        )


def failed(n: int, k: int, status: Status, reason: str) -> Evaluation:
    """Return n rows that all failed for one reason; used by executors whose worker died."""
    return Evaluation(
        np.full((n, k), np.nan),
        np.full(n, status, dtype=np.int8),
        [reason] * n,
        np.zeros(n, dtype=np.int8),
        np.zeros(n),
    )


def join(parts: Sequence[Evaluation], k: int = 0) -> Evaluation:
    """Put evaluations of consecutive points together; `k` is needed only when there are none."""
    if not parts:
        return failed(0, k, Status.OK, "")
    return Evaluation(
        np.concatenate([p.observables for p in parts]),
        np.concatenate([p.status for p in parts]),
        [reason for p in parts for reason in p.reason],
        np.concatenate([p.stage for p in parts]),
        np.concatenate([p.seconds for p in parts]),
        joined_scores(parts),
    )


def joined_scores(parts: Sequence[Evaluation]) -> Scores | None:
    """Put the scores of evaluations together; rows of those that have none count as not asked about."""
    known = [part.scores for part in parts if part.scores is not None]
    if not known:
        return None
    m = known[0].margins.shape[1]
    each = [Scores.unasked(len(p.status), m) if p.scores is None else p.scores for p in parts]
    return Scores(*(np.concatenate(columns) for columns in zip(*each, strict=True)))
