"""Reference directions for NSGA-III: points spread over the simplex of M objectives."""

from __future__ import annotations

from math import comb

import numpy as np

from terranova.plugins._require import require
from terranova.types import Floats


def directions(objectives: int, wanted: int) -> Floats:
    """Return reference directions (n, M), each of which sums to 1; n is at most `wanted` if that can be.

    One simplex lattice (Das and Dennis, doi:10.1137/S1052623496307510) where at least three partitions fit.
    Otherwise two layers of it, the inner one shrunk by half towards the centre, as doi:10.1109/TEVC.2013.2281535
    (section V) does for many objectives; with very many, each has one partition and there are 2 M directions.
    Energy-minimising directions would take minutes for sixty objectives.

    Args:
        objectives: number M.
        wanted: how many directions, about.
    """
    get = require("pymoo.util.ref_dirs", "pymoo", "nsga3").get_reference_directions
    if objectives == 1:
        return np.ones((1, 1))
    single = _partitions(objectives, wanted)
    if single >= 3:
        return np.asarray(get("das-dennis", objectives, n_partitions=single), dtype=float)
    outer = max(1, _partitions(objectives, wanted // 2))
    inner = max(1, _partitions(objectives, wanted - _count(objectives, outer)))
    layers = [get("das-dennis", objectives, n_partitions=p, scaling=s) for p, s in ((outer, 1.0), (inner, 0.5))]
    # With one partition the layers are the corners; where two layers meet, one of the points is enough.
    return np.unique(np.concatenate(layers).round(12), axis=0)[::-1].copy()


def _count(objectives: int, partitions: int) -> int:
    """Number of points of a simplex lattice."""
    return comb(partitions + objectives - 1, partitions)


def _partitions(objectives: int, wanted: int) -> int:
    """Largest number of partitions whose lattice has at most `wanted` points."""
    partitions = 0
    while _count(objectives, partitions + 1) <= wanted:
        partitions += 1
    return partitions
