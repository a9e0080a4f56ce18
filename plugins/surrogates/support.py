"""Where the training points are: no prediction is to be trusted elsewhere."""

from __future__ import annotations

import numpy as np

from terranova.types import Bools, Floats

NEIGHBOURS = 3
QUANTILE = 0.99
MARGIN = 1.5
"""Trust falls from 1 to 0 between the distance that 99 % of the training points keep, and this times it."""


class Support:
    """Distance to the third nearest training point, against that among the training points themselves.

    Args:
        u: (n, d) training points, more than three.
    """

    def __init__(self, u: Floats) -> None:
        from scipy.spatial import cKDTree

        self.u = u
        self._tree = cKDTree(u)
        own = self._tree.query(u, k=NEIGHBOURS + 1)[0][:, -1]
        self._limit = float(np.quantile(own, QUANTILE))

    def trust(self, u: Floats) -> Floats:
        """Return (n,) in [0, 1]."""
        finite: Bools = np.asarray(np.isfinite(u).all(axis=1))
        distance = self._tree.query(np.where(finite[:, None], u, 0.0), k=NEIGHBOURS)[0][:, -1]
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
