"""Where the training points are: no prediction is to be trusted elsewhere."""

from __future__ import annotations

import numpy as np

from terranova.types import Bools, Floats

NEIGHBOURS = 3
QUANTILE = 0.99
MARGIN = 1.5
INSIDE = (-1e-6, 1.0 + 1e-6)
"""Coordinates of training points: the unit cube, and what rounding may add."""

LEAST = 1e-12
"""Distance below which points are the same."""

"""Trust falls from 1 to 0 between the distance that 99 % of the training points keep, and this times it."""


class Support:
    """Distance to the third nearest training point, against that among the training points themselves.

    Args:
        u: (n, d) training points, more than three.
    """

    def __init__(self, u: Floats) -> None:
        from scipy.spatial import cKDTree

        self.u = u
        # Copies of a point would all be looked at, for each of them: a tree of a million takes days.
        places, self._copies = np.unique(u, axis=0, return_counts=True)
        self._tree = cKDTree(places)
        own = np.repeat(self._distance(places, NEIGHBOURS + 1), self._copies)
        self._limit = max(LEAST, float(np.quantile(own, QUANTILE)))

    def _distance(self, u: Floats, rank: int) -> Floats:
        """Return the distance (n,) to the training point of this rank, of which copies count as well."""
        distance, place = self._tree.query(u, k=range(1, rank + 1))
        so_far = np.cumsum(np.append(self._copies, rank)[place], axis=1)  # there is no place beyond the last
        found: Floats = np.take_along_axis(distance, (so_far < rank).sum(axis=1)[:, None], axis=1)[:, 0]
        return found

    def trust(self, u: Floats) -> Floats:
        """Return (n,) in [0, 1]."""
        finite: Bools = np.asarray(np.isfinite(u).all(axis=1))
        distance = self._distance(np.where(finite[:, None], u, 0.0), NEIGHBOURS)
        scaled = (distance / self._limit - 1.0) / (MARGIN - 1.0)
        inside = finite & (u >= 0.0).all(axis=1) & (u <= 1.0).all(axis=1)
        return np.where(inside, np.clip(1.0 - scaled, 0.0, 1.0), 0.0)


def why_not(u: Floats, targets: Floats, minimum: int) -> str:
    """Return why rows u (n, d) with targets (n, q), all finite, teach nothing; "" if they may."""
    if len(u) < minimum:
        return f"only {len(u)} usable rows in the region that matters, at least {minimum} are needed"
    if (np.ptp(targets, axis=0) == 0.0).all():
        return "all targets are the same in every row"
    spread = np.linalg.svd(u - u.mean(axis=0), compute_uv=False)
    if len(spread) < u.shape[1] or spread[-1] < 1e-9 * max(1.0, spread[0]) or np.ptp(u, axis=0).min() == 0.0:
        return "the rows lie in a plane of fewer dimensions than there are parameters"
    if len(np.unique(u, axis=0)) < minimum:
        return "most rows are copies of each other"
    return ""
