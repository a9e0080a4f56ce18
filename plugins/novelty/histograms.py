"""Compiled loops of the histogram detectors.

Sums of logarithms are taken as logarithms of products: one call for dozens of factors.
"""

from __future__ import annotations

import math

import numpy as np

from terranova.plugins._jit import kernel
from terranova.types import Array, Floats, Ints

_LARGE = 1e250
"""Products are cashed in above this; factors are counts of points, far below 1e50."""


@kernel
def count(features: Floats, island: Ints, bins: Ints, counts: Ints, own: Array, own_total: Ints) -> None:
    """Add points (n, f) to the counts of all islands and of their own.

    Args:
        features: (n, f) in [0, 1].
        island: (n,) who found each.
        bins: (r,) numbers of bins.
        counts: (f, sum of bins), of all islands.
        own: (I, f, bins[0]).
        own_total: (I,) number of points.
    """
    for k in range(features.shape[0]):
        i = island[k]
        own_total[i] += 1
        for j in range(features.shape[1]):
            own[i, j, min(int(features[k, j] * bins[0]), bins[0] - 1)] += 1
            first = 0
            for number in bins:
                counts[j, first + min(int(features[k, j] * number), number - 1)] += 1
                first += number


@kernel
def score(
    features: Floats,
    island: Ints,
    bins: Ints,
    shared: Ints,
    shared_total: int,
    own: Array,
    own_total: Ints,
    novelty: Floats,
) -> None:
    """Write the novelty (n,) of points (n, f), as each one's island (n,) sees it; other shapes as in `count`."""
    for k in range(features.shape[0]):
        i = island[k]
        points = shared_total + own_total[i]
        if points == 0 or features.shape[1] == 0:
            novelty[k] = 1.0
            continue
        total_own = 0.0
        total_shared = 0.0
        product_own = 1.0
        product_shared = 1.0
        for j in range(features.shape[1]):
            slot = min(int(features[k, j] * bins[0]), bins[0] - 1)
            product_own *= shared[j, slot] + own[i, j, slot] + 1.0
            if product_own > _LARGE:
                total_own += math.log(product_own)
                product_own = 1.0
            first = bins[0]
            for number in bins[1:]:
                slot = first + min(int(features[k, j] * number), number - 1)
                product_shared *= shared[j, slot] + 1.0
                if product_shared > _LARGE:
                    total_shared += math.log(product_shared)
                    product_shared = 1.0
                first += number
        crowding = (total_own + math.log(product_own)) / math.log(points + 1.0)
        if shared_total > 0:
            crowding += (total_shared + math.log(product_shared)) / math.log(shared_total + 1.0)
        novelty[k] = min(1.0, max(0.0, 1.0 - crowding / (features.shape[1] * len(bins))))


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
