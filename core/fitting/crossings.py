"""Where a curve crosses a level, and where it may do so unseen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from terranova.fitting.axes import Axis
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.profile_convergence import FAR, JUMP
from terranova.types import Floats, Ints

_HALF = 0.499
"""A parabola through places that are much nearer to one another says nothing of the next."""

_CLIFF = 30.0
"""A root of Delta chi2 that differs by more from that of a level is not interpolated."""


def brackets_of(delta: Floats, wanted: float) -> Ints:
    """Return the numbers of the places after which a curve crosses a level."""
    return np.asarray(np.flatnonzero(np.diff(delta > wanted)), dtype=np.int64)


def told_apart(place: Floats, delta: Floats, wanted: float, least: float) -> list[int]:
    """Return which crossings of a level, numbered as those of `brackets_of`, are ends of an interval.

    A gap that is narrower than `least`, and in which the curve (n,) is above the level by less than it may jump
    between neighbours, is none: it is noise of the search where the curve runs along the level.
    """
    brackets = brackets_of(delta, wanted)
    kept, k = [], 0
    while k < len(brackets):
        first = int(brackets[k])
        if k + 1 < len(brackets) and delta[first] <= wanted:
            last = int(brackets[k + 1])
            narrow = place[last + 1] - place[first] < least
            if narrow and delta[first + 1 : last + 1].max() - wanted < JUMP:
                k += 2
                continue
        kept.append(k)
        k += 1
    return kept


def hidden_crossings(place: Floats, delta: Floats, wanted: float, least: float = 0.0) -> list[tuple[float, float]]:
    """Return between which places (n,) of a curve, at least so far apart, it may cross a level twice, unseen.

    Where two branches meet, a gap or a part of an interval can be narrower than a bin. Three places on one side
    show it, about as far apart: a parabola through them would cross the level before the next place, which lies on
    the same side of it.
    """
    found = []
    for i in range(len(place) - 1):
        width = float(place[i + 1] - place[i])
        if (delta[i] > wanted) != (delta[i + 1] > wanted) or min(delta[i], delta[i + 1]) > FAR or width < least:
            continue
        for side, beyond in ((_apart(place[i::-1], width), i + 1), (_apart(place[i + 1 :], width), i)):
            rows = i - side if beyond > i else i + 1 + side
            if len(rows) < 3 or not np.isfinite(delta[rows]).all():
                continue
            (a, b, c), (x, y, z), goal = delta[rows], place[rows], place[beyond]
            first, second = (b - a) / (y - x), (c - b) / (z - y)
            bend = (second - first) / (z - x)
            expected = a + first * (goal - x) + bend * (goal - x) * (goal - y)
            if (expected > wanted) != (delta[i] > wanted) and abs(expected - delta[beyond]) > JUMP:
                found.append((float(place[i]), float(place[i + 1])))
                break
    return found


def _apart(place: Floats, width: float) -> Ints:
    """Return the first of places, and two more that lie at least half of a width apart from one another."""
    chosen = [0]
    for number, at in enumerate(place.tolist()):
        if abs(at - place[chosen[-1]]) >= _HALF * width:
            chosen.append(number)
        if len(chosen) == 3:
            break
    return np.array(chosen, dtype=np.int64)


def lowest(place: Floats, delta: Floats) -> tuple[Floats, Floats]:
    """Return places in order, each once, with the lowest Delta chi2 there."""
    order = np.lexsort((delta, place))
    place, delta = place[order], delta[order]
    first = np.append(True, np.diff(place) > 0.0)
    return place[first], delta[first]


def middle(inside: float, outside: float) -> float:
    """Return the place half-way between one that is allowed and one that is not."""
    return 0.5 * (inside + outside)


class Outermost:
    """Where an observable ends at a hard bound: at its outermost value known to be within the level.

    Args:
        likelihood: knows all points.
        axis: of the observable.
        wanted: Delta chi2 of the level.
    """

    def __init__(self, likelihood: Likelihood, axis: Axis, wanted: float) -> None:
        loglike = likelihood.loglikes
        within = 2.0 * (float(loglike.max()) - loglike) <= wanted
        self._values = axis.places(likelihood)[within]

    def __call__(self, inside: float, outside: float) -> float:
        """Return the value between a place that is allowed and one that is not, the nearest to the latter."""
        low, high = sorted((inside, outside))
        between = self._values[(self._values >= low) & (self._values <= high)]
        if not len(between):
            return inside
        return float(between.max() if outside > inside else between.min())


def crossings_of(
    place: Floats, delta: Floats, wanted: float, cliff: Callable[[float, float], float] = middle
) -> list[float]:
    """Return where the curve crosses a level.

    The root of Delta chi2, nearly straight, is interpolated; next to what is excluded `cliff` says where, given
    the places that are inside and outside.
    """
    root = np.sqrt(np.maximum(np.minimum(delta, 1e12), 0.0)) - np.sqrt(wanted)
    crossings = []
    for i in np.flatnonzero(np.diff(root > 0.0)):
        a, b = root[i], root[i + 1]
        if max(abs(a), abs(b)) < _CLIFF:
            crossings.append(float(place[i] + a / (a - b) * (place[i + 1] - place[i])))
        else:
            inside, outside = (i, i + 1) if a <= 0.0 else (i + 1, i)
            crossings.append(cliff(float(place[inside]), float(place[outside])))
    return crossings
