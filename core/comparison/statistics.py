"""Statistics over seeds: intervals, a test before the word "better", and profiles."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from terranova.types import Bools, Floats

RESAMPLES = 9999
LEVEL = 0.95
"""Confidence level of every interval."""

SIGNIFICANCE = 0.05
"""The chance of calling equals different, over all comparisons of a table together."""


@dataclass(frozen=True)
class Estimate:
    """A value with its interval; the ends are NaN when there are too few seeds for one."""

    value: float
    low: float
    high: float


def mean(values: Floats, seed: int = 0) -> Estimate:
    """Return the mean over seeds (n,), with a bias-corrected and accelerated bootstrap interval.

    Source: B. Efron, J. Am. Stat. Assoc. 82 (1987) 171, as in scipy.stats.bootstrap.
    """
    from scipy import stats

    if len(values) < 3:
        return Estimate(float(np.mean(values)) if len(values) else np.nan, np.nan, np.nan)
    if np.ptp(values) == 0.0:
        return Estimate(float(values[0]), float(values[0]), float(values[0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interval = stats.bootstrap(
            (values,),
            np.mean,
            n_resamples=RESAMPLES,
            confidence_level=LEVEL,
            rng=np.random.default_rng(seed),
        ).confidence_interval
    return Estimate(float(values.mean()), float(interval.low), float(interval.high))


def expected_running_time(first: Floats, spent: Floats, seed: int = 0) -> Estimate:
    """Return the expected number of evaluations until the first valid point, restarts included.

    All evaluations spent until a success, or in vain, divided by the number of successes. Seeds without
    success are resampled together with the others; where a resample has none, the time is infinite.

    Source: N. Hansen et al., Optim. Methods Softw. 36 (2021) 114, arXiv:1603.08785, section 6.

    Args:
        first: (n,) evaluations up to the first valid point; NaN where there was none.
        spent: (n,) evaluations of each trial.
    """
    solved = np.isfinite(first)
    cost = np.where(solved, first, spent)
    value = _ratio(cost.sum(), solved.sum())
    if len(first) < 3:
        return Estimate(value, np.nan, np.nan)
    chosen = np.random.default_rng(seed).integers(0, len(first), (RESAMPLES, len(first)))
    times = [_ratio(c, s) for c, s in zip(cost[chosen].sum(axis=1), solved[chosen].sum(axis=1), strict=True)]
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(times, [tail, 100 - tail], method="nearest")
    return Estimate(value, float(low), float(high))


def _ratio(cost: float, successes: float) -> float:
    return float(cost / successes) if successes else np.inf


@dataclass(frozen=True)
class Difference:
    """A sampler against another on the same seeds.

    Attributes:
        better: the label of the first.
        worse: the label of the second.
        mean: of the differences, better minus worse, with its interval.
        p: of a paired permutation test, after Holm's correction for all comparisons of the table.
    """

    better: str
    worse: str
    mean: Estimate
    p: float

    @property
    def significant(self) -> bool:
        """Whether "better" may be said."""
        return self.p < SIGNIFICANCE


def leader_against_others(labels: Sequence[str], values: Sequence[Floats]) -> list[Difference]:
    """Compare the sampler of the highest mean with every other, pairing equal seeds.

    The test flips the signs of the differences: exact for few seeds, no distribution assumed. Sources: E. S.
    Edgington, Randomization Tests (1995); S. Holm, Scand. J. Stat. 6 (1979) 65.

    Args:
        labels: of the samplers.
        values: one array over seeds (n,) each, of a measure of which more is better; NaN where a trial failed.
    """
    from scipy import stats

    means = np.array([np.nanmean(v) if np.isfinite(v).any() else -np.inf for v in values])
    if len(labels) < 2 or not np.isfinite(means).any():
        return []
    best = int(np.argmax(means))
    raw: list[tuple[int, Estimate, float]] = []
    for i in range(len(labels)):
        if i == best:
            continue
        delta = values[best] - values[i]
        delta = delta[np.isfinite(delta)]
        if len(delta) < 2 or not delta.any():
            raw.append((i, mean(delta), 1.0))
            continue
        test = stats.permutation_test(
            (delta,),
            lambda d, axis: np.mean(d, axis=axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=RESAMPLES,
            rng=np.random.default_rng(0),
        )
        raw.append((i, mean(delta), float(test.pvalue)))
    corrected = holm([p for _, _, p in raw])
    return [Difference(labels[best], labels[i], m, p) for (i, m, _), p in zip(raw, corrected, strict=True)]


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values corrected for being one of several, by Holm's step-down method."""
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    running = 0.0
    for rank, i in enumerate(order):
        running = max(running, (len(p) - rank) * p[i])
        corrected[i] = min(1.0, running)
    return [float(c) for c in corrected]


def data_profile(first: Floats, at: Floats) -> Floats:
    """Return the share of trials solved within the given numbers of evaluations.

    Source: J. J. More and S. M. Wild, SIAM J. Optim. 20 (2009) 172.

    Args:
        first: (trials,) evaluations up to the first valid point; NaN for unsolved.
        at: (points,) numbers of evaluations.
    """
    solved = np.sort(first[np.isfinite(first)])
    return np.searchsorted(solved, at, side="right") / max(1, len(first))


def performance_profile(first: Floats, at: Floats) -> Floats:
    """Return for each sampler the share of trials that it solved within a factor of the fastest sampler.

    Source: E. D. Dolan and J. J. More, Math. Program. 91 (2002) 201.

    Args:
        first: (samplers, trials) evaluations up to the first valid point; NaN for unsolved.
        at: (points,) factors, from 1.

    Returns:
        (samplers, points)
    """
    usable: Bools = np.asarray(np.isfinite(first).any(axis=0))
    if not usable.any():
        return np.zeros((len(first), len(at)))
    fastest = np.nanmin(first[:, usable], axis=0)
    ratio = np.where(np.isfinite(first[:, usable]), first[:, usable] / fastest, np.inf)
    inside = (ratio[:, :, None] <= at * (1 + 1e-12)).sum(axis=1)
    return np.asarray(inside / first.shape[1], dtype=float)
