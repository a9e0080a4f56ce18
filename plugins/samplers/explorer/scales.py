"""In which coordinates a stratified solve sees the rows: logarithms and the like, chosen from a sample."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from terranova.types import Array, Floats, Ints

ASINH, LOG, LOGIT = 0, 1, 2
"""asinh((row - centre) / scale), ln(max(row, scale)) and logit(row)."""

_SEEN = 8
"""Numbers of a row that a sample must have to say anything about it."""

_DECADES = 20.0
"""Ratio of the 97th to the 3rd percentile from which on positive rows are taken by their logarithm."""

_SIGNED_DECADES = 100.0
"""The same for rows of both signs."""

_EDGE = 1e-12
"""How close to 0 and 1 a logit goes."""


class Scale(NamedTuple):
    """Of each of r rows: kind (r,), centre (r,), scale (r,) and the unit (r,) of the transformed number."""

    kind: Ints
    centre: Floats
    scale: Floats
    unit: Floats

    def transform(self, rows: Floats) -> Floats:
        """Return z (n, r), increasing in rows (n, r); NaN where a row is not finite."""
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            z = np.arcsinh((rows - self.centre) / self.scale)
            log, logit = self.kind == LOG, self.kind == LOGIT
            z[:, log] = np.log(np.maximum(rows[:, log], self.scale[log]))
            inside = np.clip(rows[:, logit], _EDGE, 1.0 - _EDGE)
            z[:, logit] = np.log(inside / (1.0 - inside))
        z[~np.isfinite(rows)] = np.nan
        return z / self.unit

    def window(self, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        """Return both ends (r,) of the windows, transformed; infinite ones stay so."""
        ends = self.transform(np.array([low, high]))
        return np.where(np.isfinite(low), ends[0], low), np.where(np.isfinite(high), ends[1], high)


def choose_scale(sample: Floats, low: Floats, high: Floats) -> Scale:
    """Choose what makes rows nearly linear, from their values at random points.

    Args:
        sample: (n, r), NaN or infinite where unknown.
        low, high: (r,) windows; one end can be infinite.
    """
    r = len(low)
    kind, centre, scale, unit = np.zeros(r, dtype=np.int64), np.zeros(r), np.ones(r), np.ones(r)
    for c in range(r):
        values = sample[np.isfinite(sample[:, c]), c]
        kind[c], centre[c], scale[c] = _kind_of(values, float(low[c]), float(high[c]))
        if len(values) < _SEEN:
            continue
        one = Scale(kind[c : c + 1], centre[c : c + 1], scale[c : c + 1], np.ones(1))
        z = one.transform(values[:, None])[:, 0]
        end_low, end_high = (float(end[0]) for end in one.window(low[c : c + 1], high[c : c + 1]))
        first, median, last = np.percentile(z, [16.0, 50.0, 84.0])
        away = max(end_low - median, median - end_high, 0.0)
        unit[c] = max(0.5 * (last - first), 0.25 * away) or 1.0
    return Scale(kind, centre, scale, unit)


def _kind_of(values: Floats, low: float, high: float) -> tuple[int, float, float]:
    """Return kind, centre and scale of one row with the given values (n,), all finite."""
    ends = [end for end in (low, high) if math.isfinite(end)]
    positive = min(ends) > 0.0
    if len(values) < _SEEN:
        return (LOG, 0.0, 1e-3 * min(ends)) if positive else _about_the_window(values, low, high)
    if values.min() > 0.0 and values.max() <= 1.0 and values.max() > 0.9:
        return LOGIT, 0.0, 1.0
    small, large = np.percentile(values, [3.0, 97.0])
    if values.min() > 0.0 and positive and large > _DECADES * small:
        return LOG, 0.0, 1e-3 * min(float(values.min()), *ends)
    size = np.abs(values[values != 0.0])
    if len(size) >= _SEEN and values.min() < 0.0 < values.max() and not low <= 0.0 <= high:
        tenth, middle, small, large = np.percentile(size, [10.0, 50.0, 3.0, 97.0])
        edge = min(abs(end) for end in ends)
        if large > _SIGNED_DECADES * small or middle < 0.1 * edge:
            return ASINH, 0.0, float(tenth)
    return _about_the_window(values, low, high)


def _about_the_window(values: Floats, low: float, high: float) -> tuple[int, float, float]:
    """Return the scale that is linear near the window and logarithmic far away."""
    if math.isfinite(high - low):
        return ASINH, 0.5 * (low + high), high - low
    edge = high if math.isfinite(high) else low
    spread = float(np.subtract(*np.percentile(values, [75.0, 25.0]))) if len(values) >= _SEEN else abs(edge)
    scale = min(abs(edge), spread) if edge and spread else spread or abs(edge)
    return ASINH, edge, scale or 1.0


def scales_of(islands: int, rows: int) -> dict[str, Array]:
    """Return arrays for the scales of I islands, (I, r) each, by the names of `Scale`."""
    return {name: np.zeros((islands, rows), dtype=np.int64 if name == "kind" else float) for name in Scale._fields}
