"""Strata: islands that search within one category of the discrete parameters, so that none is left out.

A sampler that follows its best points abandons a category that looks worse from afar, though the only valid points
may be there. Of samplers that say so (`stratified`), some islands are confined, each to one combination of
the values of the discrete parameters, and the others go where they like. A sampler sees nothing of it: the axes of
those parameters are squeezed into the step of its category on the way from the proposal to the parameter space.
"""

from __future__ import annotations

import itertools

import numpy as np

from terranova.interfaces.discrete_priors import Discrete
from terranova.interfaces.parameters import ParameterSpace
from terranova.types import Floats, Ints


class Strata:
    """Which islands are confined, and to what.

    The first island is always free. If there are C categories, and more islands than that, C or a multiple of it
    are confined, about half of the islands; with fewer islands none is.

    Args:
        space: the parameters.
        islands: number of islands of the scan, on all ranks.
    """

    def __init__(self, space: ParameterSpace, islands: int) -> None:
        discrete = [(axis, p.prior.edges) for axis, p in enumerate(space.free) if isinstance(p.prior, Discrete)]
        self._axes = [axis for axis, _ in discrete]
        count = 1
        for _, edges in discrete:
            count *= len(edges) - 1
        self.confined = 0
        self._low: Floats = np.zeros((0, len(discrete)))
        self._width: Floats = np.ones((0, len(discrete)))
        if not discrete or count > islands - 1:
            return
        self.confined = count * max(1, islands // 2 // count)
        steps = itertools.cycle(itertools.product(*(range(len(edges) - 1) for _, edges in discrete)))
        ends = [
            [(edges[step], edges[step + 1]) for step, (_, edges) in zip(chosen, discrete, strict=True)]
            for chosen in itertools.islice(steps, self.confined)
        ]
        pairs: Floats = np.array(ends)
        self._low, self._width = pairs[:, :, 0], pairs[:, :, 1] - pairs[:, :, 0]

    def enter(self, u: Floats, island: Ints) -> Floats:
        """Return where proposals u (n, d) of islands (n,), counted from 0 over all ranks, are evaluated."""
        rows = np.flatnonzero((island >= 1) & (island <= self.confined))
        if not len(rows):
            return u
        u, number = u.copy(), island[rows] - 1
        for j, axis in enumerate(self._axes):
            # Never quite at the upper end, which belongs to the next step.
            inside = np.minimum(u[rows, axis], 1.0 - 1e-9)
            u[rows, axis] = self._low[number, j] + self._width[number, j] * inside
        return u
