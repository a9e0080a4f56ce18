"""Starts of another kind for a profile: the values of two parameters of one kind exchanged.

A branch of a profile in which, say, the heavier of two scalars is CP-odd need not be connected with the one in
which it is CP-even: neither steps nor neighbours lead from one to the other, both are smooth, and random starts
rarely hit a narrow one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from terranova.interfaces.parameters import Parameter
from terranova.types import Floats, Ints

_SAME = 1e-6
"""Of the width of a prior: a value that comes back from the cube by no more is the same."""

_APART = 0.02
"""In units of the cube: an exchange that moves a point less leads to no other minimum."""


def pairs(parameters: Sequence[Parameter]) -> list[tuple[int, int]]:
    """Return which of the parameters are of one kind: of one unit, or dimensionless with one prior."""
    return [
        (i, j)
        for (i, one), (j, other) in combinations(enumerate(parameters), 2)
        if not (one.prior.reads or other.prior.reads)
        and one.unit == other.unit
        and (one.unit != "1" or one.prior == other.prior)
    ]


def exchanged(
    parameters: Sequence[Parameter], u: Floats, most: int, rng: np.random.Generator
) -> tuple[Ints, Floats]:
    """Exchange the values of two parameters.

    Args:
        parameters: of the columns of u.
        u: (n, d), of the unit cube.
        most: exchanges of a point; of more possible ones, these are drawn.
        rng: draws.

    Returns:
        rows (m,) of u, and what became of each, (m, d); exchanges that leave a prior are left out.
    """
    rows, moved = [], []
    for i, j in pairs(parameters):
        own, other = parameters[i].prior, parameters[j].prior
        with np.errstate(all="ignore"):
            at_i, at_j = own.to_physical(u[:, i].copy()), other.to_physical(u[:, j].copy())
            to_i, to_j = own.to_unit(at_j), other.to_unit(at_i)
            fits = (np.abs(to_i - 0.5) <= 0.5) & (np.abs(to_j - 0.5) <= 0.5)
            # A prior may cut off what lies beyond it.
            fits &= np.isclose(own.to_physical(np.clip(to_i, 0.0, 1.0)), at_j, rtol=_SAME, atol=0.0)
            fits &= np.isclose(other.to_physical(np.clip(to_j, 0.0, 1.0)), at_i, rtol=_SAME, atol=0.0)
        fits &= np.maximum(np.abs(to_i - u[:, i]), np.abs(to_j - u[:, j])) > _APART
        kept = np.flatnonzero(fits)
        points = u[kept].copy()
        points[:, i], points[:, j] = to_i[kept], to_j[kept]
        rows.append(kept)
        moved.append(points)
    if not rows:
        return np.empty(0, dtype=np.int64), np.empty((0, u.shape[1]))
    all_rows, all_points = np.concatenate(rows), np.concatenate(moved)
    order = rng.permutation(len(all_rows))  # the first `most` of each row, in random order
    order = order[np.argsort(all_rows[order], kind="stable")]
    sorted_rows = all_rows[order]
    nth = np.arange(len(order)) - np.searchsorted(sorted_rows, sorted_rows)
    order = order[nth < most]
    return all_rows[order], all_points[order]
