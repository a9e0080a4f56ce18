"""Least squares with bounds, many at once: steps of Gauss and Newton's, damped, from points that are given."""

from __future__ import annotations

import numpy as np

from terranova.fitting.kinks import KEPT, Kinks
from terranova.fitting.lanes import DAMPINGS, Holder, Lanes
from terranova.fitting.quadratic import solve_elastic
from terranova.fitting.terms import Terms, known_or_zero
from terranova.types import Floats, Ints

_CORRECTED = 4
"""Steps of one search that are corrected for the curvature of bounds, which the slopes at its point do not know."""

_ROUNDS = 2
"""Times that each of them is."""

_STRAIGHT = 0.1
"""A step that brings all but this part of what the slopes promised needs no correction."""

_MARGIN = 1e-7
"""A step ends so far within a bound that rounding does not put it outside."""

_FLATTEST = 1e-6
"""Slope of a bound, in its units, below which its distance is no longer divided by it."""

_ENOUGH = 5e-4
"""A step that gains less in ln L is none ..."""

_PATIENCE = 3
"""... and so many of them end a search."""

_FORESIGHT, _TRIED = 3.0, 6
"""A search is hopeless if so many times its recent gain in each step to come does not bring it near what is known;
that is judged after so many evaluations for each parameter, where no bound is violated."""

_PRICE, _DEAREST, _CHEAPEST = 10.0, 1e8, 1.0
"""Of a violated bound, in ln L for each unit, or for each unit of its distance where it is flat."""

_MET = 1e-9
"""A bound that is violated by no more is met."""

_HEAVIER = 100.0
"""Factor of the damping after a step that failed: the next one knows more of the bounds."""

_LIGHTEST = 1e-4
"""Damping with which it is judged whether anything is left to gain."""

_HEAVIEST = 1e9
"""A search that needs more damping has ended."""


def descend(
    holder: Holder,
    starts: Floats,
    lanes: Lanes,
    calls: int,
    *,
    target: Floats | None = None,
    arrive: bool = False,
) -> tuple[Floats, Floats]:
    """Maximise the likelihood from each start, with its quantities held.

    The method is that of Levenberg and Marquardt on the residuals, with hard bounds as elastic inequalities
    whose price follows their multipliers, and steps corrected to second order (J. Nocedal and S. J. Wright,
    Numerical Optimization, 2006, chapters 10 and 18). Slopes of bounds from places nearby stay in force (`Kinks`).
    A search to which slopes promise no gain has arrived; it makes no step to prove it. The violation of a bound
    that is flat where the search is counts as a distance: divided by its slope. Over a prior a bound may span so
    many decades that in units of them all its values near the best fit are alike.

    Args:
        holder: of the quantities.
        starts: u (n, d), the columns that are searched.
        lanes: where each is held, and its chart.
        calls: evaluations for each, about.
        target: ln L (n,) known in the cells: a search that will not come near it, or that ends at it, is given up.
        arrive: whether a search ends at its first allowed point.

    Returns:
        u (n, d) and ln L (n,) of the best points that no bound excludes; -inf where there was none.
    """
    n, d = starts.shape
    v = holder.charts.from_cube(starts, lanes.chart)
    at = holder.terms(v, lanes)
    best_u, best = holder.cube(v, lanes), at.loglike.copy()
    damping, price = np.full(n, 1e-2), np.full(n, _PRICE)
    used, stale, recent = np.ones(n), np.zeros(n), np.full(n, np.inf)
    goal = np.full(n, -np.inf) if target is None else target
    unit = np.ones_like(at.bounds)  # of distances
    alive = np.isfinite(at.merit(unit)) & (d > 0)
    slopes_at: Terms | None = None
    fresh = alive.copy()  # where slopes are not known
    kinks = Kinks(n, at.bounds.shape[1], d)
    while alive.any():
        looked: Ints = np.flatnonzero(alive & fresh)
        if len(looked):
            probed = holder.probes(v[looked], lanes.take(looked), at.values[looked])
            found = holder.slopes(at.take(looked), *probed)
            slopes_at = found.room(n) if slopes_at is None else slopes_at
            slopes_at.put(looked, found)
            unit[looked] = 1.0 / np.clip(np.linalg.norm(found.bounds, axis=2), _FLATTEST, 1.0)
            used[looked] += holder.probe_cost
            fresh[looked] = False
            near = kinks.near(looked, v[looked], known_or_zero(at.bounds[looked]))
            hope = _hope(holder, v[looked], at.take(looked), found, price[looked], unit[looked], near)
            alive[looked[np.isfinite(at.loglike[looked]) & (hope < _ENOUGH)]] = False
        rows: Ints = np.flatnonzero(alive)
        if slopes_at is None or not len(rows):
            break
        mine, here, there, slopes = lanes.take(rows), at.take(rows), v[rows], slopes_at.take(rows)
        near = kinks.near(rows, there, known_or_zero(here.bounds))
        trial = _Trials(holder, mine, there, here, slopes, damping[rows], price[rows], unit[rows], near)
        used[rows] += trial.evaluations
        for terms, place in trial.allowed:
            row, u = rows[trial.owner], holder.cube(place, mine.take(trial.owner))
            for i in np.flatnonzero(terms.loglike > best[row]):
                if terms.loglike[i] > best[row[i]]:
                    best[row[i]], best_u[row[i]] = terms.loglike[i], u[i]
        weight = price[:, None] * unit
        before = here.merit(weight[rows])
        gained = before - trial.merit
        better = gained > 1e-9 * (1.0 + np.abs(before))
        moved = rows[better]
        v[moved], fresh[moved] = trial.v[better], True
        kinks.put(moved, there[better], known_or_zero(here.bounds[better]), slopes.bounds[better])
        failed = np.flatnonzero(~better)
        if len(failed):  # there, a bound may have other slopes
            tried, place, lane = trial.terms.take(failed), trial.v[failed], mine.take(failed)
            beyond = holder.slopes(tried, *holder.probes(place, lane, tried.values)).bounds
            kinks.put(rows[failed], place, known_or_zero(tried.bounds), beyond)
            used[rows[failed]] += holder.probe_cost
        at.put(moved, trial.terms.take(np.flatnonzero(better)))
        damping[moved] = trial.damping[better]
        damping[rows[failed]] *= _HEAVIER
        # A step that failed because it was too long says nothing about a shorter one.
        over = np.where(better, gained, trial.shortest) < _ENOUGH
        stale[rows] = np.where(over, stale[rows] + 1, np.where(better, 0, stale[rows]))
        slack = (unit[rows] * np.maximum(known_or_zero(at.bounds[rows]), 0.0)).max(axis=1, initial=0.0)
        needed = np.sqrt(price[rows] * np.clip(3.0 * trial.multiplier, _CHEAPEST, _DEAREST))
        price[rows] = np.clip(np.where(slack > _MET, 4.0 * price[rows], needed), _CHEAPEST, _DEAREST)
        recent[rows] = np.where(np.isinf(recent[rows]), gained, 0.5 * (recent[rows] + np.maximum(gained, 0.0)))
        short = at.merit(price[:, None] * unit)[rows] + goal[rows]  # of the best known, in -ln L
        steps_left = (calls - used[rows]) / (holder.probe_cost + trial.evaluations)
        there_now = (np.abs(short) < _ENOUGH) & (gained < _ENOUGH)
        allowed = slack <= _MET  # elsewhere, the price of bounds is in what is short
        hopeless = allowed & (short > _FORESIGHT * recent[rows] * steps_left) & (used[rows] > _TRIED * d)
        stale[rows] = np.where(np.isfinite(goal[rows]) & (there_now | hopeless), _PATIENCE, stale[rows])
        if arrive:
            alive &= ~np.isfinite(best)
        alive[rows] &= (stale[rows] < _PATIENCE) & (used[rows] < calls) & (damping[rows] < _HEAVIEST)
    return best_u, best


def _hope(
    holder: Holder,
    v: Floats,
    at: Terms,
    slopes: Terms,
    price: Floats,
    unit: Floats,
    near: tuple[Floats, Floats],
) -> Floats:
    """Return (n,) what the best step from each point would gain if its slopes held: nothing, at a minimum.

    Damping does not enter, so that a search whose steps have failed is not taken for one that has arrived.
    """
    hessian, gradient = holder.linearised.quadratic(at, slopes)
    low, high = holder.box(v)
    diagonal = np.arange(hessian.shape[1])
    damped = hessian.copy()
    damped[:, diagonal, diagonal] += _LIGHTEST
    bounds, levels = _with(slopes.bounds, known_or_zero(at.bounds), near, unit)
    prices = np.broadcast_to(price[:, None], levels.shape)
    step, _ = solve_elastic(damped, gradient, bounds, levels, prices, low, high)
    beyond = np.maximum(levels + _along(bounds, step), 0.0).sum(axis=1)
    change = (gradient * step).sum(axis=1) + 0.5 * (step * _along(hessian, step)).sum(axis=1)
    return np.asarray(np.maximum(levels, 0.0).sum(axis=1) * price - change - price * beyond)


def _with(slopes: Floats, levels: Floats, near: tuple[Floats, Floats], unit: Floats) -> tuple[Floats, Floats]:
    """Return slopes (n, k', d) and levels (n, k') of bounds and of what is known of them nearby, as distances."""
    units = np.tile(unit, (1, 1 + KEPT))
    slopes, levels = np.concatenate([slopes, near[0]], axis=1), np.concatenate([levels, near[1]], axis=1)
    return units[:, :, None] * slopes, units * levels


class _Trials:
    """Steps from n points with several dampings, and the best of them.

    Attributes:
        evaluations: (n,) made for each.
        allowed: terms and v of all that were evaluated, in the order of `owner`.
        owner: (n * dampings,) the point from which each step was made.
        v, terms, merit, damping, multiplier: of the best step from each point.
        shortest: (n,) what the slopes promised of the step with the heaviest damping.
    """

    def __init__(
        self,
        holder: Holder,
        lanes: Lanes,
        v: Floats,
        at: Terms,
        slopes: Terms,
        damping: Floats,
        price: Floats,
        unit: Floats,
        near: tuple[Floats, Floats],
    ) -> None:
        n = len(v)
        count = len(DAMPINGS)
        self._at, self._slopes, self._near, self._unit = at, slopes, near, unit
        weight = price[:, None] * unit
        self._hessian, self._gradient = holder.linearised.quadratic(at, slopes)
        self._low, self._high = holder.box(v)
        self._damping, self._price = (damping[:, None] * DAMPINGS).reshape(-1), price
        self.owner: Ints = np.repeat(np.arange(n), count)
        everything: Ints = np.arange(n * count)
        step, multiplier = self._solve(everything, at.residuals[self.owner], at.bounds[self.owner])
        place = v[self.owner] + step
        terms = holder.terms(place, lanes.take(self.owner))
        merit = terms.merit(weight[self.owner])
        self.evaluations = np.full(n, float(count))
        self.allowed = [(terms, place)]
        before = at.merit(weight)[self.owner]
        for _ in range(_ROUNDS):
            chosen = self._worth_correcting(merit, before, self._promised(step), count)
            if not len(chosen):
                break
            own = self.owner[chosen]
            residuals = terms.residuals[chosen] - _along(slopes.residuals[own], step[chosen])
            bounds = terms.bounds[chosen] - _along(slopes.bounds[own], step[chosen])
            again, pressed = self._solve(chosen, residuals, bounds)
            moved = v[own] + again
            found = holder.terms(moved, lanes.take(own))
            np.add.at(self.evaluations, own, 1.0)
            paid = found.merit(weight[own])
            full_place, full_terms = place.copy(), terms.take(everything)
            full_place[chosen] = moved
            full_terms.put(chosen, found)
            self.allowed.append((full_terms, full_place))
            improved = paid < merit[chosen]
            put = chosen[improved]
            step[put], multiplier[put], place[put], merit[put] = (
                again[improved],
                pressed[improved],
                moved[improved],
                paid[improved],
            )
            terms.put(put, found.take(np.flatnonzero(improved)))
        self.shortest = (before - self._promised(step)).reshape(n, count)[:, -1]
        first = merit.reshape(n, count).argmin(axis=1) + count * np.arange(n)
        self.v, self.terms, self.merit = place[first], terms.take(first), merit[first]
        self.damping, self.multiplier = self._damping[first], multiplier[first].max(axis=1, initial=0.0)

    def _solve(self, which: Ints, residuals: Floats, bounds: Floats) -> tuple[Floats, Floats]:
        own = self.owner[which]
        slopes = self._slopes
        shift = known_or_zero(residuals) - known_or_zero(self._at.residuals[own])
        gradient = self._gradient[own] + (shift[:, None] @ slopes.residuals[own])[:, 0]
        hessian = self._hessian[own].copy()
        diagonal = np.arange(hessian.shape[1])
        hessian[:, diagonal, diagonal] += self._damping[which, None]
        near = self._near[0][own], self._near[1][own]
        rows, levels = _with(slopes.bounds[own], known_or_zero(bounds), near, self._unit[own])
        price = np.broadcast_to(self._price[own, None], levels.shape)
        return solve_elastic(hessian, gradient, rows, levels + _MARGIN, price, self._low[own], self._high[own])

    def _promised(self, step: Floats) -> Floats:
        """Return (n * dampings,) the merit that the slopes predict for steps."""
        own = self.owner
        bounds = known_or_zero(self._at.bounds[own]) + _along(self._slopes.bounds[own], step)
        change = (self._gradient[own] * step).sum(axis=1)
        change += 0.5 * (step * _along(self._hessian[own], step)).sum(axis=1)
        beyond = (self._unit[own] * np.maximum(bounds, 0.0)).sum(axis=1)
        return np.asarray(self._at.soft[own] + change + self._price[own] * beyond)

    def _worth_correcting(self, merit: Floats, before: Floats, promised: Floats, count: int) -> Ints:
        """Return the best steps of each point that bring less than they should."""
        short = merit - promised > _STRAIGHT * np.maximum(before - promised, _ENOUGH)
        rank = merit.reshape(-1, count).argsort(axis=1, kind="stable").argsort(axis=1).reshape(-1)
        return np.asarray(np.flatnonzero(short & (rank < _CORRECTED)), dtype=np.int64)


def _along(slopes: Floats, steps: Floats) -> Floats:
    """(n, k, d), (n, d) -> (n, k): the change that slopes predict."""
    return np.asarray((slopes @ steps[:, :, None])[:, :, 0])
