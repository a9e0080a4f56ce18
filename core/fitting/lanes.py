"""Searches side by side, each held in its cell and stepping in its chart: one call of the model for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from terranova.fitting.axes import Axis
from terranova.fitting.charts import Charts, inward
from terranova.fitting.terms import Linearised, Terms, known_or_zero
from terranova.types import Bools, Floats, Ints

PROBE = 1e-6
"""Of forward differences, in units of a chart."""

REACH = 0.3
"""Longest step along an axis of a chart."""

DAMPINGS = np.array([0.01, 0.1, 1.0, 10.0, 100.0, 1000.0])
"""Every step is tried with the damping of the last one times each of these."""


@dataclass
class Lanes:
    """Where n searches are held, and in which chart each of them steps.

    Attributes:
        places: (n, axes) cells.
        chart: (n,).
    """

    places: Ints
    chart: Ints

    def take(self, rows: Ints) -> Lanes:
        """Return some of them, in any order and number."""
        return Lanes(self.places[rows], self.chart[rows])


class Holder:
    """Evaluates terms and slopes with quantities held.

    Args:
        linearised: the terms of the problem.
        axes: of the quantities.
        elastic: whether parameters are searched, too, and drawn to the middle of their cells.
    """

    def __init__(self, linearised: Linearised, axes: Sequence[Axis], *, elastic: bool = False) -> None:
        self.linearised, self.axes, self._elastic = linearised, tuple(axes), elastic
        self.likelihood = linearised.likelihood
        held = set() if elastic else {axis.column for axis in axes}
        space = self.likelihood.problem.model.space
        self.free: Ints = np.array([i for i in range(space.dimension) if i not in held], dtype=np.int64)
        self.periodic: Bools = space.periodic[self.free]
        self.charts = Charts([space.free[i] for i in self.free])

    @property
    def dimension(self) -> int:
        """Number d of parameters that are searched."""
        return len(self.free)

    def cube(self, v: Floats, lanes: Lanes) -> Floats:
        """Return the columns u (n, d) that are searched, of v (n, d) in the charts."""
        return self.charts.to_cube(np.where(self.periodic, np.mod(v, 1.0), np.clip(v, 0.0, 1.0)), lanes.chart)

    def terms(self, v: Floats, lanes: Lanes) -> Terms:
        """Return the terms at v (n, d)."""
        batch = self.likelihood.batch(self.whole(self.cube(v, lanes), lanes.places))
        return self.linearised(batch, self.axes, lanes.places, elastic=self._elastic)

    def whole(self, u: Floats, places: Ints) -> Floats:
        """Return points (n, all parameters) of the columns u (n, d) that are searched, held in their cells."""
        full = np.empty((len(u), self.likelihood.dimension))
        for i, axis in enumerate(self.axes):
            if axis.column is not None:
                full[:, axis.column] = axis.middle[places[:, i]]
        full[:, self.free] = u
        return full

    def probes(self, v: Floats, lanes: Lanes, values: Floats) -> tuple[Terms, Floats]:
        """Return the terms at d points beside each of v (n, d), in order, and the steps (n, d) to them.

        A model that offers derivatives is not evaluated there: its observables go on along them.

        Args:
            v: (n, d) in the charts.
            lanes: where they are held.
            values: (n, names) parameters and observables at v.
        """
        n, d = v.shape
        steps = inward(v, PROBE, self.periodic)
        around = (v[:, None] + steps[:, None] * np.eye(d)).reshape(n * d, d)
        many = lanes.take(np.repeat(np.arange(n), d))
        u = self.whole(self.cube(around, many), many.places)
        batch = self.likelihood.batch_beside(u, self.whole(self.cube(v, lanes), lanes.places), values)
        return self.linearised(batch, self.axes, many.places, elastic=self._elastic), steps

    @property
    def probe_cost(self) -> int:
        """Evaluations, about, that the slopes at a point take."""
        return 1 if self.likelihood.problem.model.has_jacobian else self.dimension

    def slopes(self, at: Terms, beside: Terms, steps: Floats) -> Terms:
        """Return the derivatives (n, ..., d) of all terms; 0 where there are none."""

        def slope(here: Floats, there: Floats) -> Floats:
            n, d = steps.shape
            with np.errstate(invalid="ignore", over="ignore"):
                change = there.reshape(n, d, -1) - here.reshape(n, 1, -1)
            return np.swapaxes(known_or_zero(change / steps[:, :, None]), 1, 2)

        return Terms(
            slope(at.residuals, beside.residuals),
            slope(at.other, beside.other),
            slope(at.read, beside.read),
            slope(at.bounds, beside.bounds),
            at.values,
            at.missing,
            at.loglike,
        )

    def box(self, v: Floats) -> tuple[Floats, Floats]:
        """Return the ends (n, d) of the steps that may be made from v (n, d)."""
        room = 1e-12  # an interior-point method needs some
        low = np.where(self.periodic, -REACH, np.maximum(-REACH, -v)) - room
        high = np.where(self.periodic, REACH, np.minimum(REACH, 1.0 - v)) + room
        return low, high


def repeated(values: Floats, times: int) -> Floats:
    """Return each of n entries so many times, one after the other."""
    return np.repeat(values, times, axis=0)
