"""Efficiency of a scan: how many of its points are valid, after how many the first was, and what they cover."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from terranova.interfaces.batch import Status
from terranova.runs.coverage import Coverage

if TYPE_CHECKING:
    from terranova.evaluation.problem import Problem
    from terranova.runs.run import Run

_ROWS = 50_000
"""Points that are read from the store at a time."""


@dataclass(frozen=True)
class Efficiency:
    """How many points a scan needed.

    Attributes:
        evaluated: points.
        stored: of these: fewer only when the scan keeps just the valid ones.
        valid: points, without probes.
        failed: points without observables.
        first_valid: evaluations of all islands until the first valid point, counting islands as equally fast;
            None when there is none.
        coverage: occupied bins of the 20 x 20 of each pair of parameters, averaged over the pairs; None
            when the problem could not be rebuilt.
        probes: valid points that `valid` leaves out, for they were evaluated for derivatives only.
    """

    evaluated: int
    stored: int
    valid: int
    failed: int
    first_valid: int | None
    coverage: float | None
    probes: int = 0

    @property
    def fraction(self) -> float:
        """Share of valid points; NaN when nothing was evaluated."""
        return self.valid / self.evaluated if self.evaluated else math.nan

    @property
    def per_ten_thousand(self) -> float:
        """Valid points per 10^4 evaluations."""
        return 1e4 * self.fraction


def efficiency_of(run: Run, problem: Problem | None = None) -> Efficiency:
    """Count the points of a run; `problem` is needed for the coverage only."""
    counts = run.reader.counts()
    stored = run.count
    evaluated, failed = stored, sum(n for status, n in counts.dropped.items() if status != Status.OK.name)
    valid, first = 0, None
    if stored:
        query = f"""SELECT count(*) FILTER ({run.found}) AS valid,
                    count(*) FILTER (status <> {int(Status.OK)}) AS failed,
                    min("index") FILTER ({run.found}) AS first FROM points"""
        row = run.sql(query).to_pylist()[0]
        valid, first, failed = row["valid"], row["first"], failed + row["failed"]
    if counts.evaluated > stored:
        evaluated = counts.evaluated
        # Without the other rows: every island had gone this far.
        first = None if first is None else min(evaluated, (first + 1) * len(counts.counted))
    elif first is not None:
        first = run.sql(f'SELECT count(*) AS n FROM points WHERE "index" <= {first}')["n"][0].as_py()
    coverage = None if problem is None else coverage_of(run, problem)
    return Efficiency(evaluated, stored, valid, failed, first, coverage, run.probe_count)


def coverage_of(run: Run, problem: Problem) -> float:
    """Return the coverage of the valid points of a run."""
    space = problem.model.space
    coverage = Coverage(space.dimension)
    if run.count:
        for table in run.reader.batches(list(space.names), run.found, rows=_ROWS):
            x = np.column_stack([table[name].to_numpy() for name in space.names])
            coverage.add(np.clip(space.to_unit(x), 0.0, 1.0))
    return float(coverage.mean)
