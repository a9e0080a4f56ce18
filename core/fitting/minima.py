"""The distinct minima that are known in each cell of a profile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from terranova.types import Bools, Floats, Ints

KEPT = 3
"""Minima of a cell, if nothing else is said."""

_DISTINCT = 0.02
"""Two that are nearer, in units of the cube, are one."""

_BESIDE = 0.1
"""What is farther apart, in units of the cube, belongs to different branches."""

_IMPROVED = 0.01
"""A minimum that gained more in ln L is handed on to neighbours again."""


@dataclass
class Minimum:
    """A maximum of the likelihood with a quantity held.

    Attributes:
        u: (d,) the columns that were searched.
        loglike: there.
        fresh: whether neighbours have not been told of it.
    """

    u: Floats
    loglike: float
    fresh: bool = True


@dataclass(frozen=True)
class MinimaState:
    """Minima of all cells, one after the other.

    Attributes:
        cell: (n,)
        u: (n, d)
        loglike: (n,)
        fresh: (n,)
    """

    cell: Ints
    u: Floats
    loglike: Floats
    fresh: Bools


class Minima:
    """Keeps the best distinct minima of every cell.

    Args:
        cells: their number.
        periodic: (d,) axes that wrap.
        kept: minima of a cell, at most.
    """

    def __init__(self, cells: int, periodic: Bools, kept: int = KEPT) -> None:
        self.of: list[list[Minimum]] = [[] for _ in range(cells)]
        self._periodic, self._kept = periodic, kept

    @property
    def best(self) -> Floats:
        """(cells,) the largest ln L; -inf where nothing is known."""
        return np.array([max((m.loglike for m in kept), default=-np.inf) for kept in self.of])

    def best_of(self, cell: int, count: int) -> list[Minimum]:
        """Return so many minima of a cell, the best first."""
        return sorted(self.of[cell], key=lambda m: -m.loglike)[:count]

    def continued(self, cell: int, other: int) -> bool:
        """Say whether another cell has a minimum of the same branch as the best one of a cell."""
        (best,) = self.best_of(cell, 1)
        return self._near(other, best.u, _BESIDE)

    def has(self, cell: int, u: Floats) -> bool:
        """Say whether a place u (d,) is a minimum of a cell that is known."""
        return self._near(cell, u, _DISTINCT)

    def _near(self, cell: int, u: Floats, distance: float) -> bool:
        return any(self._apart(known.u, u) < distance for known in self.of[cell])

    def _apart(self, u: Floats, v: Floats) -> float:
        apart = np.abs(u - v)
        return float(np.where(self._periodic, np.minimum(apart, 1.0 - apart), apart).max(initial=0.0))

    def state(self) -> MinimaState:
        """Return all of them."""
        kept = [(cell, minimum) for cell, several in enumerate(self.of) for minimum in several]
        return MinimaState(
            np.array([cell for cell, _ in kept], dtype=np.int64),
            np.array([minimum.u for _, minimum in kept]),
            np.array([minimum.loglike for _, minimum in kept]),
            np.array([minimum.fresh for _, minimum in kept], dtype=bool),
        )

    def restore(self, state: MinimaState) -> None:
        """Keep these instead."""
        self.of = [[] for _ in self.of]
        rows = zip(state.cell.tolist(), state.u, state.loglike.tolist(), state.fresh.tolist(), strict=True)
        for cell, u, loglike, fresh in rows:
            self.of[cell].append(Minimum(u, loglike, fresh))

    def add(self, cell: int, u: Floats, loglike: float) -> None:
        """Take in what a search found; what is no better than what is known there is dropped."""
        if not np.isfinite(loglike):
            return
        kept = self.of[cell]
        for known in kept:
            if self._apart(known.u, u) < _DISTINCT:
                if loglike > known.loglike:
                    fresh = known.fresh or loglike > known.loglike + _IMPROVED
                    known.u, known.loglike, known.fresh = u.copy(), loglike, fresh
                return
        kept.append(Minimum(u.copy(), loglike))
        kept.sort(key=lambda m: -m.loglike)
        del kept[self._kept :]

    def add_all(self, cells: Iterable[int], u: Floats, loglike: Floats) -> None:
        """Take in many: cells, u (n, d) and loglike (n,)."""
        for cell, place, value in zip(cells, u, loglike.tolist(), strict=True):
            self.add(int(cell), place, value)


def gain(before: Floats, after: Floats) -> Floats:
    """Return (cells,) in Delta chi2 what ln L gained; infinite where nothing was known before."""
    with np.errstate(invalid="ignore"):
        change = 2.0 * (after - before)
    return np.where(np.isnan(change), 0.0, change)
