"""Compiled loops of the explorer's tree: the local ellipsoid, steps within it, and repairs.

Every loop treats a lane by itself with scalar code, so that its numbers are the same, to the last bit, whatever
others stand beside it.
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
    slope: Floats,
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
        who: (a,) lanes.
        low, high: (r,) windows.
        scales: (n,).
        base: (L, r) rows of each lane's base.
        slope: (L, d, r) the Jacobian.
        slack: (L, r), written. metric: (L, d, d), written. factor: (L, n, d, d), written.
        sound: (L,), set to False where the numbers are of no use.
    """
    d, r_count = slope.shape[1], slope.shape[2]
    precision, row = np.empty((d, d)), np.empty(d)
    for a in range(len(who)):
        i = who[a]
        metric[i] = 0.0
        for r in range(r_count):
            length2 = 0.0
            for c in range(d):
                row[c] = slope[i, c, r]
                length2 += row[c] * row[c]
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
                scaled = weight * row[c]
                for k in range(c + 1):
                    metric[i, c, k] += scaled * row[k]
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
    slope: Floats,
    factor: Floats,
    arm: Ints,
    z: Floats,
    uniform: Floats,
) -> None:
    """Draw steps from each lane's ellipsoid, cut short where the linear model leaves a window.

    Args:
        who: (a,) lanes.
        low, high: (r,). base: (L, r). slope: (L, d, r) the Jacobian. factor: (L, scales, d, d).
        arm: (L, n) which scale each of the n draws has.
        z: (a, n, t, d) standard normal: t trials for each draw; overwritten with the steps.
        uniform: (a, n, t) in [0, 1).
    """
    d, r_count = slope.shape[1], slope.shape[2]
    rate = np.empty(r_count)
    for a in range(len(who)):
        i = who[a]
        for n in range(z.shape[1]):
            lower = factor[i, arm[i, n]]
            for t in range(z.shape[2]):
                x = z[a, n, t]
                for c in range(d - 1, -1, -1):  # transpose(lower) y = x, along lines of memory
                    x[c] /= lower[c, c]
                    for k in range(c):
                        x[k] -= lower[c, k] * x[c]
                rate[:] = 0.0
                for c in range(d):
                    for r in range(r_count):
                        rate[r] += slope[i, c, r] * x[c]
                most = 1.0
                for r in range(r_count):
                    if rate[r] > 0.0 and high[r] < np.inf:
                        room = (1.0 - _MARGIN) * max(0.0, high[r] - base[i, r])
                        if rate[r] * most > room:
                            most = room / rate[r]
                    elif rate[r] < 0.0 and low[r] > -np.inf:
                        room = (1.0 - _MARGIN) * max(0.0, base[i, r] - low[r])
                        if -rate[r] * most > room:
                            most = room / -rate[r]
                if most < 1.0:
                    most *= 0.5 + 0.5 * uniform[a, n, t]
                    for c in range(d):
                        x[c] *= most


@kernel
def _excess(row: Floats, valid: bool, low: Floats, high: Floats, slack: Floats) -> float:
    """Return the sum of a point's distances to the windows in units of slack; infinite where one is unknown."""
    if valid:
        return 0.0
    total = 0.0
    for r in range(len(low)):
        outside = max(low[r] - row[r], row[r] - high[r])
        if not abs(row[r]) < np.inf:
            return np.inf
        if outside > 0.0:
            if not slack[r] > 0.0:
                return np.inf
            total += outside / slack[r]
    return total if total > 0.0 else np.inf


@kernel
def _repair(
    low: Floats,
    high: Floats,
    slack: Floats,
    metric: Floats,
    row_before: Floats,
    row: Floats,
    moved: Floats,
    jacobian: Floats,
    step: Floats,
    correct: bool,
    normal: Floats,
    factor: Floats,
    right: Floats,
    dual: Floats,
) -> None:
    """Lead a point that ended outside back inside, by one quasi-Newton step.

    The step minimises the distance to the windows and its own length. From the second attempt on the point's
    Jacobian is first corrected so that it explains the last move (Broyden's rank-one update in the metric of the
    ellipsoid).
    After the first, long step along the valid set it is not: what that one left unexplained is curvature, and the
    correction would lead straight back.

    Args:
        low, high, slack: (r,). metric: (d, d).
        row_before, row: (r,) before and after the last move.
        moved: (d,) that move; overwritten with the next one.
        jacobian: (r, d), updated.
        step: (d,) from the base, updated.
        correct: whether to correct the Jacobian.
        normal, factor: (d, d), right, dual: (d,), room to work in.
    """
    d = len(metric)
    length2 = 0.0
    for c in range(d):
        dual[c] = 0.0
        for k in range(d):
            dual[c] += metric[c, k] * moved[k]
        length2 += dual[c] * moved[c]
        right[c] = 0.0
        for k in range(c + 1):
            normal[c, k] = 0.02 * metric[c, k]
    for r in range(len(low)):
        line = jacobian[r]
        if correct and length2 > 0.0:
            unexplained = row[r] - row_before[r]
            for c in range(d):
                unexplained -= line[c] * moved[c]
            unexplained /= length2
            for c in range(d):
                line[c] += unexplained * dual[c]
        if low[r] <= row[r] <= high[r]:
            continue
        inside = min(0.2 * slack[r], 0.3 * (high[r] - low[r]))
        miss = row[r] - (high[r] - inside if row[r] > high[r] else low[r] + inside)
        weight = 1.0 / (slack[r] * slack[r])
        for c in range(d):
            scaled = weight * line[c]
            right[c] -= miss * scaled
            for k in range(c + 1):
                normal[c, k] += scaled * line[k]
    if not cholesky(normal, factor):
        right[:] = 0.0
    else:
        solve_lower(factor, right)
        solve_upper(factor, right)
    for c in range(d):
        moved[c] = right[c]
        step[c] += right[c]


@kernel
def after_steps(
    who: Ints,
    first: Ints,
    lanes: int,
    repairs: int,
    hope: float,
    low: Floats,
    high: Floats,
    scales: Floats,
    worth: Floats,
    rows: Floats,
    valid: Bools,
    novelty: Floats,
    opened: Ints,
    stage: Ints,
    base: Floats,
    base_novelty: Floats,
    slope: Floats,
    slack: Floats,
    metric: Floats,
    step: Floats,
    arm: Ints,
    fixing: Bools,
    excess: Floats,
    level: Ints,
    local: Floats,
    last: Floats,
    moved: Floats,
    attempt: Ints,
    rounds_left: Ints,
    spent: Ints,
    round_opened: Ints,
    gain: Floats,
    cost: Floats,
    tried: Floats,
    mended: Floats,
) -> None:
    """Reward what lanes did, pick the points that are worth a repair and make it, or go on to the next round.

    Args:
        who: (a,) lanes. first: (a,) where each one's points begin in the batch.
        lanes: of an island.
        repairs, hope: how often, and at which chance at least, a repair is tried.
        low, high: (r,). scales: (s,). worth: (I,) what an island opens for a point, on average.
        rows: (n, r), valid: (n,), novelty: (n,), opened: (n,): the batch.
        stage, base, ..., round_opened: as in `Tree`, for each of L lanes, updated.
        gain, cost: (I, s), tried, mended: (I, levels), updated.
    """
    r_count, most_steps, levels = len(low), step.shape[1], tried.shape[1]
    d = step.shape[2]
    rewarded, used = np.empty(len(scales)), np.empty(len(scales))
    seen, better = np.empty(levels), np.empty(levels)
    normal, factor = np.empty((d, d)), np.empty((d, d))
    right, dual = np.empty(d), np.empty(d)
    for a in range(len(who)):
        i, island = who[a], who[a] // lanes
        initial = stage[i] == 1
        rewarded[:] = 0.0
        used[:] = 0.0
        seen[:] = 0.0
        better[:] = 0.0
        n = first[a]
        for s in range(most_steps):
            if not initial and not fixing[i, s]:
                continue
            fixing[i, s] = True
            spent[i] += 1
            round_opened[i] += opened[n]
            used[arm[i, s]] += 1.0
            if valid[n] and novelty[n] > base_novelty[i]:
                rewarded[arm[i, s]] += scales[arm[i, s]]
            rewarded[arm[i, s]] += opened[n]
            if not initial and _excess(rows[n], valid[n], low, high, slack[i]) < 0.3 * excess[i, s]:
                better[level[i, s]] += 1.0
            if not initial:
                seen[level[i, s]] += 1.0
            n += 1
        for k in range(len(scales)):
            gain[island, k] = 0.95 * gain[island, k] + rewarded[k]
            cost[island, k] = 0.95 * cost[island, k] + used[k]
        if not initial:
            for k in range(levels):
                tried[island, k] = 0.98 * tried[island, k] + seen[k]
                mended[island, k] = 0.98 * mended[island, k] + better[k]
        n, again = first[a], False
        for s in range(most_steps):
            if not fixing[i, s]:
                continue
            away = _excess(rows[n], valid[n], low, high, slack[i])
            row, n = rows[n], n + 1
            before, fixing[i, s] = excess[i, s], False
            if attempt[i] >= repairs or away == 0.0 or not away < np.inf:
                continue
            half_decade = int(min(max(math.floor(2.0 * math.log10(away)) + 3.0, 0.0), levels - 1.0))
            if not mended[island, half_decade] > hope * tried[island, half_decade]:
                continue
            if initial:
                for r in range(r_count):
                    last[i, s, r] = base[i, r]
                    for c in range(d):
                        local[i, s, r, c] = slope[i, c, r]
                for c in range(d):
                    moved[i, s, c] = step[i, s, c]
            elif not away < 0.5 * before:
                continue
            _repair(
                low, high, slack[i], metric[i], last[i, s], row, moved[i, s], local[i, s], step[i, s], not initial,
                normal, factor, right, dual,
            )  # fmt: skip
            last[i, s] = row
            excess[i, s], level[i, s] = away, half_decade
            fixing[i, s] = again = True
        if again:
            attempt[i] += 1
            stage[i] = 2
            continue
        rounds_left[i] -= 1
        attempt[i] = 0
        # A base is left when its last round opened less than what a point opens on average, elsewhere.
        pays = round_opened[i] >= worth[island] * spent[i]
        stage[i] = 1 if rounds_left[i] > 0 and pays else 3
        spent[i] = round_opened[i] = 0
