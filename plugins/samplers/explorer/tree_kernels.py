"""Compiled loops of the explorer's tree: the local ellipsoid, steps within it, and repairs.

Every loop treats an island by itself with scalar code, so that its numbers are the same, to the last bit, whatever
islands stand beside it.
"""

from __future__ import annotations

import math

import numpy as np

from terranova.plugins._jit import kernel
from terranova.plugins.samplers.shared.linear_algebra import cholesky, solve_lower, solve_upper
from terranova.types import Bools, Floats, Ints

_REACH = 0.3
"""Standard deviation of a step in directions that no constraint limits, in units of the cube."""

_LEAST_SLACK = 0.05
"""Slack of a window with two ends is taken as at least this fraction of its width."""

_LEAST_CHANGE = 0.003
"""Slack of a one-sided window is at least what a step of this length can change."""

_MOST_ACROSS = 0.3
"""Longer steps than this fraction of the ellipsoid are taken only where no constraint limits them."""

_MARGIN = 0.05
"""Predicted steps keep this fraction of the slack."""


@kernel
def local_geometry(
    who: Ints,
    low: Floats,
    high: Floats,
    scales: Floats,
    base: Floats,
    jacobian: Floats,
    slack: Floats,
    metric: Floats,
    factor: Floats,
    sound: Bools,
) -> None:
    """Write the metric M = sum_r J_r J_r^T / slack_r^2 + 1 / reach^2, and Cholesky factors for steps.

    The ellipsoid x^T M x <= 1 about the base lies within the valid set of the linear model, up to the least slacks.
    Steps of scale s have the precision (M - 1 / reach^2) / min(s, s_max)^2 + 1 / (s reach)^2: small ones shrink the
    ellipsoid; long ones grow only along what the constraints leave free.

    Args:
        who: (a,) islands.
        low, high: (r,) windows.
        scales: (n,).
        base: (I, r) rows of each island's base.
        jacobian: (I, r, d).
        slack: (I, r), written. metric: (I, d, d), written. factor: (I, n, d, d), written.
        sound: (I,), set to False where the numbers are of no use.
    """
    r_count, d = jacobian.shape[1], jacobian.shape[2]
    precision = np.empty((d, d))
    for a in range(len(who)):
        i = who[a]
        metric[i] = 0.0
        for r in range(r_count):
            length2 = 0.0
            for c in range(d):
                length2 += jacobian[i, r, c] * jacobian[i, r, c]
            width = high[r] - low[r]
            room = min(base[i, r] - low[r], high[r] - base[i, r])
            if width < np.inf:
                room = max(room, _LEAST_SLACK * width)
            else:
                room = max(room, _LEAST_CHANGE * math.sqrt(length2))
            slack[i, r] = room
            if length2 == 0.0 or room == np.inf:
                continue
            weight = 1.0 / (room * room)
            for c in range(d):
                for k in range(c + 1):
                    metric[i, c, k] += weight * jacobian[i, r, c] * jacobian[i, r, k]
        for c in range(d):
            for k in range(c):
                metric[i, k, c] = metric[i, c, k]
        sound[i] = True
        for n in range(len(scales)):
            across, along = min(scales[n], _MOST_ACROSS), _REACH * scales[n]
            for c in range(d):
                for k in range(d):
                    precision[c, k] = metric[i, c, k] / (across * across)
                precision[c, c] += 1.0 / (along * along)
            sound[i] = sound[i] and cholesky(precision, factor[i, n])
        for c in range(d):
            metric[i, c, c] += 1.0 / (_REACH * _REACH)


@kernel
def draw_steps(
    who: Ints,
    low: Floats,
    high: Floats,
    base: Floats,
    jacobian: Floats,
    factor: Floats,
    arm: Ints,
    z: Floats,
    uniform: Floats,
    step: Floats,
    length: Floats,
) -> None:
    """Draw steps from each island's ellipsoid, cut short where the linear model leaves a window.

    Args:
        who: (a,) islands.
        low, high: (r,). base: (I, r). jacobian: (I, r, d). factor: (I, scales, d, d).
        arm: (a, n) which scale each of the n draws has.
        z: (a, n, t, d) standard normal: t trials for each draw. uniform: (a, n, t) in [0, 1).
        step: (a, n, t, d), written. length: (a, n, t), written: what is left of each step, 0 to 1.
    """
    r_count = jacobian.shape[1]
    for a in range(len(who)):
        i = who[a]
        for n in range(z.shape[1]):
            for t in range(z.shape[2]):
                x = step[a, n, t]
                for c in range(len(x)):
                    x[c] = z[a, n, t, c]
                solve_upper(factor[i, arm[a, n]], x)
                most = 1.0
                for r in range(r_count):
                    rate = 0.0
                    for c in range(len(x)):
                        rate += jacobian[i, r, c] * x[c]
                    if rate > 0.0 and high[r] < np.inf:
                        room = (1.0 - _MARGIN) * max(0.0, high[r] - base[i, r])
                        if rate * most > room:
                            most = room / rate
                    elif rate < 0.0 and low[r] > -np.inf:
                        room = (1.0 - _MARGIN) * max(0.0, base[i, r] - low[r])
                        if -rate * most > room:
                            most = room / -rate
                if most < 1.0:
                    most *= 0.5 + 0.5 * uniform[a, n, t]
                for c in range(len(x)):
                    x[c] *= most
                length[a, n, t] = most


@kernel
def repair(
    low: Floats,
    high: Floats,
    slack: Floats,
    metric: Floats,
    rows_before: Floats,
    rows: Floats,
    moved: Floats,
    jacobian: Floats,
    step: Floats,
    correct: bool,
) -> None:
    """Lead points that ended outside back inside, each by one quasi-Newton step.

    The step minimises the distance to the windows and its own length. From the second attempt on a point's Jacobian
    is first corrected so that it explains the last move (Broyden's rank-one update in the metric of the ellipsoid).
    After the first, long step along the valid set it is not: what that one left unexplained is curvature, and the
    correction would lead straight back.

    Args:
        low, high, slack: (r,). metric: (d, d).
        rows_before, rows: (n, r) before and after the last move.
        moved: (n, d) that move; overwritten with the next one.
        jacobian: (n, r, d), updated.
        step: (n, d) from the base, updated.
        correct: whether to correct the Jacobian.
    """
    r_count, d = len(low), len(metric)
    normal, factor = np.empty((d, d)), np.empty((d, d))
    right, dual = np.empty(d), np.empty(d)
    for n in range(len(rows)):
        length2 = 0.0
        for c in range(d):
            dual[c] = 0.0
            for k in range(d):
                dual[c] += metric[c, k] * moved[n, k]
            length2 += dual[c] * moved[n, c]
            right[c] = 0.0
            for k in range(d):
                normal[c, k] = 0.02 * metric[c, k]
        for r in range(r_count):
            row = jacobian[n, r]
            if correct and length2 > 0.0:
                unexplained = rows[n, r] - rows_before[n, r]
                for c in range(d):
                    unexplained -= row[c] * moved[n, c]
                for c in range(d):
                    row[c] += unexplained * dual[c] / length2
            if low[r] <= rows[n, r] <= high[r]:
                continue
            inside = min(0.2 * slack[r], 0.3 * (high[r] - low[r]))
            miss = rows[n, r] - (high[r] - inside if rows[n, r] > high[r] else low[r] + inside)
            weight = 1.0 / (slack[r] * slack[r])
            for c in range(d):
                right[c] -= weight * miss * row[c]
                for k in range(d):
                    normal[c, k] += weight * row[c] * row[k]
        if not cholesky(normal, factor):
            right[:] = 0.0
        else:
            solve_lower(factor, right)
            solve_upper(factor, right)
        for c in range(d):
            moved[n, c] = right[c]
            step[n, c] += right[c]
