"""The maxima of a surrogate's likelihood in the cells of a profile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from terranova.fitting.axes import Axis
from terranova.fitting.profile import best_rows, profile, search
from terranova.fitting.surrogate.likelihood import SurrogateLikelihood
from terranova.fitting.sweeps import CellSearch
from terranova.fitting.terms import Linearised
from terranova.types import Floats

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
    before: Maxima | None,
    beside: tuple[CellSearch, Iterable[int]] | None = None,
) -> Maxima:
    """Search a surrogate as profiles of the model are searched.

    Args:
        surrogate: knows its training points.
        axes: of the profile.
        rng: of all random numbers.
        allowed: predictions, about.
        before: what was found before it was trained again, from where it goes on; None at first.
        beside: another search of the same quantity, and its cells whose minima are starts; the points it knows if
            None.
    """
    shape = tuple(len(axis.centres) for axis in axes)
    if surrogate.linearisable:
        work = CellSearch(Linearised(surrogate, rng), axes, rng, allowed, lambda _: None)
        cells = np.arange(work.cells)
        if beside is None:
            work.from_known()
        else:
            work.from_beside(*beside)
        if before is not None:
            known = np.flatnonzero(np.isfinite(before.loglike))
            if len(known):
                work.carry(known, before.u[known], _CALLS)
            work.sweep(_CALLS)
        else:
            if len(axes) == 1 and beside is None:
                work.random_starts(cells)
            work.sweep()
            work.jumps()
    elif before is None:
        profile(surrogate, axes, rng)
    else:
        known = np.flatnonzero(np.isfinite(before.loglike))
        surrogate.batch(before.u[known])
        search(surrogate, axes, known, before.u[known], rng, generations=_REFINED, sigma=0.02)
    rows = best_rows(surrogate, axes, shape, held=True)
    u = np.where(rows[:, None] >= 0, surrogate.u[rows], np.nan)
    places = {axis.name: np.where(rows >= 0, axis.places(surrogate)[rows], np.nan) for axis in axes}
    return Maxima(u, np.where(rows >= 0, surrogate.loglikes[rows], -np.inf), places)
