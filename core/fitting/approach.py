"""A first allowed point with quantities held: least squares on the distances from all windows."""

from __future__ import annotations

import numpy as np

from terranova.fitting.lanes import DAMPINGS, Holder, Lanes, repeated
from terranova.fitting.quadratic import solve_elastic
from terranova.fitting.terms import known_or_zero
from terranova.types import Floats, Ints

DRAWS = 30
"""Random points of which the nearest is where an attempt begins."""

_BREAKOUTS = 4
"""Times that an attempt which is stuck gives more weight to what is still violated."""

_STUCK = 0.7
"""An attempt is stuck when a step leaves more than this part of the distance."""

_MISSING = 1e4
_MARGIN, _LEAST_MARGIN = 0.03, 1e-4
_HEAVIEST = 1e8


def approach(holder: Holder, starts: Floats, lanes: Lanes, calls: int) -> Floats:
    """Move points to where every window is met, or as near as it gets.

    Args:
        holder: of the quantities.
        starts: u (n, d), the columns that are searched.
        lanes: where each is held, and its chart.
        calls: evaluations for each, about.

    Returns:
        u (n, d).
    """
    n, d = starts.shape
    v = holder.charts.from_cube(starts, lanes.chart)
    distance, missing, values = _distances(holder, v, lanes)
    count = len(DAMPINGS)
    weight = np.ones_like(distance)
    damping, used, breakouts = np.full(n, 1e-2), np.ones(n), np.zeros(n)
    best_v, best = v.copy(), _far(distance, missing)
    alive = (best > 0.0) & (d > 0)
    while alive.any():
        rows: Ints = np.flatnonzero(alive)
        mine = lanes.take(rows)
        slopes = _slopes(holder, v[rows], mine, distance[rows], values[rows])
        low, high = holder.box(v[rows])
        margin = np.clip(0.3 * distance[rows].max(axis=1, initial=0.0), _LEAST_MARGIN, _MARGIN)
        dampings = (damping[rows, None] * DAMPINGS).reshape(-1)
        own: Ints = np.repeat(np.arange(len(rows)), count)
        weights = weight[rows]
        matrix = repeated(weights[:, :, None] * slopes, count)
        levels = repeated(weights * (distance[rows] + margin[:, None]), count)
        hessian = dampings[:, None, None] * np.eye(d)
        step, _ = solve_elastic(
            hessian,
            np.zeros((len(own), d)),
            matrix,
            levels,
            np.full(levels.shape, 1e-6),
            low[own],
            high[own],
            stiffness=1.0,
        )
        tried = v[rows][own] + step
        found, lost, seen = _distances(holder, tried, mine.take(own))
        used[rows] += holder.probe_cost + count
        paid = _far(found, lost, weights[own])
        first = paid.reshape(-1, count).argmin(axis=1) + count * np.arange(len(rows))
        before = _far(distance[rows], missing[rows], weights)
        better = paid[first] < before
        stuck = ~(paid[first] < _STUCK * before)
        moved, chosen = rows[better], first[better]
        v[moved], distance[moved], missing[moved] = tried[chosen], found[chosen], lost[chosen]
        values[moved] = seen[chosen]
        damping[moved] = dampings[chosen]
        damping[rows[~better]] *= 100.0
        plain = _far(distance[rows], missing[rows])
        gain = plain < best[rows]
        best[rows[gain]], best_v[rows[gain]] = plain[gain], v[rows[gain]]
        again = rows[stuck]
        weight[again] = _reweighted(weight[again], distance[again])
        damping[again] = 1e-2
        breakouts[again] += 1
        alive[rows] = (best[rows] > 0.0) & (used[rows] < calls) & (breakouts[rows] <= _BREAKOUTS)
        alive[rows] &= damping[rows] < _HEAVIEST
    return holder.cube(best_v, lanes)


def nearest_draws(holder: Holder, lanes: Lanes, rng: np.random.Generator) -> Floats:
    """Return for each lane the one of `DRAWS` random points u (n, d) that is nearest to what is allowed."""
    n, d = len(lanes.chart), holder.dimension
    u = rng.random((n * DRAWS, d))
    many = lanes.take(np.repeat(np.arange(n), DRAWS))
    distance, missing, _ = _distances(holder, holder.charts.from_cube(u, many.chart), many)
    first = _far(distance, missing).reshape(n, DRAWS).argmin(axis=1) + DRAWS * np.arange(n)
    return np.asarray(u[first])


def _distances(holder: Holder, v: Floats, lanes: Lanes) -> tuple[Floats, Ints, Floats]:
    terms = holder.terms(v, lanes)
    return known_or_zero(holder.linearised.distances(terms)), terms.missing, terms.values


def _far(distance: Floats, missing: Ints, weight: Floats | float = 1.0) -> Floats:
    """Return (n,) how far points are from what is allowed; 0 within it."""
    return np.asarray(((weight * np.maximum(distance, 0.0)) ** 2).sum(axis=1) + _MISSING * missing)


def _slopes(holder: Holder, v: Floats, lanes: Lanes, distance: Floats, values: Floats) -> Floats:
    n, d = v.shape
    beside, steps = holder.probes(v, lanes, values)
    there = holder.linearised.distances(beside).reshape(n, d, -1)
    with np.errstate(invalid="ignore", over="ignore"):
        slope = known_or_zero((there - distance[:, None]) / steps[:, :, None])
    return np.swapaxes(slope, 1, 2)


def _reweighted(weight: Floats, distance: Floats) -> Floats:
    """Return more weight for what is violated, less for the rest."""
    weight = np.where(distance > 0.0, 3.0 * weight, 0.7 * (weight - 1.0) + 1.0)
    return np.asarray(weight / np.exp(np.log(weight).mean(axis=1, keepdims=True)))
