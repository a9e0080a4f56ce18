"""Compiled loops of the HBOS detector."""

from __future__ import annotations

import math

import numpy as np

from terranova.plugins._jit import kernel
from terranova.types import Floats, Ints


@kernel
def count(features: Floats, island: Ints, bins: Ints, own: Ints, own_total: Ints) -> None:
    """Add points (n, f) to the counts own (I, f, all bins) and own_total (I,) of their islands (n,)."""
    for k in range(features.shape[0]):
        i = island[k]
        own_total[i] += 1
        for j in range(features.shape[1]):
            first = 0
            for number in bins:
                own[i, j, first + min(int(features[k, j] * number), number - 1)] += 1
                first += number


@kernel
def score(
    features: Floats,
    island: Ints,
    bins: Ints,
    alpha: float,
    shared: Ints,
    shared_total: Ints,
    own: Ints,
    own_total: Ints,
    novelty: Floats,
) -> None:
    """Write the novelty (n,) of points (n, f), as each one's island (n,) sees it."""
    f, histograms = features.shape[1], len(bins)
    for k in range(features.shape[0]):
        i = island[k]
        points = float(shared_total[0] + own_total[i])
        if points == 0.0 or f == 0:
            novelty[k] = 1.0
            continue
        total = 0.0
        for j in range(f):
            first = 0
            for r in range(histograms):
                number = bins[r]
                slot = first + min(int(features[k, j] * number), number - 1)
                here = float(shared[j, slot] + own[i, j, slot])
                total += math.log((points + alpha) / (here + alpha))
                first += number
        novelty[k] = min(1.0, max(0.0, total / (f * histograms * math.log((points + alpha) / alpha))))
