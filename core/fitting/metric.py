"""How far a search may step in each direction: the local shape of the likelihood and of what bounds allow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from terranova.fitting.likelihood import Likelihood
from terranova.interfaces.constraint import Constraint
from terranova.types import Bools, Floats, Ints

if TYPE_CHECKING:
    from terranova.fitting.axes import Axis

_STEP = 1e-4
"""Of the differences from which slopes are taken, in units of the cube."""

_NEAREST = 1e-2
"""A bound nearer than this, in units of the cube, narrows steps no further."""


class Metric:
    """Measures steps from a point so that one of length 1 changes chi2, or the distance to a bound, by about 1.

    With J the slopes of the observables, H >= 0 the curvature of -ln L in them, and a_b the unit normal and c_b the
    distance of hard bound b, the metric is J^T H J + sum_b a_b a_b^T / c_b^2 + 1: that of Gauss and Newton, of an
    interior-point method (J. Nocedal and S. J. Wright, Numerical Optimization, 2006, chapters 10 and 19) and of
    the cube. It needs one evaluation for each free parameter.

    Args:
        likelihood: the likelihood.
        free: columns of the cube that are searched.
        axes: quantities that are held in a cell.
        places: (cells, axes) the cells.
    """

    def __init__(
        self, likelihood: Likelihood, free: Ints, axes: Sequence[Axis] = (), places: Ints | None = None
    ) -> None:
        self._likelihood, self._free, self._axes = likelihood, free, axes
        self._places: Ints = np.zeros((1, 0), dtype=np.int64) if places is None else places
        constraints = likelihood.problem.constraints
        self._soft = [c for c in constraints if not c.hard]
        self._hard = [c for c in constraints if c.hard]
        self._held = [i for i, axis in enumerate(axes) if axis.column is None]
        read = {name for c in constraints for name in c.observables} | {axes[i].name for i in self._held}
        self._names = sorted(read)
        self.known = read <= set(likelihood.names)

    def __call__(self, u: Floats, which: Ints) -> Floats:
        """Return T (k, d, d) at u (k, d), the free columns, in cells which (k,): a step is T z, |z| = 1."""
        k, d = u.shape
        if not self.known:
            return np.broadcast_to(np.eye(d), (k, d, d)).copy()
        values, slopes = self._slopes(u, which)
        metric = np.broadcast_to(np.eye(d), (k, d, d)).copy()
        reach = np.abs(slopes).max(axis=2, initial=0.0) * _NEAREST
        for constraint in self._soft:
            read = [self._names.index(name) for name in constraint.observables]
            curvature = curvature_of(constraint, values[:, read], reach[:, read])
            with np.errstate(over="ignore", invalid="ignore"):
                metric += np.einsum("kia,kij,kjb->kab", slopes[:, read], curvature, slopes[:, read])
        for constraint in self._hard:
            at = self._names.index(constraint.observables[0])
            for end in constraint.window():
                metric += _wall(values[:, at] - end, slopes[:, at])
        for i in self._held:
            axis = self._axes[i]
            at = self._names.index(axis.name)
            for edges in (axis.edges[:-1], axis.edges[1:]):
                edge = edges[self._places[which, i]]
                metric += _wall(values[:, at] - (10.0**edge if axis.log else edge), slopes[:, at])
        # Slopes near the largest numbers have no square.
        measured: Bools = np.asarray(np.isfinite(metric).all(axis=(1, 2)))
        size, directions = np.linalg.eigh(np.where(measured[:, None, None], metric, np.eye(d)))
        return np.asarray(directions / np.sqrt(np.maximum(size, 1.0))[:, None, :])

    def _slopes(self, u: Floats, which: Ints) -> tuple[Floats, Floats]:
        """Return what is read at u (k, q) and its slopes (k, q, d); 0 where there are none."""
        k, d = u.shape
        steps = np.where(u > 0.5, -_STEP, _STEP)
        around = np.concatenate([u[:, None], u[:, None] + steps[:, None] * np.eye(d)], axis=1)
        full = np.empty((k * (d + 1), self._likelihood.dimension))
        full[:, self._free] = around.reshape(-1, d)
        cells = np.repeat(which, d + 1)
        for i, axis in enumerate(self._axes):
            if axis.column is not None:
                full[:, axis.column] = axis.middle[self._places[cells, i]]
        batch = self._likelihood.batch(full)
        columns = [self._likelihood.names.index(name) for name in self._names]
        read = np.column_stack([batch.x, batch.observables])[:, columns].reshape(k, d + 1, len(columns))
        with np.errstate(invalid="ignore", over="ignore"):
            slopes = ((read[:, 1:] - read[:, :1]) / steps[:, :, None]).transpose(0, 2, 1)
        return read[:, 0], np.where(np.abs(slopes) < 1e100, slopes, 0.0)


def curvature_of(constraint: Constraint, at: Floats, reach: Floats) -> Floats:
    """Return the second derivatives (k, m, m) of -ln L in its observables (k, m), negative directions left out."""
    k, m = at.shape
    reach = np.where(reach > 0.0, reach, 1.0)  # what does not change has no weight anyway

    def second(direction: Floats) -> Floats:
        step = reach * direction
        with np.errstate(all="ignore"):
            ahead, here, behind = (constraint.loglike(at + sign * step) for sign in (1.0, 0.0, -1.0))
            change = 2.0 * here - ahead - behind
        return np.where(np.isfinite(change), change, 0.0)

    unit = np.eye(m)
    hessian = np.zeros((k, m, m))
    for i in range(m):
        hessian[:, i, i] = second(unit[i])
        for j in range(i):
            both = second(unit[i] + unit[j]) - hessian[:, i, i] - hessian[:, j, j]
            hessian[:, i, j] = hessian[:, j, i] = both / 2.0
    size, directions = np.linalg.eigh(hessian)
    hessian = np.einsum("kij,kj,klj->kil", directions, np.maximum(size, 0.0), directions)
    with np.errstate(over="ignore"):
        hessian = hessian / reach[:, :, None] / reach[:, None, :]  # the product of two small ones may be 0
    return np.where(np.isfinite(hessian), hessian, 0.0)


def _wall(distance: Floats, slope: Floats) -> Floats:
    """Return what a bound at a distance (k,), in units of an observable of slopes (k, d), adds to the metric."""
    steep = np.linalg.norm(slope, axis=1)
    known = (steep > 0.0) & np.isfinite(distance)
    steep = np.where(known, steep, 1.0)
    normal = slope / steep[:, None]
    weight = np.where(known, 1.0 / np.maximum(np.abs(np.where(known, distance, 1.0)) / steep, _NEAREST) ** 2, 0.0)
    return np.asarray(weight[:, None, None] * normal[:, :, None] * normal[:, None, :])
