"""Where the likelihood jumps beside the best fit: data end there, or another search begins to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from terranova.interfaces.constraint import Constraint
from terranova.types import Floats, Ints

if TYPE_CHECKING:
    from terranova.fitting.likelihood import Likelihood

REACH = 1e-3
"""Part of a prior within which a jump counts. Searches end no nearer to one than that."""

LEAST = 0.1
"""Of chi2: a jump that is smaller holds no point to speak of."""

_SHOWN = 3
_HALVINGS = 24
_STEEP = 0.5
"""What changes by this part of its change over an interval that has been halved so often jumps within it."""


@dataclass(frozen=True)
class Jump:
    """A place where chi2 of a constraint rises at once, as a parameter moves away from the best fit.

    Attributes:
        parameter: which parameter moves.
        value: of the parameter, there.
        unit: of it.
        constraint: which constraint.
        change: of chi2.
    """

    parameter: str
    value: float
    unit: str
    constraint: str
    change: float


def jumps_beside(likelihood: Likelihood, u: Floats) -> tuple[Jump, ...]:
    """Return the jumps upwards within `REACH` of a point u (d,) of the unit cube along each axis, largest first.

    The chi2 of a continuous constraint changes less, the shorter the step. Hard bounds do not count: where they
    end is part of the problem.
    """
    space = likelihood.problem.model.space
    soft = [c for c in likelihood.problem.constraints if not c.hard]
    d = len(u)
    if not soft or not d:
        return ()
    away = REACH * np.concatenate([np.eye(d), -np.eye(d)])  # (2 d, d)
    inside = np.asarray(space.periodic | ((u + away >= 0.0) & (u + away <= 1.0))).all(axis=1)
    away = away[inside]
    if not len(away):
        return ()
    here = _parts(likelihood, soft, u[None])[0]
    there = _parts(likelihood, soft, u + away)
    with np.errstate(invalid="ignore"):
        direction, which = np.nonzero(there - here > LEAST)
    if not len(direction):
        return ()
    low, high = np.zeros(len(direction)), np.ones(len(direction))
    before, after = here[which], there[direction, which]
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        found = _parts(likelihood, soft, u + middle[:, None] * away[direction])
        at = found[np.arange(len(which)), which]
        with np.errstate(invalid="ignore"):
            beyond = np.isfinite(at) & (after - at > at - before)
        low, high = np.where(beyond, middle, low), np.where(beyond, high, middle)
        before, after = np.where(beyond, at, before), np.where(beyond, after, at)
    jumps = []
    rise = there[direction, which] - here[which]
    place = u + high[:, None] * away[direction]
    physical = space.to_physical(np.where(space.periodic, np.mod(place, 1.0), place))
    for i in np.flatnonzero(np.isfinite(after) & (after - before > np.maximum(LEAST, _STEEP * rise))).tolist():
        moved = space.free[int(np.abs(away[direction[i]]).argmax())]
        value = float(physical[i, space.names.index(moved.name)])
        jumps.append(Jump(moved.name, value, moved.unit, soft[which[i]].name, float(after[i] - before[i])))
    return tuple(sorted(jumps, key=lambda jump: -jump.change))


def _parts(likelihood: Likelihood, soft: Sequence[Constraint], u: Floats) -> Floats:
    """Return chi2 (n, soft) of each of some constraints at points u (n, d); NaN where it is not known."""
    batch = likelihood.batch(u)
    values = np.column_stack([batch.x, batch.observables])
    parts = np.full((len(u), len(soft)), np.nan)
    for column, constraint in enumerate(soft):
        read = values[:, [likelihood.names.index(name) for name in constraint.observables]]
        known: Ints = np.flatnonzero(np.isfinite(read).all(axis=1) & (batch.status == 0))
        if len(known):
            parts[known, column] = -2.0 * constraint.loglike(read[known])
    return parts


def jumps_sentences(jumps: Sequence[Jump]) -> list[str]:
    """Say what it means that the best fit lies beside jumps; nothing where it does not."""
    if not jumps:
        return []
    said, walls = [], {jump.constraint: jump for jump in reversed(jumps)}  # a wall is met along several axes
    largest = sorted(walls.values(), key=lambda jump: -jump.change)
    for jump in largest[:_SHOWN]:
        unit = "" if jump.unit == "1" else f" {jump.unit}"
        said.append(f"{jump.constraint} by {jump.change:.2g} at {jump.parameter} = {jump.value:.6g}{unit}")
    more = f"; and {len(largest) - _SHOWN} more" if len(largest) > _SHOWN else ""
    return [
        f"Beside the best fit chi2 jumps: {'; '.join(said)}{more}. Where a table ends, or another search begins to "
        "decide, the likelihood is not continuous. The point may be held there by where data end; such a problem "
        "has many minima, and one fit need not find the best."
    ]
