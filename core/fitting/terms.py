"""What a fit linearises: residuals, general likelihoods, hard bounds, and the cell in which a quantity is held."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from terranova.fitting.course import Course
from terranova.fitting.metric import curvature_of
from terranova.interfaces.batch import Batch
from terranova.interfaces.constraint import LEAST, Constraint
from terranova.types import Floats, Ints

if TYPE_CHECKING:
    from terranova.fitting.axes import Axis
    from terranova.fitting.likelihood import Likelihood

SAMPLE = 200
"""Points of the prior from which the scales of bounds are taken."""

_MISSING = 1e6
"""What a term that is not known costs: a stage that is reached makes up for anything."""

_WITHIN = 2.5
"""Standard deviations within which a measurement is no reason to go on looking for a place to begin."""

_NARROWEST = 0.1
"""Least unit of a stretched pull."""

_NEAR = 0.005
"""Part of a cell within which a parameter that is bound elastically has arrived at its middle."""

_INSET = 0.002
"""Part of a cell, at each of its ends, that is left out: a search ends on its bounds, give or take a rounding."""

_DECADES = 20.0
"""An observable whose sample spans more than this factor is seen in logarithms where a bound on it is positive."""


@dataclass(frozen=True)
class Terms:
    """Terms at n points.

    Attributes:
        residuals: (n, m), half the sum of whose squares is part of -ln L; NaN where not known, as all that follows.
        other: (n, q) -ln L of each constraint without residuals.
        read: (n, q') what those constraints read.
        bounds: (n, k) hard bounds, satisfied where not positive, each in units of its scale.
        values: (n, d + k) parameters and the observables that are remembered.
        missing: (n,) number of terms not known.
        loglike: (n,) of the whole problem; -inf where excluded, failed, or outside its cell.
    """

    residuals: Floats
    other: Floats
    read: Floats
    bounds: Floats
    values: Floats
    missing: Ints
    loglike: Floats

    @property
    def soft(self) -> Floats:
        """(n,) -ln L without hard bounds, up to a constant; a missing term counts as very much."""
        squares, other = known_or_zero(self.residuals) ** 2, known_or_zero(self.other)
        return np.asarray(0.5 * squares.sum(axis=1) + other.sum(axis=1) + _MISSING * self.missing)

    def merit(self, price: Floats) -> Floats:
        """Return (n,) what is minimised: -ln L, and the price (n, k) of every bound that is violated."""
        with np.errstate(over="ignore", invalid="ignore"):
            paid = self.soft + (price * np.maximum(known_or_zero(self.bounds), 0.0)).sum(axis=1)
        return np.where(np.isfinite(paid), paid, np.inf)

    def take(self, rows: Ints) -> Terms:
        """Return the terms at some of the points."""
        return Terms(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def room(self, n: int) -> Terms:
        """Return terms of the same shape at n points, to be filled."""
        parts = [getattr(self, name) for name in self.__dataclass_fields__]
        return Terms(*(np.zeros((n, *part.shape[1:]), dtype=part.dtype) for part in parts))

    def put(self, rows: Ints, others: Terms) -> None:
        """Replace the terms at some of the points."""
        for name in self.__dataclass_fields__:
            getattr(self, name)[rows] = getattr(others, name)


class Linearised:
    """Knows the terms of a problem, and the units in which its bounds are measured.

    Args:
        likelihood: the likelihood; `SAMPLE` points of the prior are evaluated.
        rng: draws them.
        course: of the fit, of which that is a unit.
    """

    def __init__(self, likelihood: Likelihood, rng: np.random.Generator, course: Course | None = None) -> None:
        self.likelihood = likelihood
        soft = [c for c in likelihood.problem.constraints if not c.hard]

        def drawn() -> Floats:
            batch = likelihood.batch(rng.random((SAMPLE, likelihood.dimension)))
            return np.column_stack([batch.x, batch.observables])

        values = (course or Course()).unit(Floats, drawn)
        self._columns = {c.name: j for j, c in enumerate(likelihood.problem.constraints)}
        self._hard = [
            edge for c in likelihood.problem.constraints if c.hard for edge in self._edges(c, self._read(values, c))
        ]
        self._squares: list[Constraint] = []
        self.general: list[Constraint] = []
        for constraint in soft:
            probe = constraint.residuals(self._placeholder(constraint, values))
            (self._squares if probe is not None else self.general).append(constraint)
        residuals = _stacked([_known(self._read(values, c), c.residuals) for c in self._squares], SAMPLE)
        sample = np.arcsinh(residuals / _WITHIN)
        self._pull_unit = np.array([max(_spread(column), _NARROWEST) for column in sample.T])

    def columns(self, constraint: Constraint) -> list[int]:
        """Return where what a constraint reads stands among parameters and observables."""
        return [self.likelihood.names.index(name) for name in constraint.observables]

    def _read(self, values: Floats, constraint: Constraint) -> Floats:
        return np.asarray(values[:, self.columns(constraint)])

    def _placeholder(self, constraint: Constraint, values: Floats) -> Floats:
        read = self._read(values, constraint)
        known = np.isfinite(read).all(axis=1)
        return read[known][:1] if known.any() else np.ones((1, read.shape[1]))

    def _edges(self, constraint: Constraint, sample: Floats) -> list[_Edge]:
        """Return the bounds of a hard constraint: each end of a window, or its margin."""
        low, high = constraint.window()
        ends = [(end, sign) for end, sign in ((low, -1.0), (high, 1.0)) if np.isfinite(end)]
        known = sample[np.isfinite(sample).all(axis=1)]
        if not ends or len(constraint.observables) != 1:
            margin = constraint.margin(known) if len(known) else np.empty(0)
            return [_edge(constraint, None, 1.0, False, margin)]
        value = known[:, 0]
        wide = len(value) > 0 and bool((value > 0.0).all())
        wide = wide and bool(np.quantile(value, 0.97) > _DECADES * np.quantile(value, 0.03))
        edges = []
        for end, sign in ends:
            log = bool(wide and end > 0.0)
            edges.append(_edge(constraint, end, sign, log, sign * (np.log(value / end) if log else value - end)))
        return edges

    def __call__(self, batch: Batch, axes: Sequence[Axis], places: Ints, *, elastic: bool = False) -> Terms:
        """Return the terms at the points of a batch (n,), each held in its cell `places` (n, axes).

        With `elastic`, a parameter is bound to the middle of its cell by bounds, as an observable is to its cell.
        """
        n = len(batch.loglike)
        values = np.column_stack([batch.x, batch.observables])
        # What a surrogate predicts, no constraint has been asked about.
        scored = batch.margins.shape[1] == len(self._columns)
        bounds = []
        for edge in self._hard:
            asked = self._read(values, edge.constraint)
            margin = batch.margins[:, self._columns[edge.constraint.name]] if scored else None
            bounds.append(edge.at(asked, margin))
        loglike = batch.loglike.copy()
        for i, axis in enumerate(axes):
            if axis.column is None or elastic:
                low, high = axis.within(places[:, i])
                width = high - low
                if axis.column is None:
                    at = axis.coordinate(values[:, self.likelihood.names.index(axis.name)])
                else:
                    at = batch.u[:, axis.column]
                    low, high = axis.middle[places[:, i]] - _NEAR * width, axis.middle[places[:, i]] + _NEAR * width
                bounds += [(low + _INSET * width - at) / width, (at - high + _INSET * width) / width]
                with np.errstate(invalid="ignore"):
                    loglike[~((at >= low) & (at <= high))] = -np.inf
        squares = [_known(self._read(values, c), c.residuals) for c in self._squares]
        read = [self._read(values, c) for c in self.general]
        other = [
            -np.where(np.isfinite(of).all(axis=1), batch.terms[:, self._columns[c.name]], np.nan)[:, None]
            if scored
            else -_known(of, c.loglike)
            for c, of in zip(self.general, read, strict=True)
        ]
        residuals, others, walls = _stacked(squares, n), _stacked(other, n), _stacked(bounds, n)
        missing = sum((~np.isfinite(part)).sum(axis=1) for part in (residuals, others, walls))
        missing = np.where(batch.status == 0, missing, 10**6)
        missing = np.asarray(missing, dtype=np.int64)
        return Terms(residuals, others, _stacked(read, n), walls, values, missing, loglike)

    def distances(self, terms: Terms) -> Floats:
        """Return (n, rows) how far points are from what is allowed, not positive where they are within it.

        Hard bounds and cells count, and measurements beyond `_WITHIN` standard deviations, all stretched.
        """
        hard = [edge.stretched(terms.bounds[:, i]) for i, edge in enumerate(self._hard)]
        cells = list(np.arcsinh(terms.bounds[:, len(self._hard) :]).T)
        pulls = np.arcsinh(terms.residuals / _WITHIN) / self._pull_unit
        end = np.arcsinh(1.0) / self._pull_unit
        return np.column_stack([*hard, *cells, pulls - end, -pulls - end])

    def quadratic(self, at: Terms, slopes: Terms) -> tuple[Floats, Floats]:
        """Return the Hessian (n, d, d), that of Gauss and Newton, and gradient (n, d) of -ln L.

        Args:
            at: terms at n points.
            slopes: their derivatives, arrays with one more axis (n, ..., d), 0 where not known.
        """
        hessian = np.swapaxes(slopes.residuals, 1, 2) @ slopes.residuals
        gradient = (known_or_zero(at.residuals)[:, None] @ slopes.residuals)[:, 0] + slopes.other.sum(axis=1)
        first = 0
        for constraint in self.general:
            read = slice(first, first + len(constraint.observables))
            first = read.stop
            slope, known = slopes.read[:, read], known_or_zero(at.read[:, read])
            bent = curvature_of(constraint, known, np.abs(slope).max(axis=2, initial=0.0) * 1e-2)
            hessian = hessian + np.swapaxes(slope, 1, 2) @ bent @ slope
        return hessian, gradient


@dataclass(frozen=True)
class _Edge:
    """One hard bound: an end of a window, on whose outer side sign * (value - end) > 0, or a margin."""

    constraint: Constraint
    end: float | None
    sign: float
    log: bool
    scale: float
    width: float = 1.0
    unit: float = 1.0

    def stretched(self, bound: Floats) -> Floats:
        """Return (n,) the bound in a coordinate in which it is hardly curved, however far it is."""
        return np.asarray(
            (bound * self.scale if self.log else np.arcsinh(bound * self.scale / self.width)) / self.unit
        )

    def at(self, read: Floats, margin: Floats | None) -> Floats:
        """Return the bound (n,) of what its constraint reads (n, q), and of the margin (n,) it gave, if any."""
        if self.end is None:
            if margin is None:
                margin = _known(read, self.constraint.margin)[:, 0]
            return np.where(np.isfinite(read).all(axis=1), margin, np.nan) / self.scale
        with np.errstate(invalid="ignore"):
            if self.log:
                return np.asarray(self.sign * np.log(np.maximum(read[:, 0], LEAST) / self.end) / self.scale)
            return np.asarray(self.sign * (read[:, 0] - self.end) / self.scale)


def _edge(constraint: Constraint, end: float | None, sign: float, log: bool, sample: Floats) -> _Edge:
    """Make a bound, in units that come from a sample (n,) of it before it is scaled."""
    scale = _spread(sample)
    width = scale if not end else max(min(abs(end), scale), 1e-12 * scale)
    stretched = sample if log else np.arcsinh(sample / width)
    unit = max(_spread(stretched), abs(float(np.median(stretched))) / 4.0) if len(sample) else 1.0
    return _Edge(constraint, end, sign, log, scale, width, unit)


def known_or_zero(values: Floats) -> Floats:
    """Return the values, 0 where they are not finite."""
    return np.where(np.isfinite(values), values, 0.0)


def _known(read: Floats, function: Callable[[Floats], Floats | None]) -> Floats:
    """Return (n, rows) what a constraint says of what is known, NaN elsewhere."""
    known = np.isfinite(read).all(axis=1)
    with np.errstate(all="ignore"):
        said = np.asarray(function(read[known] if known.any() else np.ones((1, read.shape[1]))))
    said = said.reshape(len(said), -1)
    result = np.full((len(read), said.shape[1]), np.nan)
    if known.any():
        result[known] = said
    return result


def _stacked(columns: list[Floats], n: int) -> Floats:
    return np.column_stack(columns) if columns else np.empty((n, 0))


def _spread(values: Floats) -> float:
    """Return half the range that the middle two thirds take; 1 if there is none."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 1.0
    low, high = np.quantile(finite, [0.16, 0.84])
    size = 0.5 * float(high - low)
    return size if size > 0.0 and np.isfinite(size) else 1.0
