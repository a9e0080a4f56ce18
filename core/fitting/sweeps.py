"""Profiles by least squares: starts in every cell, then minima handed on from cell to cell until nothing moves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from terranova.fitting.approach import approach, nearest_draws
from terranova.fitting.axes import FAR, Axis, named
from terranova.fitting.config import many
from terranova.fitting.course import Course, Stream, put_back, stream_of
from terranova.fitting.descent import descend
from terranova.fitting.exchanges import exchanged
from terranova.fitting.lanes import Holder, Lanes
from terranova.fitting.minima import KEPT, Minima, MinimaState, Minimum, gain
from terranova.fitting.profile import beside, best_rows, several_rows
from terranova.fitting.profile_convergence import jumps_in_sight
from terranova.fitting.progress import Say
from terranova.fitting.terms import Linearised
from terranova.types import Bools, Floats, Ints

_STARTS = 2
"""Random starts of each cell of a curve of few parameters."""

_FROM_SCANS = 6
"""Points of scans of each cell of a curve, from which it is searched."""

_APPROACHES = 3
_APPROACH_CALLS, _START_CALLS, _CARRY_CALLS, _SWEEP_CALLS, _JUMP_CALLS = 400, 200, 100, 120, 400
"""Evaluations of a search: for a first allowed point, from there, for the way from a
neighbour's cell, from its end, at a jump; `many` times as much where there are many parameters, since each step
looks along all of them."""

_WORSE = 0.1
"""A neighbour's minimum this much below a cell's best, in ln L, is still tried."""

_BEYOND = 10.0
"""In Delta chi2, of `FAR`: a cell that is worse is left."""

_SWEEPS = 60
_GAIN = 0.01
"""Of ln L; less is none."""

_JUMP = 0.05
"""Second difference of Delta chi2 above which neighbours are tried with more effort."""

_JUMP_ROUNDS = 2
_AT_JUMPS = 2
"""Minima of each neighbour from which a bin at a jump is searched."""

_EXCHANGES = 4
"""Pairs of parameters that are exchanged in a cell, at most."""

_LANES = 400
"""Searches side by side: more take memory and no less time."""


@dataclass
class Effort:
    """What was done for a profile, and what the last of it brought.

    Attributes:
        sweeps: times that minima were handed on.
        moved: (cells,) in Delta chi2, what each gained in the last sweep, or since it was last searched.
        restarts: random starts beside the first ones, in cells where an interval ends.
        better: how many of these found more than was known.
        agree: how many found the same to 0.05.
        bound: the evaluations allowed if they did not suffice, else 0.
    """

    sweeps: int = 0
    moved: Floats = field(default_factory=lambda: np.zeros(0))
    restarts: int = 0
    better: int = 0
    agree: int = 0
    bound: int = 0


@dataclass(frozen=True)
class SearchState:
    """Where the search of a profile is.

    Attributes:
        minima: of all cells.
        effort: so far.
        spent: evaluations.
        turn: of the charts.
        tried: (n, 2) cell and chart of what was tried at jumps.
        tried_from: (n, d) from where.
        stream: of random numbers.
    """

    minima: MinimaState
    effort: Effort
    spent: int
    turn: int
    tried: Ints
    tried_from: Floats
    stream: Stream


class CellSearch:
    """Searches the cells of one profile.

    Args:
        linearised: the terms of the problem.
        axes: of the profile.
        rng: of all random numbers.
        allowed: evaluations that it may make.
        say: told how far it is.
        course: of the fit, of which sweeps are units.
        kept: minima of a cell, at most.
    """

    def __init__(
        self,
        linearised: Linearised,
        axes: Sequence[Axis],
        rng: np.random.Generator,
        allowed: int,
        say: Say,
        course: Course | None = None,
        kept: int = KEPT,
    ) -> None:
        self._course = course or Course()
        self.holder, self._bridge = Holder(linearised, axes), Holder(linearised, axes, elastic=True)
        self.likelihood, self.axes = linearised.likelihood, tuple(axes)
        self.shape = tuple(len(axis.centres) for axis in axes)
        self.cells = int(np.prod(self.shape))
        self.minima = Minima(self.cells, self.holder.periodic, kept)
        self.effort = Effort(moved=np.zeros(self.cells))
        self.allowed, self.spent = allowed, 0
        self._many = many(self.holder.dimension)
        self._rng, self._say, self._turn = rng, say, 0
        self._tried: set[tuple[int, int, bytes]] = set()  # at jumps: cell, chart, from where

    @property
    def starts(self) -> int:
        """Random starts of each cell of a curve: the more parameters, the more branches."""
        return self._longer(_STARTS)

    def _longer(self, few: int) -> int:
        """Return what so many, for few parameters, are for these."""
        return round(self._many * few)

    @property
    def left(self) -> int:
        """Evaluations that it may still make."""
        return self.allowed - self.spent

    def places(self, cells: Ints) -> Ints:
        """Return (n, axes) the place of each cell along every axis."""
        return np.stack(np.unravel_index(cells, self.shape), axis=1)

    def near(self, beyond: float = 0.0) -> Bools:
        """(cells,) True where the best known is not far worse than the best of the whole fit."""
        return np.asarray(self.minima.best > self.likelihood.loglikes.max(initial=-np.inf) - 0.5 * (FAR + beyond))

    def _ends(self) -> Bools:
        """(cells,) True for the first and last bin of a curve, which have a neighbour on one side only."""
        ends = np.zeros(self.cells, dtype=bool)
        if len(self.shape) == 1:
            ends[[0, -1]] = True
        near = self.near()
        return ends & (near | beside(near, self.shape))

    def in_question(self) -> Ints:
        """Return the cells that are not known to be far worse than the best fit."""
        unknown = ~np.isfinite(self.minima.best)
        return np.asarray(np.flatnonzero(unknown | self.near(_BEYOND)), dtype=np.int64)

    def random_starts(self, cells: Ints) -> tuple[int, int]:
        """Start anew in each cell (n,); return how many found more than was known, and how many the same."""
        known = self.minima.best[cells]
        lanes = self._lanes(cells)
        first = not np.isfinite(known).any()
        u, before = nearest_draws(self.holder, lanes, self._rng), self.likelihood.evaluations
        tries = self._longer(_APPROACH_CALLS)
        u, allowed = approach(self.holder, u, lanes, tries), np.zeros(len(cells), dtype=bool)
        for attempt in range(_APPROACHES):
            terms = self.holder.terms(self.holder.charts.from_cube(u, lanes.chart), lanes)
            allowed = np.isfinite(terms.loglike)
            rest: Ints = np.flatnonzero(~allowed)
            if attempt == _APPROACHES - 1 or not len(rest):
                break
            others = lanes.take(rest)
            u[rest] = approach(self.holder, nearest_draws(self.holder, others, self._rng), others, tries)
        self.spent += self.likelihood.evaluations - before
        found = self.descend(cells, u, lanes, _START_CALLS, compare=not first)
        with np.errstate(invalid="ignore"):
            return int((found > known + _GAIN).sum()), int((np.abs(found - known) < 0.025).sum())

    def exchanges(self, cells: Ints, minima: int = 1) -> bool:
        """Search in cells (n,) from so many of their minima with parameters exchanged; say whether any gained."""
        known = self.minima.best
        cells = cells[np.isfinite(known[cells])]
        if not len(cells) or self.left <= 0:
            return False
        parameters = [self.likelihood.problem.model.space.free[i] for i in self.holder.free]
        best = [(cell, m.u) for cell in cells.tolist() for m in self.minima.best_of(cell, minima)]
        rows, starts = exchanged(parameters, np.array([u for _, u in best]), _EXCHANGES, self._rng)
        own = np.array([best[row][0] for row in rows.tolist()], dtype=np.int64)
        known_there = [self.minima.has(cell, u) for cell, u in zip(own.tolist(), starts, strict=True)]
        new: Ints = np.flatnonzero(~np.array(known_there, dtype=bool))
        if len(new):
            self.descend(own[new], starts[new], self._lanes(own[new]), _START_CALLS)
        return bool((self.minima.best > known + _GAIN).any())

    def go_on(self) -> None:
        """Search on from the best minimum of each cell near the best fit.

        Along the edge of a bound steps are short, and what gains little was given up.
        """
        cells: Ints = np.flatnonzero(self.near() & np.isfinite(self.minima.best))
        for chart in range(self.holder.charts.count if len(cells) else 0):
            if self.left > 0:
                u = np.array([self.minima.best_of(cell, 1)[0].u for cell in cells.tolist()])
                self.descend(cells, u, self._lanes(cells, chart), _JUMP_CALLS, compare=False)

    def descend(self, cells: Ints, u: Floats, lanes: Lanes, calls: int, *, compare: bool = True) -> Floats:
        """Search in cells (n,) from u (n, d), the columns that are searched; return ln L (n,) of what was found.

        With `compare`, searches that will not come near what is known in their cell are given up.
        """
        best, before = np.empty(len(cells)), self.likelihood.evaluations
        target = self.minima.best[cells] if compare else np.full(len(cells), -np.inf)
        for first in range(0, len(cells), _LANES):
            part: Ints = np.arange(first, min(first + _LANES, len(cells)))
            end, best[part] = descend(
                self.holder, u[part], lanes.take(part), self._longer(calls), target=target[part]
            )
            self.minima.add_all(cells[part], end, best[part])
        self.spent += self.likelihood.evaluations - before
        return best

    def _lanes(self, cells: Ints, chart: int | None = None) -> Lanes:
        """Hold searches in cells (n,); charts take turns."""
        count = self.holder.charts.count
        self._turn += 1
        charts = (
            (np.arange(len(cells)) + self._turn) % count if chart is None else np.full(len(cells), chart % count)
        )
        return Lanes(self.places(cells), charts)

    def from_known(self) -> None:
        """Search from the best point known in each cell, of scans, of the best fit and of other profiles."""
        rows = best_rows(self.likelihood, self.axes, self.shape)
        top = self.likelihood.loglikes.max(initial=-np.inf)
        good = rows >= 0
        good[good] = self.likelihood.loglikes[rows[good]] > top - 0.5 * FAR - 5.0
        cells: Ints = np.flatnonzero(good)
        if len(cells):
            self.carry(cells, self.likelihood.u[rows[cells]])

    def from_scans(self) -> None:
        """Search every cell that matters from several good points of scans that lie there, far from one another.

        Where many parameters are free, the best of them need not be in the valley that leads deepest.
        """
        several = several_rows(self.likelihood, self.axes, self.shape, _FROM_SCANS)
        wanted = set(self.in_question().tolist())
        chosen = [(cell, row) for cell, row in several if cell in wanted]
        if chosen:
            cells, rows = (np.array(column, dtype=np.int64) for column in zip(*chosen, strict=True))
            starts = self.likelihood.u[rows]
            for chart in range(self.holder.charts.count):
                lanes = self._lanes(cells, chart)
                self.descend(cells, self._carried(starts, lanes), lanes, _START_CALLS)

    def from_points(self, u: Floats) -> None:
        """Search the bins of a curve that matter from the nearest of points (n, all parameters)."""
        if not len(u):
            return
        axis = self.axes[0]
        if axis.column is not None:
            places = u[:, axis.column]
        else:
            batch = self.likelihood.batch(u)
            names = self.likelihood.names[-batch.observables.shape[1] :]
            places = axis.coordinate(batch.observables[:, names.index(axis.name)])
        cells = self.in_question()
        away = np.abs(places[None] - axis.middle[cells, None])
        nearest = np.where(np.isfinite(away), away, np.inf).argmin(axis=1)
        self.carry(cells, u[nearest])

    def from_beside(self, other: CellSearch, cells: Iterable[int]) -> None:
        """Search every bin of a curve from minima of the nearest bins of another with the same quantity."""
        own, starts = starts_beside(self.axes[0], other, cells)
        if len(own):
            self.carry(own, starts)
        self.from_known()

    def alone(self) -> Ints:
        """Return the cells near the best fit whose best minimum continues none that is known next door.

        What found it there was a search of its own, and no neighbour has confirmed it.
        """
        near = self.near()
        return np.array(
            [
                cell
                for cell in np.flatnonzero(near).tolist()
                if any(near[n] and not self.minima.continued(cell, n) for n in self.neighbours(cell))
            ],
            dtype=np.int64,
        )

    def carry(self, cells: Ints, u: Floats, calls: int = _SWEEP_CALLS) -> None:
        """Search in cells (n,) from points u (n, all parameters) that may lie elsewhere."""
        lanes = self._lanes(cells)
        self.descend(cells, self._carried(u, lanes), lanes, calls)

    def points(self) -> Floats:
        """Return the minima of all cells, (n, all parameters)."""
        found = [self.whole(cell, m) for cell, kept in enumerate(self.minima.of) for m in kept]
        return np.array(found).reshape(-1, self.likelihood.dimension)

    def take_in(self) -> None:
        """Take in the best point held in each cell, whoever found it."""
        rows = best_rows(self.likelihood, self.axes, self.shape, held=True)
        cells = np.flatnonzero(rows >= 0)
        u, loglike = self.likelihood.u[rows[cells]][:, self.holder.free], self.likelihood.loglikes[rows[cells]]
        self.minima.add_all(cells, u, loglike)

    def sweep(self, calls: int = _SWEEP_CALLS) -> None:
        """Hand on minima that are new or better to neighbours, until nothing moves or the evaluations are spent."""
        for _ in range(_SWEEPS):
            if not self._course.unit(bool, lambda: self._sweep(calls)):
                return

    def _sweep(self, calls: int) -> bool:
        """Hand on once; return whether there was anything to do."""
        cells, u = self._handed_on()  # u (n, all parameters)
        if not len(cells):
            self.effort.moved[:] = 0.0
            return False
        if self.left <= 0:
            self.effort.bound = self.allowed
            return False
        before = self.minima.best
        self._tell(f"sweep {self.effort.sweeps + 1}, {len(np.unique(cells))} of {self.cells} bins go on")
        self.carry(cells, u, calls)
        self.effort.sweeps += 1
        self.effort.moved = gain(before, self.minima.best)
        return True

    def _carried(self, u: Floats, lanes: Lanes) -> Floats:
        """Bring points u (n, all parameters) that are held elsewhere to their cells; return the columns searched.

        A valley that bends is followed on the way; a point that is merely put into the cell has left it.
        """
        before, free = self.likelihood.evaluations, self.holder.free
        result = u[:, free].copy()
        if len(self._bridge.free) > len(free):
            for first in range(0, len(u), _LANES):
                part: Ints = np.arange(first, min(first + _LANES, len(u)))
                end, best = descend(
                    self._bridge, u[part], lanes.take(part), self._longer(_CARRY_CALLS), arrive=True
                )
                arrived = np.isfinite(best)
                result[part[arrived]] = end[arrived][:, free]
        self.spent += self.likelihood.evaluations - before
        return result

    def _handed_on(self) -> tuple[Ints, Floats]:
        """Return cells (n,), and the neighbours' minima u (n, all parameters) from which each is searched."""
        best, cells, starts = self.minima.best, [], []
        worse = _WORSE if len(self.shape) == 1 else -_GAIN  # on a plane, only from better cells to worse ones
        worth = self.near(_BEYOND)
        for cell, kept in enumerate(self.minima.of):
            for minimum in kept:
                if not minimum.fresh:
                    continue
                minimum.fresh = False
                if not worth[cell]:
                    continue
                for neighbour in self.neighbours(cell):
                    if minimum.loglike > best[neighbour] - worse:
                        cells.append(neighbour)
                        starts.append(self.whole(cell, minimum))
        if not cells:
            return np.empty(0, dtype=np.int64), np.empty((0, self.likelihood.dimension))
        return np.array(cells, dtype=np.int64), np.array(starts)

    def _tell(self, what: str) -> None:
        self._say(f"{named(self.axes)}: {what}, {self.likelihood.evaluations:,} evaluations so far")

    def whole(self, cell: int, minimum: Minimum) -> Floats:
        """Return the point (all parameters) of a minimum of a cell."""
        return np.asarray(self.holder.whole(minimum.u[None], self.places(np.array([cell])))[0])

    def neighbours(self, cell: int, reach: int = 1) -> list[int]:
        """Return the cells next to one, along each axis."""
        place = np.unravel_index(cell, self.shape)
        found = []
        for i, size in enumerate(self.shape):
            for step in (*range(-reach, 0), *range(1, reach + 1)):
                if 0 <= place[i] + step < size:
                    moved = [*place]
                    moved[i] += step
                    found.append(int(np.ravel_multi_index(moved, self.shape)))
        return found

    def jumps(self, *, ends: bool = True) -> None:
        """Search cells next to a jump from minima of two neighbours on either side, in every chart.

        With `ends`, the first and the last bin of a curve as well, next to which a jump would not show.
        """
        for _ in range(_JUMP_ROUNDS):
            if not self._course.unit(bool, lambda: self._look_at_jumps(ends)):
                return
            self.sweep()

    def _look_at_jumps(self, ends: bool) -> bool:
        """Search them once; return whether there was anything to do."""
        top = self.likelihood.loglikes.max(initial=-np.inf)
        delta = (2.0 * (top - self.minima.best)).reshape(self.shape)
        suspects = np.flatnonzero((jumps_in_sight(delta) > _JUMP) | (self._ends() & ends))
        cells, starts, charts = [], [], []
        for cell in suspects:
            for source in self.neighbours(int(cell), 2):
                for minimum in self.minima.of[source][:_AT_JUMPS]:
                    for chart in range(self.holder.charts.count):
                        key = (int(cell), chart, minimum.u.tobytes())
                        if key in self._tried:
                            continue
                        self._tried.add(key)
                        cells.append(int(cell))
                        starts.append(self.whole(source, minimum))
                        charts.append(chart)
        if not cells or self.left <= 0:
            return False
        self._tell(f"{len(suspects)} bins at jumps and ends")
        where = np.array(cells, dtype=np.int64)
        lanes = Lanes(self.places(where), np.array(charts, dtype=np.int64))
        self.descend(where, self._carried(np.array(starts), lanes), lanes, _JUMP_CALLS)
        return True

    def state(self) -> SearchState:
        """Return all that the next search depends on."""
        tried = sorted(self._tried)
        return SearchState(
            minima=self.minima.state(),
            effort=self.effort,
            spent=self.spent,
            turn=self._turn,
            tried=np.array([key[:2] for key in tried], dtype=np.int64).reshape(-1, 2),
            tried_from=np.array([np.frombuffer(key[2]) for key in tried]),
            stream=stream_of(self._rng),
        )

    def restore(self, state: SearchState) -> None:
        """Go on from there."""
        self.minima.restore(state.minima)
        self.effort, self.spent, self._turn = state.effort, state.spent, state.turn
        where = zip(state.tried.tolist(), state.tried_from, strict=True)
        self._tried = {(cell, chart, u.tobytes()) for (cell, chart), u in where}
        put_back(self._rng, state.stream)


def starts_beside(axis: Axis, other: CellSearch, cells: Iterable[int]) -> tuple[Ints, Floats]:
    """Return minima of the nearest of some cells of a curve for each bin of another axis of the same quantity.

    Returns:
        bins (n,), and points (n, all parameters).
    """
    own, starts = [], []
    among = np.array(list(cells), dtype=np.int64)
    for cell, middle in enumerate(axis.middle.tolist()):
        nearest = among[np.argsort(np.abs(other.axes[0].middle[among] - middle), kind="stable")[:2]]
        for source, count in zip(nearest.tolist(), (_AT_JUMPS, 1), strict=False):
            for minimum in other.minima.of[source][:count]:
                own.append(cell)
                starts.append(other.whole(source, minimum))
    return np.array(own, dtype=np.int64), np.array(starts).reshape(len(own), -1)
