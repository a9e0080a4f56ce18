"""How well a scan did, against random sampling, and which constraints its points failed.

Nothing here is an inference about the model: a scan's points are where the sampler chose to look. Only the
random points are a fair sample of the prior. docs/statistics.md has the formulas.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from terranova.errors import TerranovaError
from terranova.interfaces.batch import Status
from terranova.interfaces.model import PointModel
from terranova.types import Array, Bools, Floats, Ints

if TYPE_CHECKING:
    from terranova.evaluation.problem import Problem
    from terranova.runs.run import Run

CONFIDENCE = 0.95
LARGEST_SET = 3
"""Joint sets of more constraints than this are not listed: their number grows without bound."""

_ROWS = 50_000
_RANDOM_ROWS = 10_000
"""Points in a batch: read from the store, and evaluated."""


# -- which constraint kills how many points ----------------------------------------------------------------------


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


# -- random sampling, the yardstick ------------------------------------------------------------------------------


def binomial_limits(successes: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the one-sided Clopper-Pearson lower and upper limits on a probability.

    Each limit alone has the given confidence. With no success the upper one is close to 3 / trials at 95 %.
    """
    from scipy.special import betaincinv

    if trials == 0:
        return 0.0, 1.0
    k, n = successes, trials
    lower = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, 1.0 - confidence))
    upper = 1.0 if k == n else float(betaincinv(k + 1, n - k, confidence))
    return lower, upper


@dataclass(frozen=True)
class RandomSample:
    """What uniformly random points of the unit cube gave.

    Attributes:
        points: how many were evaluated.
        valid: of these.
        failed: of these.
        kills: which constraints the others failed.
        seconds: it took.
    """

    points: int
    valid: int
    failed: int
    kills: Kills
    seconds: float

    @property
    def fraction(self) -> float:
        """Share of valid points; NaN when there is no point."""
        return self.valid / self.points if self.points else math.nan

    @property
    def upper_limit(self) -> float:
        """Upper limit at 95 % on that share."""
        return binomial_limits(self.valid, self.points)[1]

    @property
    def product_estimate(self) -> float:
        """The valid fraction if the constraints were independent: the product of all pass rates.

        A constraint that no random point satisfied enters with its upper limit, so that the product is an
        estimate from above then.
        """
        if not self.points:
            return math.nan
        product = (self.points - self.failed) / self.points
        for passed, known in zip(*self.passed_and_known(), strict=True):
            product *= passed / known if passed else binomial_limits(0, known)[1]
        return float(product)

    def passed_and_known(self) -> tuple[list[int], list[int]]:
        """For each constraint, how many points satisfied it, and for how many it was computed."""
        known = self.kills.points - self.kills.unknown
        return (known - self.kills.violated).tolist(), known.tolist()


def sample_randomly(
    problem: Problem, points: int | None = None, *, seconds: float = 5.0, seed: int = 0
) -> RandomSample:
    """Evaluate and score uniformly random points of a problem.

    Args:
        problem: what to evaluate.
        points: how many; if None as many as fit in `seconds`, at most a million.
        seconds: time allowed when `points` is None. One batch is always evaluated.
        seed: of the random points: the first n are always the same.
    """
    rng = np.random.default_rng(seed)
    kills = Kills(tuple(c.name for c in problem.constraints))
    done = failed = 0
    size, goal = 16, 1_000_000 if points is None else points
    problem.evaluate(problem.model.space.to_physical(np.full((1, problem.model.space.dimension), 0.5)))  # compiles
    started = time.perf_counter()
    while done < goal:
        n = min(size, goal - done)
        batch_started = time.perf_counter()
        x = problem.model.space.to_physical(rng.random((n, problem.model.space.dimension)))
        evaluation = problem.evaluate(x)
        violations, _ = problem.score(x, evaluation.observables)
        ok = evaluation.status == Status.OK
        kills.add(violations[ok])
        failed += int((~ok).sum())
        done += n
        now = time.perf_counter()
        rest = seconds - (now - started)
        if points is None and rest <= 0:
            break
        # Large batches are cheaper, but none may take more than a part of the time that is left.
        pace = (now - batch_started) / n
        affordable = _RANDOM_ROWS if points is not None else int(0.5 * rest / max(pace, 1e-9)) + 1
        size = max(1, min(4 * size, _RANDOM_ROWS, affordable))
    return RandomSample(done, kills.satisfied, failed, kills, time.perf_counter() - started)


# -- efficiency --------------------------------------------------------------------------------------------------


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
    from terranova.runs.coverage import Coverage

    space = problem.model.space
    coverage = Coverage(space.dimension)
    if run.count:
        for table in run.reader.batches(list(space.names), run.found, rows=_ROWS):
            x = np.column_stack([table[name].to_numpy() for name in space.names])
            coverage.add(np.clip(space.to_unit(x), 0.0, 1.0))
    return float(coverage.mean)


# -- all of it ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Diagnosis:
    """A scan judged.

    Attributes:
        efficiency: of the scan.
        kills: constraints failed by the stored points.
        random: the yardstick; None when the problem could not be rebuilt, or was not to be evaluated.
        problem_missing: why the problem could not be rebuilt; empty when it could.
    """

    efficiency: Efficiency
    kills: Kills
    random: RandomSample | None
    problem_missing: str = ""

    @property
    def gain(self) -> float:
        """Valid fraction of the scan over that of random points; infinite when random found none, else NaN."""
        if self.random is None or not self.random.points or not self.efficiency.valid:
            return math.nan
        return self.efficiency.fraction / self.random.fraction if self.random.valid else math.inf

    @property
    def gain_at_least(self) -> float:
        """Lower limit at 95 % on the gain; NaN when there is nothing to compare."""
        if self.random is None or not self.random.points or not self.efficiency.evaluated:
            return math.nan
        return self.efficiency.fraction / self.random.upper_limit


def diagnose(
    run: Run, random_points: int | None = None, *, random_seconds: float = 5.0, seed: int = 0
) -> Diagnosis:
    """Judge a run, also one that is still going on.

    Args:
        run: to judge.
        random_points: random points to compare with; 0 for none. If None, as many as fit in `random_seconds`, and
            none of a model that computes one point at a time.
        random_seconds: see `random_points`.
        seed: of the random points.
    """
    problem, missing = None, ""
    try:
        problem = run.problem()
    except (TerranovaError, ValueError) as error:
        missing = str(error)
    sample = None
    if problem is not None and random_points is None and isinstance(problem.model.plugin, PointModel):
        random_points = 0  # slow, perhaps fragile: only on request
    if problem is not None and random_points != 0:
        sample = sample_randomly(problem, random_points, seconds=random_seconds, seed=seed)
    return Diagnosis(efficiency_of(run, problem), kills_of(run), sample, missing)


def order_of_resistance(kills: Kills) -> Array:
    """Return the constraints' numbers (m,), those that most points violate first."""
    return np.argsort(-kills.violated, kind="stable")
