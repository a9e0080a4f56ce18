"""Capture and recapture: how many kinds there are, judged by how many independent samples saw each of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from terranova.types import Bools, Ints

Z = 1.959963984540054
"""Normal quantile of a two-sided interval of 95 %."""


@dataclass(frozen=True)
class Richness:
    """How many kinds there are.

    Attributes:
        seen: kinds that some sample saw.
        total: estimated number of kinds, at least `seen`.
        low: lower end of its interval at 95 %, at least `seen`.
        high: upper end; infinite where nothing limits it.
    """

    seen: int
    total: float
    low: float
    high: float

    @property
    def fraction(self) -> float:
        """`seen` as a part of `total`; NaN when nothing was seen."""
        return self.seen / self.total if self.seen else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Interval of `fraction` at 95 %."""
        return (self.seen / self.high, self.seen / self.low) if self.seen else (math.nan, math.nan)


def chao2(seen_by: Ints, samples: int) -> Richness:
    """Estimate a number of kinds from incidences: the estimator of A. Chao, Biometrics 43 (1987) 783.

    In the form without bias for kinds that are equally easy to see, which needs no kind seen twice. Where some are
    harder to see than others, what it estimates is a lower bound of their number. The interval is log-normal, with
    the variance of that form (R. K. Colwell, EstimateS 9, appendix B): kinds are taken to be seen independently
    of one another.

    Args:
        seen_by: (kinds,) number of samples that saw each; kinds that none saw may be left out or be 0.
        samples: how many there are.

    Raises:
        ValueError: fewer than two samples, or a kind seen by more than there are.
    """
    seen, once, twice = _tally(seen_by, samples)
    a = (samples - 1) / samples
    unseen = a * once * (once - 1) / (2 * (twice + 1))
    variance = unseen + a**2 * once * (2 * once - 1) ** 2 / (4 * (twice + 1) ** 2)
    if twice:
        variance += a**2 * once**2 * twice * (once - 1) ** 2 / (4 * (twice + 1) ** 4)
    elif unseen:
        variance -= a**2 * once**4 / (4 * (seen + unseen))
    return _with_interval(seen, unseen, variance)


def chao2_of_samples(saw: Bools) -> Richness:
    """As `chao2`, with an interval from leaving out one sample after the other.

    That holds also where kinds are not seen independently, as neighbouring bins of a histogram are not: it is the
    samples that must be independent.

    Args:
        saw: (samples, kinds) True where a sample saw a kind.

    Raises:
        ValueError: fewer than two samples.
    """
    samples = len(saw)
    seen_by: Ints = saw.sum(axis=0, dtype=np.int64)
    whole = chao2(seen_by, samples)
    unseen = whole.total - whole.seen
    if samples < 3 or not unseen:
        return whole
    # Of the logarithm, which is nearer to normal.
    parts = [chao2(seen_by - one, samples - 1) for one in saw]
    logarithms = np.log([max(part.total - part.seen, 0.5) for part in parts])
    spread = (samples - 1) / samples * float(((logarithms - logarithms.mean()) ** 2).sum())
    return _with_interval(whole.seen, unseen, max(math.expm1(spread) * unseen**2, 0.0))


def _tally(seen_by: Ints, samples: int) -> tuple[int, int, int]:
    if samples < 2:
        raise ValueError(f"capture and recapture needs two samples, got {samples}")
    counts = np.bincount(np.asarray(seen_by, dtype=np.int64).ravel(), minlength=3)
    if len(counts) > samples + 1:
        raise ValueError(f"a kind was seen by {len(counts) - 1} of {samples} samples")
    return int(counts[1:].sum()), int(counts[1]), int(counts[2])


def _with_interval(seen: int, unseen: float, variance: float) -> Richness:
    if unseen <= 0.0:
        return Richness(seen, float(seen), float(seen), float(seen))
    factor = math.exp(Z * math.sqrt(math.log1p(variance / unseen**2)))
    return Richness(seen, seen + unseen, seen + unseen / factor, seen + unseen * factor)
