"""The axes of profiles: what is binned, how, and how a bin is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from terranova.fitting.likelihood import Likelihood
from terranova.system.file_names import file_part
from terranova.types import Floats, Ints

BINS, BINS_2D = 48, 24
"""Of a profile over one quantity, and of each axis of one over two, where the file says nothing."""

FAR = 12.0
"""Cells whose best known chi2 is farther than this from the minimum are not refined, nor their empty neighbours."""


@dataclass(frozen=True)
class Axis:
    """A quantity that is held: a parameter at the centre of each bin, an observable within it.

    Attributes:
        name: of the parameter or observable.
        column: its axis in the unit cube; None for an observable.
        edges: (bins + 1,) of the bins, in the coordinate in which they are equally wide: the unit cube's for
            a parameter, otherwise the observable itself or its decadic logarithm.
        centres: (bins,) physical values.
        log: whether the coordinate of an observable is its logarithm.
        inset: share of a bin of an observable, at each of its ends, that is left out: where observables are
            predicted, a point at the very end may belong to the neighbour.
        reached: whether the range of an observable was not given, but is what searches had reached.
    """

    name: str
    column: int | None
    edges: Floats
    centres: Floats
    log: bool = False
    inset: float = 0.0
    reached: bool = False

    def divided(self, edges: Floats) -> Axis:
        """Return the same quantity in other bins, of edges (bins + 1,) in the coordinate of the edges."""
        return replace(self, edges=edges, centres=(edges[1:] + edges[:-1]) / 2)

    def coordinate(self, values: Floats) -> Floats:
        """Return values of an observable in the coordinate of the edges."""
        if not self.log:
            return values
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.log10(values))

    def places(self, likelihood: Likelihood) -> Floats:
        """Return where all known points (n,) are, in the coordinate of the edges."""
        return (
            likelihood.u[:, self.column]
            if self.column is not None
            else self.coordinate(likelihood.column(self.name))
        )

    def within(self, bins: Ints) -> tuple[Floats, Floats]:
        """Return the ends of bins (n,), without what is left out of them."""
        low, high = self.edges[bins], self.edges[bins + 1]
        return low + self.inset * (high - low), high - self.inset * (high - low)

    @property
    def middle(self) -> Floats:
        """(bins,) centres in the coordinate of the edges."""
        return np.asarray((self.edges[1:] + self.edges[:-1]) / 2)


def make_axis(
    likelihood: Likelihood, name: str, bins: int, limits: tuple[float, float] | None, *, log: bool = False
) -> Axis:
    """Choose the bins of a quantity: of a parameter over its prior, of an observable over what is not excluded.

    Raises:
        ValueError: no range is given for an observable, and no point is known from which to take one.
    """
    space = likelihood.problem.model.space
    free = [p.name for p in space.free]
    if name in free:
        column = free.index(name)
        prior = space.free[column].prior
        ends = np.array([0.0, 1.0]) if limits is None else prior.to_unit(np.array(limits))
        edges = np.linspace(float(ends[0]), float(ends[1]), bins + 1)
        return Axis(name, column, edges, prior.to_physical((edges[1:] + edges[:-1]) / 2))
    reached = limits is None
    if limits is None:
        values, loglike = likelihood.column(name), likelihood.loglikes
        near = np.isfinite(values) & (loglike > loglike.max(initial=-np.inf) - FAR / 2) & ((values > 0) | (not log))
        if not near.any() or np.ptp(values[near]) == 0.0:
            raise ValueError(f"no range is known for {name}: give one")
        limits = (float(values[near].min()), float(values[near].max()))
    low, high = np.log10(limits) if log else limits
    edges = np.linspace(low, high, bins + 1)
    centres = (edges[1:] + edges[:-1]) / 2
    return Axis(name, None, edges, 10.0**centres if log else centres, log, reached=reached)


def named(axes: Sequence[Axis]) -> str:
    """Return what a profile over these is called."""
    return f"profile of {' and '.join(axis.name for axis in axes)}"


def profile_stem(names: Sequence[str]) -> str:
    """Return the name of the files of a profile, without their ending: other names for other quantities."""
    return "-".join(["profile", *map(file_part, names)])
