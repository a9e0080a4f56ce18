"""All profiles of a fit together: each is searched, learns from the others, and is looked at once more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from terranova.fitting.axes import FAR, Axis, named
from terranova.fitting.config import Search
from terranova.fitting.course import Course
from terranova.fitting.crossings import brackets_of
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.minima import KEPT, gain
from terranova.fitting.profile import Profile, best_rows, gather, profile, search
from terranova.fitting.profile_convergence import MOVED, Convergence, jumps_in_sight
from terranova.fitting.progress import Say
from terranova.fitting.sweeps import CellSearch
from terranova.fitting.terms import Linearised
from terranova.types import Bools, Floats, Ints

_ROUNDS = 4
"""Times that profiles exchange what they know, at most."""

_OPINIONS = 6
"""Times that fresh searches look at the ends of intervals, at most: again while they gain."""

_GENERATIONS, _SPREAD = 60, 0.05
"""Of CMA-ES, the search of another kind."""

_GAIN = 0.04
"""Of Delta chi2; what a fresh search gains less is none."""

_THIN = 3
"""Of so many bins in a row, one is searched at a time with parameters exchanged."""

_FINE = 6
"""Bins of a closer look at the end of an interval."""

_KEPT_FINE = 1
"""Minima of its bins: those of the bins around are known."""

_OFTEN = 0.34
"""If CMA-ES gains in more than this part of its bins once more, after what it found was handed on, the problem is
none for derivatives: it searches them all."""


@dataclass(frozen=True)
class ProfilingState:
    """What profiles know of one another.

    Attributes:
        tried: known points that each profile was searched from.
        told: (to, from, state): what a curve knew of another when it was last searched from there.
        found: (cells,) of each profile, what the last fresh search gained.
    """

    tried: tuple[Ints, ...]
    told: tuple[tuple[int, int, float], ...]
    found: tuple[Floats, ...]


class Profiling:
    """Searches profiles.

    Args:
        likelihood: knows all points.
        axes: of each profile.
        settings: how far it goes.
        thresholds: in Delta chi2, the levels at which curves and planes are quoted: of one and of two quantities.
        seed: of all random numbers.
        say: told how far it is.
        course: of the fit, of which searches are units.
        linearised: the terms of the problem, if they are known already.

    Attributes:
        error: the largest error of chi2 that a surrogate had in them; 0 without one.
    """

    def __init__(
        self,
        likelihood: Likelihood,
        axes: Sequence[Sequence[Axis]],
        settings: Search,
        thresholds: Sequence[float],
        seed: int,
        say: Say,
        course: Course | None = None,
        linearised: Linearised | None = None,
    ) -> None:
        self._likelihood, self._say, self._thresholds = likelihood, say, thresholds
        self._course = course = course or Course()
        linearised = linearised or Linearised(likelihood, np.random.default_rng([seed, 3]), course)
        self._linearised = linearised
        self._rngs = [np.random.default_rng([seed, 3, i]) for i in range(len(axes))]
        self.searches = [
            CellSearch(linearised, pair, rng, settings.allowed(len(pair), likelihood.dimension), say, course)
            for pair, rng in zip(axes, self._rngs, strict=True)
        ]
        self._curves = [i for i, pair in enumerate(axes) if len(pair) == 1]
        self._planes = [i for i, pair in enumerate(axes) if len(pair) == 2]
        self._tried: list[set[int]] = [set() for _ in axes]
        self._told: dict[tuple[int, int], float] = {}
        self._found = [np.zeros(s.cells) for s in self.searches]
        course.keep("profiles", self)
        for i, search_of_one in enumerate(self.searches):
            course.keep(f"profile {i}", search_of_one)

    @property
    def error(self) -> float:
        """See the attribute."""
        return 0.0

    def state(self) -> ProfilingState:
        """Return what profiles know of one another."""
        return ProfilingState(
            tried=tuple(np.array(sorted(points), dtype=np.int64) for points in self._tried),
            told=tuple((i, j, state) for (i, j), state in self._told.items()),
            found=tuple(self._found),
        )

    def restore(self, state: ProfilingState) -> None:
        """Go on from there."""
        self._tried = [set(points.tolist()) for points in state.tried]
        self._told = {(i, j): said for i, j, said in state.told}
        self._found = list(state.found)

    def run(self) -> list[tuple[Profile, Convergence]]:
        """Search all profiles, and return them in their order, each with what is known of its convergence."""
        for i in (*self._curves, *self._planes):
            self._first(i)
        self._exchange()
        self._second_opinions()
        return self._course.unit(list[tuple[Profile, Convergence]], self.results)

    def results(self) -> list[tuple[Profile, Convergence]]:
        """Return what all evaluations known by now amount to."""
        return [self._result(i) for i in range(len(self.searches))]

    def _first(self, i: int) -> None:
        work = self.searches[i]
        self._say(f"{named(work.axes)}: {self._likelihood.evaluations:,} evaluations so far")
        unit, every = self._course.unit, np.arange(work.cells)
        unit(None, work.from_known)
        if i in self._curves:
            for _ in range(work.starts):
                unit(tuple[int, int], lambda: work.random_starts(work.in_question()))
            unit(None, work.from_scans)
            unit(None, lambda: self._from_others(i))
        elif not unit(bool, lambda: bool(np.isfinite(work.minima.best).any())):
            unit(tuple[int, int], lambda: work.random_starts(every))
        work.sweep()
        work.jumps()
        if i in self._curves:
            self._exchange_parameters(i)

    def _exchange_parameters(self, i: int) -> None:
        """Search every bin of a curve with two parameters exchanged.

        Bins far apart come first: what they find is handed on before the bins between are searched.
        """
        work = self.searches[i]
        near: Ints = np.flatnonzero(work.near())
        for first in range(_THIN):
            if self._course.unit(bool, partial(work.exchanges, near[first::_THIN])):
                work.sweep()
                work.jumps()

    def _from_others(self, i: int) -> None:
        """Search every bin of a curve from the nearest minima of every other curve that is better than before."""
        work = self.searches[i]
        for j in self._curves:
            best = self.searches[j].minima.best
            state = float(best[np.isfinite(best)].sum())
            if j == i or self._told.get((i, j)) == state or work.left <= 0:
                continue
            self._told[i, j] = state
            work.from_points(self.searches[j].points())

    def _exchange(self) -> None:
        """Give every profile what the others know, until none gains by it."""
        for _ in range(_ROUNDS):
            asked = False
            for i, work in enumerate(self.searches):
                evaluated, gained = self._course.unit(tuple[bool, bool], partial(self._learn, i))
                asked |= evaluated
                if gained:
                    work.sweep()
                    work.jumps()
            if not asked:
                break

    def _learn(self, i: int) -> tuple[bool, bool]:
        """Search a profile from what the others know; return whether anything was evaluated, and gained."""
        work, before = self.searches[i], self._likelihood.evaluations
        if work.left <= 0:
            return False, False
        start = work.minima.best
        if i in self._curves:
            self._from_others(i)
        self._carry_surprises(i)
        return self._likelihood.evaluations > before, bool((work.minima.best > start).any())

    def _carry_surprises(self, i: int) -> bool:
        """Search from known points that are better than a profile says, each once; say whether there were any."""
        rows = [row for row in self._surprises(i) if row[1] not in self._tried[i]]
        if not rows:
            return False
        cells, points = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
        self._tried[i].update(points.tolist())
        self.searches[i].carry(cells, self._likelihood.u[points])
        return True

    def _surprises(self, i: int) -> list[tuple[int, int]]:
        """Return (cell, row) of known points that are better than a profile says."""
        work = self.searches[i]
        rows = best_rows(self._likelihood, work.axes, work.shape)
        found = []
        for cell in np.flatnonzero(self._known(i) > _GAIN):
            found += [(c, int(rows[cell])) for c in (int(cell), *work.neighbours(int(cell)))]
        return found

    def _known(self, i: int) -> Floats:
        """Return (cells,) by how much in Delta chi2 a point known in a cell is better than the profile there.

        A parameter is held at the middle of a bin: elsewhere in it the likelihood may be as large as in the
        neighbour's, and on a curve no larger than between the two.
        """
        work = self.searches[i]
        top = float(self._likelihood.loglikes.max())
        best = work.minima.best
        rows = best_rows(self._likelihood, work.axes, work.shape)
        known = np.where(rows >= 0, self._likelihood.loglikes[rows], -np.inf)
        if all(axis.column is None for axis in work.axes):
            said = best
        elif len(work.axes) == 1:
            said = self._between(work.axes[0], best, rows)
        else:
            said = _best_around(best.reshape(work.shape)).reshape(-1)
        better = gain(said, known)
        better[~np.isfinite(known) | (known < top - 0.5 * FAR)] = 0.0
        return np.maximum(better, 0.0)

    def _between(self, axis: Axis, best: Floats, rows: Ints) -> Floats:
        """Return (bins,) what a curve says where the best point known in each bin lies, with room for its bend."""
        place = axis.places(self._likelihood)[rows]
        middle = axis.middle
        delta = 2.0 * (float(self._likelihood.loglikes.max()) - best)
        finite = np.isfinite(delta)
        if finite.sum() < 2:
            return best
        padded = np.where(finite, delta, np.interp(middle, middle[finite], delta[finite]))
        bend = np.zeros(len(delta))
        bend[1:-1] = np.abs(padded[2:] - 2.0 * padded[1:-1] + padded[:-2])
        around = np.maximum(bend, np.maximum(np.append(bend[1:], 0.0), np.append(0.0, bend[:-1])))
        slope = np.zeros(len(delta))
        slope[0], slope[-1] = abs(padded[1] - padded[0]), abs(padded[-1] - padded[-2])  # no neighbour beyond
        said = np.interp(place, middle, padded) - around / 4.0 - slope
        return np.asarray(float(self._likelihood.loglikes.max()) - 0.5 * said)

    def _second_opinions(self) -> None:
        """Look again at the bins that decide where intervals end, and at those that none beside them confirms.

        By fresh starts, exchanges of parameters and CMA-ES.
        """
        for i in self._curves:
            work = self.searches[i]
            self._course.unit(None, work.go_on)
            work.sweep()
            for opinion in range(_OPINIONS):
                gained, often = self._course.unit(tuple[bool, bool], partial(self._second_opinion, i))
                if opinion > 0 and often:
                    self._course.unit(None, partial(self._all_by_cma, i))
                if not gained:
                    break
                work.sweep()
                work.jumps()
        self._exchange()

    def _second_opinion(self, i: int) -> tuple[bool, bool]:
        """Look once; return whether that gained anything, and whether CMA-ES did so often."""
        work = self.searches[i]
        deciding = self._deciding(i)
        cells = np.union1d(deciding, work.alone())
        if not len(cells):
            return False, False
        if work.left <= 0:
            work.effort.bound = work.allowed
            return False, False
        before = work.minima.best
        work.exchanges(cells, KEPT)
        better, agree = work.random_starts(cells)
        gained = self._by_cma(i, cells)
        work.effort.restarts += 2 * len(cells)
        work.effort.better += better + int((gained > _GAIN).sum())
        work.effort.agree += agree + int((gained <= _GAIN).sum())
        self._found[i][:] = 0.0
        self._found[i][cells] = gain(before, work.minima.best)[cells]
        return bool((self._found[i] > _GAIN).any()), len(deciding) > 0 and bool(
            (gained[np.isin(cells, deciding)] > _GAIN).mean() > _OFTEN
        )

    def _deciding(self, i: int) -> Ints:
        """Return the bins on either side of where a curve crosses a level."""
        work = self.searches[i]
        delta = 2.0 * (self._likelihood.loglikes.max() - work.minima.best)
        chosen: Bools = np.zeros(work.cells, dtype=bool)
        for level in self._thresholds:
            crossed = brackets_of(delta, level)
            chosen[crossed] = chosen[crossed + 1] = True
        return np.asarray(np.flatnonzero(chosen), dtype=np.int64)

    def _by_cma(self, i: int, cells: Ints) -> Floats:
        """Search cells by CMA-ES from their best points; return (n,) what was gained in Delta chi2."""
        work = self.searches[i]
        held = best_rows(self._likelihood, work.axes, work.shape, held=True)
        start = np.where(held >= 0, held, best_rows(self._likelihood, work.axes, work.shape))[cells]
        usable = start >= 0
        gained = np.zeros(len(cells))
        if not usable.any() or not work.holder.dimension:
            return gained
        evaluations = self._likelihood.evaluations
        search(
            self._likelihood,
            work.axes,
            cells[usable],
            self._likelihood.u[start[usable]],
            self._rngs[i],
            generations=_GENERATIONS,
            sigma=_SPREAD,
            say=self._say,
        )
        work.spent += self._likelihood.evaluations - evaluations
        before = work.minima.best[cells]
        work.take_in()
        return gain(before, work.minima.best[cells])

    def _all_by_cma(self, i: int) -> None:
        """Search a whole profile by CMA-ES, sweep by sweep."""
        work = self.searches[i]
        evaluations = self._likelihood.evaluations
        profile(self._likelihood, work.axes, self._rngs[i], say=self._say)
        work.spent += self._likelihood.evaluations - evaluations
        work.take_in()

    def between_bins(self, i: int) -> tuple[Floats, Floats]:
        """Return places (n,) and ln L (n,) of known points that are better than a curve says between its bins.

        A parameter is held at the middle of each bin, and a minimum may be narrower than a bin.
        """
        work = self.searches[i]
        better = self._known(i) > MOVED
        rows = best_rows(self._likelihood, work.axes, work.shape)[better]
        return work.axes[0].places(self._likelihood)[rows], self._likelihood.loglikes[rows]

    def zoom(self, i: int, inside: float, outside: float) -> tuple[Floats, Floats]:
        """Return places (n,) and ln L (n,) of a finer curve between two places of a curve, and a little beyond."""
        work = self.searches[i]
        fine, beside = self.finer(i, inside, outside)
        closer = self._search_of(i, fine)
        closer.from_beside(work, beside)
        closer.sweep()
        closer.go_on()
        closer.jumps(ends=False)
        work.spent += closer.spent
        return self.places_of(gather(self._likelihood, [fine], 0))

    def _search_of(self, i: int, fine: Axis) -> CellSearch:
        """Return the search of a finer curve, which has what is left and a little more."""
        work = self.searches[i]
        return CellSearch(
            self._linearised,
            [fine],
            self._rngs[i],
            max(work.left, 0) + work.allowed // 20,
            self._say,
            kept=_KEPT_FINE,
        )

    def finer(self, i: int, inside: float, outside: float) -> tuple[Axis, range]:
        """Return the axis of a finer curve between two places of a curve, and the bins of the curve around it."""
        work = self.searches[i]
        axis = work.axes[0]
        low, high = sorted((inside, outside))
        room = 0.5 * (high - low)
        ends = np.clip([low - room, high + room], axis.edges[0], axis.edges[-1])
        fine = axis.divided(np.linspace(float(ends[0]), float(ends[1]), _FINE + 1))
        beside = np.flatnonzero((axis.edges[1:] >= ends[0]) & (axis.edges[:-1] <= ends[1]))
        return fine, range(max(0, beside[0] - 1), min(work.cells, beside[-1] + 2))

    @staticmethod
    def places_of(curve: Profile) -> tuple[Floats, Floats]:
        """Return places (n,), in the coordinate of the axis, and ln L (n,) of a curve."""
        (axis,) = curve.axes
        places = axis.middle
        if axis.column is None:
            values = curve.at[:, 0]
            places = np.where(
                np.isfinite(values), axis.coordinate(np.where(np.isfinite(values), values, 1.0)), places
            )
        return places, curve.loglike

    def _result(self, i: int) -> tuple[Profile, Convergence]:
        work = self.searches[i]
        found = gather(self._likelihood, work.axes, work.spent)
        work.take_in()
        delta = found.delta_chi2(float(self._likelihood.loglikes.max()))
        sight = (delta < FAR).reshape(-1)
        convergence = Convergence(
            sweeps=work.effort.sweeps,
            moved=np.where(sight, work.effort.moved, 0.0),
            jumps=jumps_in_sight(delta),
            found=self._found[i].copy(),
            known=self._known(i),
            restarts=work.effort.restarts,
            better=work.effort.better,
            agree=work.effort.agree,
            bound=work.effort.bound,
        )
        return found, convergence


def _best_around(values: Floats) -> Floats:
    """Return for each cell the largest value of it and its eight neighbours."""
    padded = np.pad(values, 1, constant_values=-np.inf)
    shape = values.shape
    around = [padded[a : a + shape[0], b : b + shape[1]] for a in range(3) for b in range(3)]
    return np.asarray(np.max(around, axis=0))
