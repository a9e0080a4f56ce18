"""Compiled loops of the histogram detectors.

Sums of logarithms are taken as logarithms of products: one call for dozens of factors.
"""

from __future__ import annotations

import math

import numpy as np

from terranova.plugins._jit import kernel
from terranova.types import Floats, Ints

_LARGE = 1e250
"""Products are cashed in above this; factors are counts of points, far below 1e50."""


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
    shared: Ints,
    shared_total: Ints,
    own: Ints,
    own_total: Ints,
    novelty: Floats,
) -> None:
    """Write the novelty (n,) of points (n, f), as each one's island (n,) sees it."""
    histograms = features.shape[1] * len(bins)
    for k in range(features.shape[0]):
        i = island[k]
        points = shared_total[0] + own_total[i]
        if points == 0 or histograms == 0:
            novelty[k] = 1.0
            continue
        total = 0.0
        product = 1.0
        for j in range(features.shape[1]):
            first = 0
            for number in bins:
                slot = first + min(int(features[k, j] * number), number - 1)
                product *= shared[j, slot] + own[i, j, slot] + 1.0
                if product > _LARGE:
                    total += math.log(product)
                    product = 1.0
                first += number
        total += math.log(product)
        crowding = total / (histograms * math.log(points + 1.0))
        novelty[k] = min(1.0, max(0.0, 1.0 - crowding))


@kernel
def count_pairs(features: Floats, first: Ints, second: Ints, bins: int, counts: Ints) -> None:
    """Add points (n, f) to the counts (pairs, bins * bins) of the pairs (first, second)."""
    slots = np.empty(features.shape[1], dtype=np.int64)
    for k in range(features.shape[0]):
        for j in range(features.shape[1]):
            slots[j] = min(int(features[k, j] * bins), bins - 1)
        for p in range(len(first)):
            counts[p, slots[first[p]] * bins + slots[second[p]]] += 1


@kernel
def score_pairs(features: Floats, first: Ints, second: Ints, bins: int, shared: Ints, novelty: Floats) -> None:
    """Write the novelty (n,) of points (n, f) from the shared counts (pairs >= 1, bins * bins)."""
    points = 0
    for slot in range(bins * bins):
        points += shared[0, slot]  # every point is in one bin of the first pair
    slots = np.empty(features.shape[1], dtype=np.int64)
    for k in range(features.shape[0]):
        if points == 0:
            novelty[k] = 1.0
            continue
        for j in range(features.shape[1]):
            slots[j] = min(int(features[k, j] * bins), bins - 1)
        total = 0.0
        product = 1.0
        for p in range(len(first)):
            product *= shared[p, slots[first[p]] * bins + slots[second[p]]] + 1.0
            if product > _LARGE:
                total += math.log(product)
                product = 1.0
        total += math.log(product)
        crowding = total / (len(first) * math.log(points + 1.0))
        novelty[k] = min(1.0, max(0.0, 1.0 - crowding))
