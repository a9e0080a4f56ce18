"""How well a set of valid points stands for the whole valid region: distances, and regions."""

from __future__ import annotations

import numpy as np

from terranova.comparison.known_region import KnownRegion
from terranova.types import Bools, Floats

REFERENCE = 1500
"""Reference points at most: of a known region drawn at random, else thinned from all points found."""

_POOL = 20_000
_CLUSTER_POINTS = 1000
_LINK = 99.0
"""Points belong to one region when linked by steps up to this percentile of nearest-neighbour distances, x 2."""


def embedded(u: Floats, periodic: Bools) -> Floats:
    """Map u (n, d) to coordinates in which periodic axes close: each becomes a circle of circumference 1."""
    angle = 2.0 * np.pi * u[:, periodic]
    radius = 1.0 / (2.0 * np.pi)
    return np.column_stack([u[:, ~periodic], radius * np.cos(angle), radius * np.sin(angle)])


def reference_points(region: KnownRegion | None, samples: list[Floats], d: int, periodic: Bools) -> Floats:
    """Return points u (n, d) that stand for the valid region.

    Of a known region they are independent draws. Otherwise they are chosen from what all samplers found, each
    the farthest from those before, so that crowded places count no more than lonely ones.
    """
    rng = np.random.default_rng(1)
    if region is not None:
        return region.draw_valid(REFERENCE, rng)
    samples = [sample for sample in samples if len(sample)]
    if not samples:
        return np.empty((0, d))
    pool = np.concatenate(samples)
    if len(pool) > _POOL:
        pool = pool[np.sort(rng.choice(len(pool), _POOL, replace=False))]
    places = embedded(pool, periodic)
    chosen = [0]
    distance = ((places - places[0]) ** 2).sum(axis=1)
    while len(chosen) < min(REFERENCE, len(pool)) and distance.max() > 0.0:
        chosen.append(int(distance.argmax()))
        np.minimum(distance, ((places - places[chosen[-1]]) ** 2).sum(axis=1), out=distance)
    return pool[chosen]


def coverage_of_reference(reference: Floats, u: Floats, periodic: Bools) -> float:
    """Return the mean distance from reference points (r, d) to the nearest of u (n, d); NaN without points."""
    from scipy.spatial import cKDTree

    if not len(reference) or not len(u):
        return float("nan")
    distance, _ = cKDTree(embedded(u, periodic)).query(embedded(reference, periodic))
    return float(distance.mean())


def regions_found(u: Floats, periodic: Bools) -> int:
    """Return the number of clusters of u (n, d) by single linkage; an estimate, where the region is not known."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial import cKDTree

    if len(u) < 3:
        return min(len(u), 1)
    places = embedded(u[:: max(1, len(u) // _CLUSTER_POINTS)], periodic)
    nearest, _ = cKDTree(places).query(places, k=2)
    reach = 2.0 * float(np.percentile(nearest[:, 1], _LINK))
    if reach == 0.0:
        return 1
    return int(fcluster(linkage(places, "single"), reach, criterion="distance").max())
