"""The maxima of a surrogate's likelihood in the cells of a profile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from terranova.fitting.axes import Axis
from terranova.fitting.lanes import Lanes
from terranova.fitting.minima import gain
from terranova.fitting.profile import best_rows, profile, search
from terranova.fitting.surrogate.likelihood import SurrogateLikelihood
from terranova.fitting.sweeps import CellSearch, starts_beside
from terranova.fitting.terms import Linearised
from terranova.types import Bools, Floats, Ints

_REFINED = 40
"""Generations of CMA-ES on a surrogate that was trained again, from its maxima before."""

_CALLS = 60
"""Predictions of a search that begins at what was a maximum before, about."""


@dataclass(frozen=True)
class Maxima:
    """Where a surrogate is largest in each cell.

    Attributes:
        u: (cells, all parameters); NaN where it allows nothing.
        loglike: (cells,) as it predicts it; -inf there.
        places: axis -> (cells,) coordinate of the held quantity, as it predicts it.
    """

    u: Floats
    loglike: Floats
    places: dict[str, Floats]

    def held(self, axis: Axis) -> Floats:
        """Return (cells,) the predicted places along an axis."""
        return self.places[axis.name]


def maxima(
    surrogate: SurrogateLikelihood,
    axes: Sequence[Axis],
    rng: np.random.Generator,
    allowed: int,
    before: Maxima | None = None,
    again: Bools | None = None,
    beside: tuple[CellSearch, Iterable[int]] | None = None,
) -> Maxima:
    """Search a surrogate as profiles of the model are searched.

    Args:
        surrogate: knows its training points.
        axes: of the profile.
        rng: of all random numbers.
        allowed: predictions, about.
        before: what was found before it was trained again, from where it goes on; None at first.
        again: (cells,) the cells that are searched again; None for all, from the points known as well.
        beside: another search of the same quantity, and its cells whose minima are starts; what is known if None.
    """
    shape = tuple(len(axis.centres) for axis in axes)
    if before is not None:
        surrogate.batch(before.u[np.isfinite(before.loglike)])
    if surrogate.linearisable:
        work = CellSearch(Linearised(surrogate, rng), axes, rng, allowed, lambda _: None)
        if beside is not None:
            work.from_beside(*beside)
            work.sweep()
        elif before is None:
            work.from_known()
            if len(axes) == 1:
                work.random_starts(np.arange(work.cells))
            work.sweep()
            work.jumps()
        else:
            if again is None:
                work.from_known()
            work.take_in()
            search_again(work, np.flatnonzero(np.ones(work.cells, dtype=bool) if again is None else again), _CALLS)
    elif beside is not None:
        cells, starts = starts_beside(axes[0], *beside)
        if len(cells):
            search(surrogate, axes, cells, starts, rng, generations=_REFINED, sigma=0.02)
    elif before is None:
        profile(surrogate, axes, rng)
    else:
        known = np.isfinite(before.loglike) & (True if again is None else again)
        search(surrogate, axes, np.flatnonzero(known), before.u[known], rng, generations=_REFINED, sigma=0.02)
    rows = best_rows(surrogate, axes, shape, held=True)
    u = np.where(rows[:, None] >= 0, surrogate.u[rows], np.nan)
    places = {axis.name: np.where(rows >= 0, axis.places(surrogate)[rows], np.nan) for axis in axes}
    return Maxima(u, np.where(rows >= 0, surrogate.loglikes[rows], -np.inf), places)


def search_again(work: CellSearch, cells: Ints, calls: int) -> Floats:
    """Search cells (n,) from the best points known in them; return what each gained in Delta chi2.

    What gains is handed on to neighbours. Each search takes about so many evaluations.
    """
    for kept in work.minima.of:
        for minimum in kept:
            minimum.fresh = False
    before = work.minima.best[cells]
    starts = [(cell, minimum.u) for cell in cells for minimum in work.minima.of[cell]]
    if starts and work.holder.dimension:
        where = np.array([cell for cell, _ in starts], dtype=np.int64)
        charts: Ints = np.arange(len(starts)) % work.holder.charts.count
        work.descend(where, np.array([u for _, u in starts]), Lanes(work.places(where), charts), calls)
        work.sweep(calls)
    return gain(before, work.minima.best[cells])
