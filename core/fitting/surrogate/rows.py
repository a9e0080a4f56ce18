"""Which of the known points a surrogate of a fit is trained on."""

from __future__ import annotations

import numpy as np

from terranova.fitting.likelihood import Likelihood
from terranova.fitting.surrogate.targets import NEAR, REGION
from terranova.types import Floats, Ints

_SAME = 2e-4
"""Points nearer to each other than this, in units of the cube, are one to the surrogate."""

_RECENT = 300
"""The points evaluated last always belong to the training: the surrogate was wrong there."""

_FROM_SCANS = 20_000
"""Rows of scans to choose from, at most: half with Delta chi2 below `NEAR`, a quarter `REGION`, the rest any."""

_COARSER = 1.25
"""Where too many are left, what counts as near grows by this factor, until they are few enough."""


class TrainingRows:
    """Chooses rows of the points that a likelihood knows.

    Args:
        likelihood: whose points.
        seed: of all random numbers.
        scanned: number of the points of scans, which are known first.
    """

    def __init__(self, likelihood: Likelihood, seed: int, scanned: int) -> None:
        self._likelihood, self._seed, self._scanned = likelihood, seed, scanned
        self._from_scans = self._sample_of_scans()

    def _sample_of_scans(self) -> Ints:
        """Return rows of scans: thinning out millions of them, again and again, would take minutes."""
        loglike = self._likelihood.loglikes[: self._scanned]
        if len(loglike) <= _FROM_SCANS:
            return np.arange(len(loglike))
        delta = 2.0 * (loglike.max() - loglike)
        rng = np.random.default_rng([self._seed, 3])
        groups = [
            (delta < NEAR, _FROM_SCANS // 2),
            (delta < REGION, _FROM_SCANS // 4),
            (delta >= 0.0, _FROM_SCANS // 4),
        ]
        drawn = [rng.permutation(np.flatnonzero(which))[:most] for which, most in groups]
        return np.unique(np.concatenate([[int(np.argmin(delta))], *drawn]))

    def choose(self, most: tuple[int, int, int], top: float) -> Ints:
        """Choose the rows of a training: of points close together only the best.

        Args:
            most: rows with Delta chi2 below `NEAR`, below `REGION` and beyond, at most.
            top: the largest log-likelihood known.
        """
        u = self._likelihood.u
        delta = 2.0 * (top - self._likelihood.loglikes)
        rows = np.concatenate([self._from_scans, np.arange(self._scanned, len(delta))])
        order = _thinned(u, rows[np.argsort(delta[rows], kind="stable")], _SAME)
        rng = np.random.default_rng([self._seed, 2])
        near, region = delta[order] < NEAR, delta[order] < REGION
        most_near, *most_others = most
        chosen, size = order[near], _SAME
        while len(chosen) > most_near:
            size *= _COARSER
            chosen = _thinned(u, chosen, size)
        others = zip((region & ~near, ~region), most_others, strict=True)
        recent = order[region & (order >= len(delta) - _RECENT)]
        groups = [chosen, recent, *(rng.permutation(order[which])[:limit] for which, limit in others)]
        return np.unique(np.concatenate(groups))


def _thinned(u: Floats, order: Ints, size: float) -> Ints:
    """Return the first of the rows `order` of u (n, d) in each cell of this size, in their order."""
    cells = np.round(u[order] / size).astype(np.int64)
    # One random number stands for a cell: sorting numbers is far cheaper than sorting rows.
    keys = cells @ np.random.default_rng(0).integers(-(2**62), 2**62, cells.shape[1])
    return np.asarray(order[np.sort(np.unique(keys, return_index=True)[1])])
