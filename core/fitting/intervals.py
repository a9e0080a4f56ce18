"""Confidence intervals from profile likelihoods, with their ends evaluated again."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from terranova.fitting.axes import Axis
from terranova.fitting.crossings import (
    Outermost,
    brackets_of,
    crossings_of,
    hidden_crossings,
    lowest,
    middle,
    told_apart,
)
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.profile import Profile, search
from terranova.fitting.profile_convergence import JUMP, Convergence, largest_jump
from terranova.types import Floats, Ints

_ROUNDS = 14
"""Times that the end of an interval is evaluated again at most."""

_PRECISION = 2e-5
"""Ends that move by less, in units of the cube, are final."""

_ZOOMS = 9
"""Closer looks at the end of an interval, each about three times as close as the one before, at most."""

_ZOOMS_WITHIN = 2
"""The same of an observable, which bounds of the width of a bin hold: the narrower, the harder to search."""

_LEAST_GAP = 0.1
"""Of a bin: gaps of an interval that are narrower are not looked for, and shallow ones are none."""

_SETTLED = 2e-4
"""Part of the range by which an end may move when it is looked at more closely, if neither side is excluded."""

Zoom = Callable[[float, float], tuple[Floats, Floats]]
"""(a place within a level, one beyond it) -> places (n,) and ln L (n,) of a finer curve around them."""

Climb = Callable[[Axis, Floats], None]
"""Maximises the likelihood in a cell of a parameter, from a point (d,); all points tried are known afterwards."""


@dataclass(frozen=True)
class Interval:
    """Values of a quantity that are not excluded at a confidence level.

    Attributes:
        level: of confidence, for example 0.95.
        parts: (low, high) of each connected part; an end is None where the range ends before the level is reached,
            and NaN where it is not established.
        doubts: for each part, why its ends are not established; None for one that is.
    """

    level: float
    parts: tuple[tuple[float | None, float | None], ...]
    doubts: tuple[tuple[str | None, str | None], ...] = ()

    @property
    def established(self) -> bool:
        """True if no end is in doubt."""
        return not any(reason for pair in self.doubts for reason in pair)

    @property
    def quoted(self) -> bool:
        """True if anything is said of an end: where it is, or that there is none within the range."""
        return any(end is None or not math.isnan(end) for part in self.parts for end in part)


def threshold(level: float, quantities: int = 1) -> float:
    """Return the Delta chi2 of a confidence level, by Wilks' theorem (Ann. Math. Stat. 9 (1938) 60)."""
    from scipy import stats

    return float(stats.chi2.ppf(level, quantities))


def intervals(
    likelihood: Likelihood,
    profile: Profile,
    levels: tuple[float, ...],
    rng: np.random.Generator,
    climb: Climb | None = None,
    *,
    zoom: Zoom | None = None,
    between: tuple[Floats, Floats] | None = None,
    convergence: Convergence | None = None,
) -> list[Interval]:
    """Return the intervals of a profile over one quantity.

    Each end is looked at more closely, by finer and finer curves around it, until it no longer moves. Without
    `zoom`, the likelihood is maximised again with a parameter held at the place where the profile crosses the
    level, and the curve of an observable is interpolated.

    Args:
        likelihood: the likelihood.
        profile: over the quantity.
        levels: of confidence.
        rng: of all random numbers.
        climb: maximises the likelihood in a cell of the axis, from a point (d,); CMA-ES if None.
        zoom: makes a finer curve.
        between: places (n,) and ln L (n,) of points between bins that belong to the curve as well.
        convergence: of the profile: an end in bins that have not converged is not established.
    """
    axis = profile.axes[0]
    place, delta = _curve(likelihood, profile)
    if between is not None:
        place = np.append(place, between[0])
        place, delta = lowest(place, np.append(delta, 2.0 * (likelihood.loglikes.max() - between[1])))
    result = []
    for level in levels:
        wanted = threshold(level)
        cliff = Outermost(likelihood, axis, wanted) if axis.column is None else middle
        crossings = crossings_of(place, delta, wanted, cliff)
        if zoom is not None:
            place, delta = _zoomed(likelihood, axis, place, delta, wanted, zoom)
            cliff = Outermost(likelihood, axis, wanted) if axis.column is None else middle
            crossings = crossings_of(place, delta, wanted, cliff)
        elif axis.column is not None and len(crossings):
            place, delta = _refined(
                likelihood, axis, place, delta, crossings, wanted, climb or _climber(likelihood, rng)
            )
            crossings = crossings_of(place, delta, wanted)
        ends = told_apart(place, delta, wanted, _LEAST_GAP * float(np.diff(axis.edges).mean()))
        crossings = [crossings[k] for k in ends]
        doubts = [
            _doubt(axis, place, delta, i, convergence, closer=zoom is not None)
            for i in brackets_of(delta, wanted)[ends]
        ]
        result.append(_interval(likelihood, axis, level, delta, crossings, wanted, doubts))
    return result


def _zoomed(
    likelihood: Likelihood, axis: Axis, place: Floats, delta: Floats, wanted: float, zoom: Zoom
) -> tuple[Floats, Floats]:
    """Add finer curves around all crossings of a level, until these no longer move, and where more may hide.

    An observable ends at a hard bound where the outermost point known does.
    """
    looked: set[tuple[float, float]] = set()
    narrow = _PRECISION * (place[-1] - place[0])
    least = _LEAST_GAP * float(np.diff(axis.middle).mean())

    def hidden() -> list[tuple[float, float]]:
        return [cell for cell in hidden_crossings(place, delta, wanted, least) if cell not in looked]

    for _ in range(_ZOOMS if axis.column is not None else _ZOOMS_WITHIN):
        brackets = brackets_of(delta, wanted)
        before = np.array(crossings_of(place, delta, wanted))
        wide = [
            (float(place[i]), float(place[i + 1]))
            for i in brackets
            if place[i + 1] - place[i] > narrow and (axis.column is not None or np.isfinite(delta[i : i + 2]).all())
        ]
        wide += [cell for cell in hidden() if cell not in wide]
        if not wide:
            break
        looked.update(wide)
        for low, high in wide:
            more, loglike = zoom(low, high)
            place, delta = np.append(place, more), np.append(delta, 2.0 * (likelihood.loglikes.max() - loglike))
        place, delta = lowest(place, delta)
        moved = np.array(crossings_of(place, delta, wanted))
        if (
            not hidden()
            and len(moved) == len(before)
            and np.allclose(moved, before, atol=_SETTLED * np.ptp(place), rtol=0.0)
        ):
            brackets = brackets_of(delta, wanted)
            if np.isfinite(delta[brackets]).all() and np.isfinite(delta[brackets + 1]).all():
                break
    return place, delta


def _doubt(
    axis: Axis, place: Floats, delta: Floats, i: int, convergence: Convergence | None, *, closer: bool
) -> str | None:
    """Return why the crossing after place i of a curve is not established; None if nothing speaks against it."""
    near = slice(max(0, i - 1), i + 3)
    jump = largest_jump(place[near], delta[near])
    if jump > JUMP:
        return f"the curve jumps by {jump:.2g} there" if np.isfinite(jump) else "the curve has a gap there"
    if convergence is None:
        return None
    bins = np.searchsorted(axis.edges, place[i : i + 2], side="right") - 1
    around: Ints = np.arange(max(0, bins[0] - 1), min(len(axis.centres), bins[1] + 2))
    return convergence.doubt(around, closer=closer)


def _curve(likelihood: Likelihood, profile: Profile) -> tuple[Floats, Floats]:
    """Return places, in the coordinate of the axis, and Delta chi2 there: one a bin, and the best fit.

    Without the best fit a minimum narrower than a bin would be missed.
    """
    axis = profile.axes[0]
    best = int(np.argmax(likelihood.loglikes))
    delta = profile.delta_chi2(float(likelihood.loglikes[best]))
    place = axis.middle
    if axis.column is None:
        known = np.isfinite(profile.at[:, 0])
        place = np.where(known, axis.coordinate(np.where(known, profile.at[:, 0], axis.centres)), place)
    at = axis.places(likelihood)[best]
    if axis.edges[0] <= at <= axis.edges[-1] and not (place == at).any():
        place, delta = np.append(place, at), np.append(delta, 0.0)
    order = np.argsort(place, kind="stable")
    return place[order], delta[order]


def _refined(
    likelihood: Likelihood,
    axis: Axis,
    place: Floats,
    delta: Floats,
    crossings: list[float],
    wanted: float,
    climb: Climb,
) -> tuple[Floats, Floats]:
    """Add points of the curve at its crossings, evaluated, until they no longer move."""
    for _ in range(_ROUNDS):
        width = 1e-9
        fine_place, fine_delta = [], []
        for at in crossings:
            cell = Axis(axis.name, axis.column, np.array([at - width, at + width]), np.array([at]))
            start = _nearest(likelihood, axis, at)
            climb(cell, start)
            rows = np.abs(likelihood.u[:, axis.column or 0] - at) <= width
            best = likelihood.loglikes[rows].max(initial=-np.inf)
            fine_place.append(at)
            fine_delta.append(2.0 * (likelihood.loglikes.max() - best))
        place = np.concatenate([place, fine_place])
        delta = np.concatenate([delta, fine_delta])
        order = np.argsort(place, kind="stable")
        place, delta = place[order], delta[order]
        moved = crossings_of(place, delta, wanted)
        if len(moved) == len(crossings) and np.allclose(moved, crossings, atol=_PRECISION, rtol=0.0):
            break
        crossings = moved
    return place, delta


def _climber(likelihood: Likelihood, rng: np.random.Generator) -> Climb:
    def climb(cell: Axis, start: Floats) -> None:
        search(likelihood, [cell], np.array([0]), start[None], rng, generations=80, sigma=0.02)

    return climb


def _nearest(likelihood: Likelihood, axis: Axis, at: float) -> Floats:
    """Return a good known point u (d,) near a value of the axis."""
    distance = np.abs(likelihood.u[:, axis.column or 0] - at)
    scale = max(1e-12, float(axis.edges[1] - axis.edges[0]))
    merit = np.where(np.isfinite(likelihood.loglikes), likelihood.loglikes, -1e12) - (distance / scale) ** 2
    return np.asarray(likelihood.u[int(np.argmax(merit))])


def _interval(
    likelihood: Likelihood,
    axis: Axis,
    level: float,
    delta: Floats,
    crossings: list[float],
    wanted: float,
    doubts: list[str | None],
) -> Interval:
    """Pair crossings up into allowed parts."""
    allowed = delta <= wanted
    if not allowed.any():
        return Interval(level, ())
    beyond = "nothing was searched beyond" if axis.reached else None
    ends: list[tuple[float | None, str | None]] = [(None, beyond)] if allowed[0] else []
    ends += list(zip(crossings, doubts, strict=True))
    if len(ends) % 2:
        ends.append((None, beyond))
    values = [math.nan if reason else _physical(likelihood, axis, place) for place, reason in ends]
    reasons = [reason for _, reason in ends]
    return Interval(
        level,
        tuple(zip(values[::2], values[1::2], strict=True)),
        tuple(zip(reasons[::2], reasons[1::2], strict=True)),
    )


def _physical(likelihood: Likelihood, axis: Axis, place: float | None) -> float | None:
    if place is None:
        return None
    if axis.column is None:
        return 10.0**place if axis.log else place
    prior = likelihood.problem.model.space.free[axis.column].prior
    return float(prior.to_physical(np.array([place]))[0])
