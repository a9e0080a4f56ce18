"""Derivatives of a model that offers them, carried on to the unit cube and to the margins of constraints."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from terranova.evaluation.bound_model import BoundModel
from terranova.interfaces.sampler import Slopes
from terranova.types import Floats

STEP = 1e-7
"""In the unit cube. What is differenced over it is only arithmetic: priors and constraints."""


def continued(model: BoundModel, x: Floats, observables: Floats, beside: Floats) -> Floats:
    """Return observables (n c, k) at c points beside each of n others, along the derivatives that the model offers.

    Args:
        model: one that offers them.
        x: (n, d) physical points.
        observables: (n, k) at them.
        beside: (n c, d) physical points, the c beside the first one first.

    Returns:
        NaN where an observable or a derivative is not known.
    """
    n, d = x.shape
    jacobian = np.swapaxes(model.jacobian(x, observables), 1, 2)
    inputs, own = jacobian.shape[1:]
    moved = (beside.reshape(n, -1, d) - x[:, None])[:, :, :inputs]
    lost = np.isnan(jacobian)
    with np.errstate(invalid="ignore", over="ignore"):
        there = observables[:, None, :own] + moved @ np.where(lost, 0.0, jacobian)
    if lost.any():  # a parameter that is not moved does not enter, whether its derivative is known or not
        there[(moved != 0.0).astype(float) @ lost.astype(float) > 0.0] = np.nan
    return model.with_derived(beside, there.reshape(len(beside), -1))


def slopes_of(
    model: BoundModel, margins_of: Callable[[Floats, Floats], Floats], u: Floats, observables: Floats
) -> Slopes:
    """Return what `SearchSpace.jacobian` promises.

    Args:
        model: one that offers derivatives.
        margins_of: from x (n, d) and observables (n, k) to the margins (n, m) of constraints.
        u: (n, d) in the unit cube.
        observables: (n, k) there.
    """
    n, d = u.shape
    space = model.space
    step = np.where(u + STEP <= 1.0, STEP, -STEP)
    around = (u[:, None] + step[:, None] * np.eye(d)).reshape(n * d, d)
    owner = np.repeat(np.arange(n), d)
    x, beside = space.to_physical(u), space.to_physical(around)
    there = continued(model, x, observables, beside)
    margins = margins_of(x, observables)
    with np.errstate(invalid="ignore", over="ignore"):
        of_observables = (there - observables[owner]).reshape(n, d, -1) / step[:, :, None]
        change = margins_of(beside, there) - margins[owner]
        of_margins = np.where(np.isfinite(change), change, np.nan).reshape(n, d, -1) / step[:, :, None]
    return Slopes(np.swapaxes(of_observables, 1, 2), np.swapaxes(of_margins, 1, 2))
