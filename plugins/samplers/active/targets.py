"""What a surrogate learns: outputs that vary smoothly, and the interval in which each is accepted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from terranova import Batch, SearchSpace
from terranova.types import Bools, Floats, Ints


@dataclass(frozen=True)
class Target:
    """Outputs of n points, ready for a regression.

    Attributes:
        y: (n, g), compressed so that a few huge values do not hide the small ones.
        low, high: (g,) the interval of each that is wanted, compressed likewise; the ends may be infinite.
    """

    y: Floats
    low: Floats
    high: Floats


class Outputs:
    """Picks from a batch what the surrogate learns.

    Each constrained observable is an output of its own: it varies smoothly, while a violation has kinks where it
    becomes 0. Constraints that are no window of one observable enter with their violation, -1 where passed.
    The last column is chi squared, -2 ln L.

    Args:
        space: observables, windows and constraints.
    """

    def __init__(self, space: SearchSpace) -> None:
        windows = {n: w for n, w in space.windows.items() if n in space.observables}
        self._observables: Ints = np.array([space.observables.index(n) for n in windows], dtype=np.int64)
        other = [
            j
            for j, name in enumerate(space.constraints)
            if not (len(space.reads.get(name, ())) == 1 and space.reads[name][0] in windows)
        ]
        self._violations: Ints = np.array(other, dtype=np.int64)
        ends = np.array(list(windows.values()), dtype=float).reshape(-1, 2)
        rest = np.tile([-math.inf, 0.0], (len(other), 1))
        self.low, self.high = np.concatenate([ends, rest]).T

    @property
    def count(self) -> int:
        """Number of columns, chi squared included."""
        return len(self._observables) + len(self._violations) + 1

    def of(self, batch: Batch) -> Floats:
        """Return the raw outputs (n, count) of a batch; NaN where unknown."""
        violations = batch.violations[:, self._violations]
        violations = np.where(np.isfinite(violations), np.where(violations > 0, violations, -1.0), np.nan)
        chi2 = np.where(np.isfinite(batch.loglike), -2.0 * batch.loglike, np.nan)
        return np.concatenate([batch.observables[:, self._observables], violations, chi2[:, None]], axis=1)

    def constraints(self, raw: Floats) -> Target:
        """Return the outputs that decide whether points are valid, from raw ones (n, count)."""
        return _compress(raw[:, :-1], self.low, self.high)

    def chi2(self, raw: Floats, above_best: float) -> Target | None:
        """Return chi squared, wanted up to `above_best` more than the smallest; None where nobody knows any."""
        column = raw[:, -1:]
        if not np.isfinite(column).any():
            return None
        high = np.array([float(np.nanmin(column)) + above_best])
        return _compress(column, np.array([-math.inf]), high)


def _compress(raw: Floats, low: Floats, high: Floats) -> Target:
    """Map o to asinh((o - c) / w): c in the window, w the median distance from it, or half its width if more.

    Unknown outputs become the largest known one of the column that is not accepted, or nearly so.
    """
    both = np.isfinite(low) & np.isfinite(high)
    one = np.where(np.isfinite(low), low, np.where(np.isfinite(high), high, 0.0))
    centre = np.where(both, 0.5 * (np.where(both, low, 0.0) + np.where(both, high, 0.0)), one)
    half = np.where(both, 0.5 * np.where(both, high - low, 0.0), 0.0)
    y = np.empty_like(raw)
    width = np.empty(raw.shape[1])
    for j in range(raw.shape[1]):
        known: Bools = np.isfinite(raw[:, j])
        away = raw[known, j] - centre[j]
        width[j] = max(float(np.median(np.abs(away))) if known.any() else 0.0, half[j]) or 1.0
        y[known, j] = np.arcsinh(away / width[j])
        side = 1.0 if np.isfinite(high[j]) else -1.0
        y[~known, j] = side * max(1.0, (side * y[known, j]).max(initial=1.0))
    return Target(y, np.arcsinh((low - centre) / width), np.arcsinh((high - centre) / width))


def log_mass(low: Floats, high: Floats) -> Floats:
    """Return ln(Phi(high) - Phi(low)) for low < high, accurate far out in the tails, too."""
    from scipy.special import log_ndtr

    flip = low > 0
    low, high = np.where(flip, -high, low), np.where(flip, -low, high)
    above, below = log_ndtr(high), log_ndtr(low)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(above + np.log1p(-np.exp(np.minimum(below - above, 0.0))))
