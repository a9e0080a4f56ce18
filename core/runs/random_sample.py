"""Uniformly random points of a problem: the yardstick of a scan, and the only fair sample of the prior."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from terranova.interfaces.batch import Status
from terranova.runs.kills import Kills

if TYPE_CHECKING:
    from terranova.evaluation.problem import Problem

CONFIDENCE = 0.95

_ROWS = 10_000
"""Points that are evaluated at a time, at most."""


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
        affordable = _ROWS if points is not None else int(0.5 * rest / max(pace, 1e-9)) + 1
        size = max(1, min(4 * size, _ROWS, affordable))
    return RandomSample(done, kills.satisfied, failed, kills, time.perf_counter() - started)
