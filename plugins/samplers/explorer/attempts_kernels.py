"""Compiled loops of stratified solves: damped least squares with one-sided distances in a box, and distances."""

from __future__ import annotations

import math

import numpy as np

from terranova.plugins._jit import kernel
from terranova.plugins.samplers.shared.linear_algebra import cholesky, solve_lower, solve_upper
from terranova.types import Floats

_MISSING = 1e4
"""What a row that is not known adds to the distance: it counts, but hides nothing else."""

_ITERATIONS = 12
_HALVINGS = 10
_ENOUGH = 1e-9
"""Relative decrease at which the subproblem is solved."""

_SHORTER = 0.4
"""Length of the extra steps, relative to those that they shorten."""


@kernel
def squared_distance(z: Floats, low: Floats, high: Floats, weight: Floats, distance: Floats) -> None:
    """Write for each of n points the weighted sum of squared distances to the windows.

    Args:
        z: (n, r), NaN where unknown.
        low, high, weight: (r,).
        distance: (n,), written.
    """
    for n in range(len(z)):
        total = 0.0
        for r in range(len(low)):
            if not abs(z[n, r]) < np.inf:
                total += _MISSING
                continue
            outside = max(low[r] - z[n, r], z[n, r] - high[r], 0.0)
            total += weight[r] * weight[r] * outside * outside
        distance[n] = total


@kernel
def _residuals(z: Floats, jacobian: Floats, low: Floats, high: Floats, step: Floats, out: Floats) -> None:
    """Write how far outside (r,) the linear model puts each row after a step, signed; 0 inside or unknown."""
    for r in range(len(z)):
        out[r] = 0.0
        if not abs(z[r]) < np.inf:
            continue
        ahead = z[r]
        for c in range(len(step)):
            ahead += jacobian[r, c] * step[c]
        if ahead > high[r]:
            out[r] = ahead - high[r]
        elif ahead < low[r]:
            out[r] = ahead - low[r]


@kernel
def _objective(residual: Floats, weight: Floats, damping: float, step: Floats) -> float:
    total = 0.0
    for r in range(len(residual)):
        total += 0.5 * weight[r] * weight[r] * residual[r] * residual[r]
    for c in range(len(step)):
        total += 0.5 * damping * step[c] * step[c]
    return total


@kernel
def damped_step(
    z: Floats,
    jacobian: Floats,
    weight: Floats,
    low: Floats,
    high: Floats,
    damping: float,
    least: Floats,
    most: Floats,
    step: Floats,
) -> None:
    """Minimise 1/2 sum_r w_r^2 dist(z_r + J_r s, window)^2 + 1/2 damping s^2 over least <= s <= most.

    A projected semi-smooth Newton method: the function is convex and piecewise quadratic, so that it ends after a
    few iterations, at the minimum.

    Args:
        z, weight, low, high: (r,). jacobian: (r, d).
        damping: positive.
        least, most: (d,) the box.
        step: (d,) where to start, overwritten with the minimum.
    """
    r_count, d = jacobian.shape
    residual, trial_residual = np.empty(r_count), np.empty(r_count)
    gradient, newton, trial = np.empty(d), np.empty(d), np.empty(d)
    normal, factor = np.empty((d, d)), np.empty((d, d))
    for c in range(d):
        step[c] = min(max(step[c], least[c]), most[c])
    _residuals(z, jacobian, low, high, step, residual)
    value = _objective(residual, weight, damping, step)
    for _ in range(_ITERATIONS):
        normal[:] = 0.0
        for c in range(d):
            gradient[c] = damping * step[c]
            normal[c, c] = damping
        for r in range(r_count):
            if residual[r] == 0.0:
                continue
            w2 = weight[r] * weight[r]
            for c in range(d):
                slope = w2 * jacobian[r, c]
                if slope == 0.0:
                    continue
                gradient[c] += slope * residual[r]
                for k in range(c + 1):
                    normal[c, k] += slope * jacobian[r, k]
        for c in range(d):
            held = (step[c] <= least[c] and gradient[c] >= 0.0) or (step[c] >= most[c] and gradient[c] <= 0.0)
            newton[c] = 0.0 if held else -gradient[c]
            if held:
                for k in range(d):
                    normal[c, k] = 0.0
                    normal[k, c] = 0.0
                normal[c, c] = 1.0
        if not cholesky(normal, factor):
            return
        solve_lower(factor, newton)
        solve_upper(factor, newton)
        length, reached = 1.0, value
        for _ in range(_HALVINGS):
            for c in range(d):
                trial[c] = min(max(step[c] + length * newton[c], least[c]), most[c])
            _residuals(z, jacobian, low, high, trial, trial_residual)
            reached = _objective(trial_residual, weight, damping, trial)
            if reached < value:
                break
            length *= 0.5
        if not reached < value:
            return
        done = value - reached < _ENOUGH * value
        value = reached
        step[:] = trial
        residual[:] = trial_residual
        if done:
            return


@kernel
def candidate_steps(
    z: Floats,
    jacobian: Floats,
    weight: Floats,
    low: Floats,
    high: Floats,
    dampings: Floats,
    least: Floats,
    most: Floats,
    steps: Floats,
) -> None:
    """Write the steps for each damping and, where there is room in `steps`, shortened ones of the middle.

    Args:
        z, weight, low, high: (r,); windows are narrowed by a margin that shrinks with the largest violation.
        jacobian: (r, d).
        dampings: (n,), increasing.
        least, most: (d,) the box.
        steps: (n or more, d), written.
    """
    r_count, d = jacobian.shape
    worst = 0.0
    for r in range(r_count):
        if abs(z[r]) < np.inf:
            worst = max(worst, low[r] - z[r], z[r] - high[r])
    margin = min(max(0.3 * worst, 1e-4), 0.03)
    inner_low, inner_high = np.empty(r_count), np.empty(r_count)
    for r in range(r_count):
        inside = min(margin, 0.3 * (high[r] - low[r]))
        inner_low[r], inner_high[r] = low[r] + inside, high[r] - inside
    n = len(dampings)
    step = np.zeros(d)
    for a in range(n - 1, -1, -1):  # the most damped one is the easiest, and a start for the next
        damped_step(z, jacobian, weight, inner_low, inner_high, dampings[a], least, most, step)
        steps[a] = step
    extra = len(steps) - n
    for a in range(extra):
        for c in range(d):
            steps[n + a, c] = _SHORTER * steps[(n - extra) // 2 + a, c]


@kernel
def heavier_on_violated(z: Floats, low: Floats, high: Floats, weight: Floats) -> None:
    """Multiply the weights (r,) of violated rows, and let the others go back to 1; their geometric mean is 1."""
    mean = 0.0
    for r in range(len(weight)):
        if z[r] > high[r] or z[r] < low[r]:
            weight[r] *= 3.0
        else:
            weight[r] = 0.7 * (weight[r] - 1.0) + 1.0
        mean += math.log(weight[r]) / len(weight)
    for r in range(len(weight)):
        weight[r] /= math.exp(mean)


@kernel
def correct_jacobian(jacobian: Floats, step: Floats, change: Floats) -> None:
    """Make a Jacobian (r, d) explain the change (r,) that a step (d,) made: Broyden's rank-one update."""
    length2 = 0.0
    for c in range(len(step)):
        length2 += step[c] * step[c]
    if length2 == 0.0:
        return
    for r in range(len(change)):
        unexplained = change[r]
        if not abs(unexplained) < np.inf:
            continue
        for c in range(len(step)):
            unexplained -= jacobian[r, c] * step[c]
        for c in range(len(step)):
            jacobian[r, c] += unexplained * step[c] / length2
