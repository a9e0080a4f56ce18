"""Profiles that a surrogate proposes and the model decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from terranova.fitting.axes import FAR, Axis, named
from terranova.fitting.config import Search
from terranova.fitting.course import Course
from terranova.fitting.crossings import brackets_of
from terranova.fitting.intervals import threshold
from terranova.fitting.minima import gain
from terranova.fitting.profile import Profile, beside, gather
from terranova.fitting.profile_convergence import JUMP, MOVED, Convergence
from terranova.fitting.profiling import Profiling
from terranova.fitting.progress import Say
from terranova.fitting.surrogate.looks import Look, Looks
from terranova.fitting.surrogate.maxima import maxima, search_again
from terranova.fitting.surrogate.training import SurrogateTrainer
from terranova.types import Floats, Ints

_LOOKS, _LOOKS_AGAIN, _LOOKS_CLOSER = 8, 3, 2
"""Times that the surrogate's maxima of a profile are evaluated, and the surrogate trained with them, at most: at
first, when more points are known, and in a finer curve."""

_STALLED = 0.8
"""If more than this part of the bins evaluated before are evaluated once more, it has learned too little."""

_AT_LEVEL, _CLOSE, _LOOSE = 0.01, 0.05, 0.2
"""A bin is finished when the surrogate predicts no more than this in chi2 above what was evaluated: where a curve
crosses a level, elsewhere, and where every level is clearly exceeded."""

_BEYOND = 1.5
"""By so much in Delta chi2."""

_INSET = 0.01
"""See `Axis.inset`; later as much as the surrogate's error of the observable."""

_CALLS = 120
"""Evaluations of a search with the model, about."""

_AGAIN = 4
"""Times that bins are searched with the model where the surrogate is wrong, at most: again while they gain."""

_ROUNDS, _OPINIONS = 2, 3
"""Times that profiles exchange what they know, and that the model looks at where intervals end, at most."""

_EVERYTHING = 2**60
"""More bins than any profile has."""


@dataclass(frozen=True)
class _Said:
    """What a look at the surrogate came to: bins evaluated, and whether it could be asked."""

    evaluated: int
    usable: bool = True


class SurrogateProfiling(Profiling):
    """Searches profiles on a surrogate: every number is the model's, by the same rules as without one.

    The surrogate is searched as the model would be, its maxima are evaluated, and it is trained with them, until it
    promises no more. Where it stays wrong, and in all bins that decide where an interval ends, the model itself is
    searched from there.

    Args:
        trainer: the surrogate.
        axes: of each profile.
        settings: how far it goes.
        levels: of confidence.
        seed: of all random numbers.
        say: told how far it is.
        course: of the fit, of which looks at the surrogate are units.

    Attributes:
        error: the largest error of chi2 that the surrogate had in the last look at each profile.
    """

    def __init__(
        self,
        trainer: SurrogateTrainer,
        axes: Sequence[Sequence[Axis]],
        settings: Search,
        levels: Sequence[float],
        seed: int,
        say: Say,
        course: Course | None = None,
    ) -> None:
        thresholds = [threshold(level) for level in levels]
        course = course or Course()
        super().__init__(trainer.likelihood, axes, settings, thresholds, seed, say, course, trainer.linearised)
        self._trainer, self._levels = trainer, levels
        self._looks = Looks(
            [
                Look.first(work.cells, [_INSET if axis.column is None else 0.0 for axis in work.axes])
                for work in self.searches
            ]
        )
        course.keep("looks", self._looks)

    @property
    def error(self) -> float:
        """See the attribute."""
        return max((look.error for look in self._looks.of), default=0.0)

    # -- searches -------------------------------------------------------------------------------------------

    def _first(self, i: int) -> None:
        self._settle(i, _LOOKS)

    def _settle(self, i: int, looks: int) -> None:
        """Let the surrogate propose until it promises no more, and search with the model where it stays wrong."""
        unit, before = self._course.unit, _EVERYTHING
        for look in range(looks):
            said = unit(_Said, partial(self._look, i, look))
            if not said.usable:
                super()._first(i)
            if not said.evaluated:
                return
            if said.evaluated > _STALLED * before:
                break
            before = said.evaluated
        unit(None, partial(self._search_where_wrong, i))

    def _look(self, i: int, look: int) -> _Said:
        """Evaluate what the surrogate promises, unless that is not to be done."""
        work = self.searches[i]
        if work.left <= 0:
            work.effort.bound = work.allowed
            return _Said(0)
        if not self._trainer.usable:
            self._looks.of[i].hoped[:] = 0.0
            self._looks.of[i].error = np.inf
            return _Said(0, usable=False)
        count = self._propose(i, everything=look == 0)
        if count:
            self._say(f"{named(work.axes)}: look {look + 1}, {count} of {work.cells} bins evaluated")
        return _Said(count)

    def _search_where_wrong(self, i: int) -> None:
        """Search with the model where the surrogate promises too much."""
        work, look = self.searches[i], self._looks.of[i]
        wrong = np.flatnonzero(look.hoped > self._tolerance(i, work.minima.best))
        if not len(wrong):
            return
        for _ in range(_AGAIN):
            self._say(f"{named(work.axes)}: {len(wrong)} bins are searched with the model")
            look.hoped[wrong] = search_again(work, wrong, _CALLS)
            wrong = wrong[look.hoped[wrong] > _AT_LEVEL]
            if not len(wrong):
                break
        self._trainer.refit()

    def _propose(self, i: int, *, everything: bool) -> int:
        """Evaluate the surrogate's maxima where it promises more than is known; return how many these are.

        All bins are searched, or those that were evaluated last, and their neighbours.
        """
        work, likelihood, look = self.searches[i], self._likelihood, self._looks.of[i]
        axes = self._inset(i)
        surrogate = self._trainer.surrogate_likelihood()
        again = None if everything else look.looked | beside(look.looked, work.shape)
        found = look.maxima = maxima(surrogate, axes, self._rngs[i], work.allowed, look.maxima, again)
        work.take_in()
        before, top = work.minima.best, float(likelihood.loglikes.max())
        tolerance = self._tolerance(i, found.loglike)
        with np.errstate(invalid="ignore"):
            promising = (found.loglike > top - 0.5 * FAR - 1.0) & ~(2.0 * (found.loglike - before) < tolerance)
        look.hoped[:] = 0.0
        look.looked = promising
        cells: Ints = np.flatnonzero(promising)
        if not len(cells):
            return 0
        batch = likelihood.batch(found.u[cells])
        work.spent += len(cells)
        work.take_in()
        error = 2.0 * np.abs(batch.loglike - found.loglike[cells])
        near = batch.loglike > top - 0.5 * FAR
        look.error = float(error[near].max(initial=0.0))
        with np.errstate(invalid="ignore"):
            look.hoped[cells] = np.maximum(2.0 * (found.loglike - work.minima.best)[cells], 0.0)
        look.insets = tuple(self._wider(axis, found.held(axis)[cells], batch.observables) for axis in axes)
        self._trainer.refit()
        return len(cells)

    def _inset(self, i: int) -> list[Axis]:
        """Return the axes of a profile, with what is left out of bins of observables."""
        return [
            replace(axis, inset=inset)
            for axis, inset in zip(self.searches[i].axes, self._looks.of[i].insets, strict=True)
        ]

    def _wider(self, axis: Axis, predicted: Floats, observables: Floats) -> float:
        """Return the part of a bin that the errors of what was just evaluated are."""
        if axis.column is not None:
            return axis.inset
        names = self._likelihood.names[-observables.shape[1] :]
        error = np.abs(axis.coordinate(observables[:, names.index(axis.name)]) - predicted)
        error = error[np.isfinite(error)]
        size = float(np.quantile(error, 0.9)) / float(axis.edges[1] - axis.edges[0]) if len(error) else _INSET
        return min(size, 0.25)

    def _tolerance(self, i: int, predicted: Floats) -> Floats:
        """Return (cells,) by how much in chi2 the surrogate may promise more than was evaluated."""
        axes = self.searches[i].axes
        delta = 2.0 * (float(self._likelihood.loglikes.max()) - predicted)
        tolerance = np.where(delta > threshold(max(self._levels), len(axes)) + _BEYOND, _LOOSE, _CLOSE)
        if len(axes) == 1:
            for level in self._thresholds:
                crossed = brackets_of(delta, level)
                tolerance[crossed] = tolerance[crossed + 1] = _AT_LEVEL
        return tolerance

    # -- what profiles learn from each other, and second opinions -------------------------------------------------

    def _exchange(self) -> None:
        """Where a point of another search is better than a profile says, search again: surrogate, then model."""
        unit = self._course.unit
        for _ in range(_ROUNDS):
            before = unit(int, self._evaluated)
            for i, work in enumerate(self.searches):
                if unit(bool, partial(self._surprised, i)):
                    self._settle(i, _LOOKS_AGAIN)
                if unit(bool, partial(self._carry_surprises, i)):
                    work.sweep()
            if unit(int, self._evaluated) == before:
                break

    def _evaluated(self) -> int:
        return self._likelihood.evaluations

    def _surprised(self, i: int) -> bool:
        """Train with the points that are better than a profile says, if there are any."""
        surprised = self._trainer.usable and bool(self._surprises(i))
        if surprised:
            self._trainer.refit()
        return surprised

    def _second_opinions(self) -> None:
        """Look with the model itself at the bins that decide where intervals end; if it gains, all goes on."""
        unit = self._course.unit
        if not unit(bool, lambda: self._trainer.usable):
            super()._second_opinions()
            return
        for i in self._curves:
            for _ in range(_OPINIONS):
                if not unit(bool, partial(self._opinion, i)):
                    break
                self._settle(i, _LOOKS_AGAIN)
        self._exchange()

    def _opinion(self, i: int) -> bool:
        """Look once; return whether that gained anything, with which the surrogate was trained."""
        work = self.searches[i]
        cells = self._deciding(i)
        if not len(cells):
            return False
        if work.left <= 0:
            work.effort.bound = work.allowed
            return False
        before = work.minima.best[cells]
        if work.exchanges(cells):
            work.sweep()
        search_again(work, cells, _CALLS)
        gained = gain(before, work.minima.best[cells])
        work.effort.restarts += len(cells)
        work.effort.better += int((gained > MOVED).sum())
        work.effort.agree += int((gained <= MOVED).sum())
        self._found[i][:] = 0.0
        self._found[i][cells] = gained
        if not (gained > MOVED).any():
            return False
        self._trainer.refit()
        return True

    def zoom(self, i: int, inside: float, outside: float) -> tuple[Floats, Floats]:
        """Return places (n,) and ln L (n,) of a finer curve; see `Profiling.zoom`."""
        if not self._trainer.usable:
            return super().zoom(i, inside, outside)
        work, likelihood = self.searches[i], self._likelihood
        fine, around = self.finer(i, inside, outside)
        closer = self._search_of(i, fine)
        inset = replace(fine, inset=self._looks.of[i].insets[0])
        for _ in range(_LOOKS_CLOSER):
            surrogate = self._trainer.surrogate_likelihood()
            found = maxima(surrogate, [inset], self._rngs[i], work.allowed, beside=(work, around))
            closer.take_in()
            with np.errstate(invalid="ignore"):
                promising = ~(2.0 * (found.loglike - closer.minima.best) < _AT_LEVEL) & np.isfinite(found.loglike)
            cells: Ints = np.flatnonzero(promising)
            if not len(cells):
                break
            batch = likelihood.batch(found.u[cells])
            closer.spent += len(cells)
            closer.take_in()
            if (2.0 * np.abs(batch.loglike - found.loglike[cells]) < _AT_LEVEL).all():
                break
            self._trainer.refit()
        else:
            search_again(closer, np.arange(closer.cells), _CALLS)
        work.spent += closer.spent
        places, loglike = self.places_of(gather(likelihood, [fine], 0))
        if self._above(i, places, loglike):
            return super().zoom(i, inside, outside)
        return places, loglike

    def _above(self, i: int, places: Floats, loglike: Floats) -> bool:
        """Say whether a finer curve lies above the line between the bins of the one that it refines.

        A surrogate that is good enough for the bins may have no idea of what lies between them. Where the curve
        bends, the model may be searched needlessly.
        """
        work = self.searches[i]
        with np.errstate(invalid="ignore"):
            line = np.interp(places, work.axes[0].middle, -2.0 * work.minima.best)
            return bool((np.isfinite(loglike) & (-2.0 * loglike - line > JUMP)).any())

    def _result(self, i: int) -> tuple[Profile, Convergence]:
        found, convergence = super()._result(i)
        sight = (found.delta_chi2(float(self._likelihood.loglikes.max())) < FAR).reshape(-1)
        return found, replace(convergence, predicted=np.where(sight, self._looks.of[i].hoped, 0.0))
