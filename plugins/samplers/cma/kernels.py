"""Compiled loops of the CMA-ES stack: sampling and the update, one island after another.

Every loop treats one island with scalar code that does not look at its neighbours, so that an island's numbers
are the same, to the last bit, whatever islands stand beside it.
"""

from __future__ import annotations

import math

import numpy as np

from terranova.plugins._jit import kernel
from terranova.plugins.samplers.shared.linear_algebra import cholesky
from terranova.types import Bools, Floats, Ints


@kernel
def sample(who: Ints, mean: Floats, sigma: Floats, factor: Floats, z: Floats, y: Floats) -> None:
    """Write y = mean + sigma factor z for the islands `who`.

    Args:
        who: (a,) islands.
        mean: (I, d).
        sigma: (I,).
        factor: (I, d, d) lower triangular, the Cholesky factor of the covariance.
        z: (I, popsize, d) standard normal.
        y: (I, popsize, d), written.
    """
    d = mean.shape[1]
    for i in who:
        for k in range(z.shape[1]):
            for r in range(d):
                total = 0.0
                for c in range(r + 1):
                    total += factor[i, r, c] * z[i, k, c]
                y[i, k, r] = mean[i, r] + sigma[i] * total


@kernel
def _stable_order(values: Floats, order: Ints) -> None:
    """Write the indices (n,) that sort values (n,), equal ones in their old order."""
    for k in range(len(values)):
        slot = k
        while slot > 0 and values[order[slot - 1]] > values[k]:
            order[slot] = order[slot - 1]
            slot -= 1
        order[slot] = k


@kernel
def update(
    who: Ints,
    fitness: Floats,
    weights: Floats,
    parents: int,
    rates: Floats,
    age: Ints,
    mean: Floats,
    sigma: Floats,
    covariance: Floats,
    factor: Floats,
    path_sigma: Floats,
    path_c: Floats,
    z: Floats,
    y: Floats,
    sound: Bools,
) -> None:
    """Update the distributions of the islands `who`, in place.

    The Cholesky factor takes the part of the symmetric root of the covariance: with y = mean + sigma A z the
    whitened step is z itself, so neither an inverse nor an eigendecomposition is needed (Krause, Arbonès and
    Igel, NeurIPS 2016, show that it makes no difference to the algorithm's performance).

    Args:
        who: (a,) islands.
        fitness: (a, popsize) of their points; smaller is better.
        weights, parents, rates: of the `Strategy`.
        age: (I,) generations since the start of the run, this one included.
        mean, sigma, covariance, factor, path_sigma, path_c: the state, first axis islands.
        z, y: (I, popsize, d) as drawn and sampled.
        sound: (I,), set to False where the covariance is no longer usable.
    """
    mu_eff, c_sigma, d_sigma = rates[0], rates[1], rates[2]
    c_c, c_1, c_mu, chi = rates[3], rates[4], rates[5], rates[6]
    d, popsize = mean.shape[1], len(weights)
    order = np.empty(popsize, dtype=np.int64)
    scaled = np.empty(popsize)
    step_z, step_y = np.empty(d), np.empty(d)
    deviation = np.empty((popsize, d))
    for a in range(len(who)):
        i = who[a]
        _stable_order(fitness[a], order)

        for r in range(d):
            total_z = 0.0
            total_y = 0.0
            for k in range(parents):
                total_z += weights[k] * z[i, order[k], r]
                total_y += weights[k] * (y[i, order[k], r] - mean[i, r])
            step_z[r] = total_z
            step_y[r] = total_y / sigma[i]

        gain = math.sqrt(c_sigma * (2.0 - c_sigma) * mu_eff)
        length2 = 0.0
        for r in range(d):
            path_sigma[i, r] = (1.0 - c_sigma) * path_sigma[i, r] + gain * step_z[r]
            length2 += path_sigma[i, r] * path_sigma[i, r]
        # The path is shorter than normal in the first generations; do not take that for a long step.
        warm = 1.0 - (1.0 - c_sigma) ** (2.0 * age[i])
        moving = length2 / warm / d < 2.0 + 4.0 / (d + 1.0)

        gain = math.sqrt(c_c * (2.0 - c_c) * mu_eff) if moving else 0.0
        for r in range(d):
            path_c[i, r] = (1.0 - c_c) * path_c[i, r] + gain * step_y[r]

        total_weight = 0.0
        for k in range(popsize):
            weight = weights[k]
            total_weight += weight
            if weight < 0.0:
                # Bound the length of what is subtracted, so that the covariance stays positive definite.
                length_z2 = 0.0
                for r in range(d):
                    length_z2 += z[i, order[k], r] * z[i, order[k], r]
                weight *= d / (length_z2 + 1e-9)
            scaled[k] = c_mu * weight
            for r in range(d):
                deviation[k, r] = (y[i, order[k], r] - mean[i, r]) / sigma[i]
        keep = 1.0 - c_1 - c_mu * total_weight
        if not moving:
            keep += c_1 * c_c * (2.0 - c_c)
        for r in range(d):
            for c in range(r + 1):
                total = keep * covariance[i, r, c] + c_1 * path_c[i, r] * path_c[i, c]
                for k in range(popsize):
                    total += scaled[k] * deviation[k, r] * deviation[k, c]
                covariance[i, r, c] = total
                covariance[i, c, r] = total

        for r in range(d):
            mean[i, r] += sigma[i] * step_y[r]
        sigma[i] *= math.exp(min(1.0, (math.sqrt(length2) / chi - 1.0) * c_sigma / d_sigma))

        widest = 0.0
        for r in range(d):
            widest = max(widest, covariance[i, r, r])
        spread = sigma[i] * math.sqrt(widest)
        # Outside this range of step sizes nothing is learnt any more; NaN fails the comparison, too.
        sound[i] = 1e-13 < spread < 1e3 and cholesky(covariance[i], factor[i])
