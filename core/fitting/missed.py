"""Whether a posterior has missed a part: other searches of the fit may know good points where it has none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from terranova.fitting.charts import CUBE
from terranova.fitting.lanes import Holder, Lanes
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.posterior import Posterior
from terranova.fitting.terms import Linearised, known_or_zero
from terranova.types import Floats, Ints

GOOD = 6.0
"""Delta chi2 of known points that are compared with a posterior."""

_MOST = 20_000
"""Of them, the best ones."""

_FAR = 3.0
"""A point is far from a posterior if its nearest point is so many times as far as that of nearly all of its own."""

_CENTRES = 32
"""Places around which what may be missing is integrated, at most."""

DRAWS = 3_000
"""Evaluations for that."""

_WIDEST, _LEAST_MARGIN = 0.1, 0.01
"""Largest standard deviation of draws along a direction, in units of the cube; and the least distance from a hard
bound, in its units, that counts for one."""

_WIDER = 1.3
"""Draws are so many times as wide as the likelihood is: importance sampling needs its tails."""

MATTERS = 0.01
"""A part of the posterior that is less is none, nor is one that is not known to `_ERROR` of itself."""

_ERROR = 0.5


def checked(posterior: Posterior, likelihood: Likelihood, terms: Callable[[], Linearised], seed: int) -> Posterior:
    """Return a posterior that says so if it misses a part that other searches know of.

    Points with Delta chi2 below `GOOD` that lie far from all of its own are centres of normal distributions, as
    wide as the likelihood is there. Importance sampling with their mixture says which part of the posterior they
    hold: it may be more, where they do not reach. Much of the prior can be good and hold next to nothing: only what
    holds `MATTERS` is a reason.

    Args:
        posterior: to be checked; without evidence, it is integrated around its own points in the same way.
        likelihood: knows all points of the fit.
        terms: returns its terms, for which points may be evaluated: asked only if anything is to be integrated.
        seed: of all random numbers.
    """
    if posterior.effective < 2 * _CENTRES:
        return posterior
    rng = np.random.default_rng([seed, 5])
    space = likelihood.problem.model.space
    own = space.to_unit(np.column_stack([posterior.column(name) for name in space.names]))
    own = np.where(space.periodic, np.mod(own, 1.0), np.clip(own, 0.0, 1.0))
    own = np.unique(own[posterior.equal_weights(rng)], axis=0)
    centres = _far_from(own, likelihood)
    if not len(centres):
        return posterior
    linearised = terms()
    beyond, error, shares = _integral(likelihood, linearised, centres, rng)
    if posterior.log_evidence is not None:
        within, uncertain = posterior.log_evidence, 0.0
    else:
        chosen = rng.permutation(own)[:_CENTRES]
        within, uncertain, _ = _integral(likelihood, linearised, chosen, rng)
    if not math.isfinite(beyond) or not math.hypot(error, uncertain) < _ERROR:
        return posterior
    part = 1.0 / (1.0 + math.exp(min(within - beyond, 700.0)))
    if part < MATTERS:
        return posterior
    place = space.to_physical(centres[[int(np.argmax(shares))]])[0]
    away = np.abs(centres[int(np.argmax(shares))] - own.mean(axis=0)) / np.maximum(own.std(axis=0), 1e-12)
    named = ", ".join(f"{space.names[i]} = {place[i]:.4g}" for i in np.argsort(-away)[:3])
    reason = f"at least about {100 * part:.2g} % of the posterior lies where it has no point, as around {named}"
    return replace(posterior, converged=False, reasons=(*posterior.reasons, reason))


def _far_from(own: Floats, likelihood: Likelihood) -> Floats:
    """Return good points (n, d) far from all points (m, d) of a posterior, and from one another."""
    from scipy.spatial import cKDTree

    delta = 2.0 * (likelihood.loglikes.max() - likelihood.loglikes)
    order = np.argsort(delta, kind="stable")[:_MOST]
    good = likelihood.u[order[delta[order] < GOOD]]
    periodic = likelihood.problem.model.space.periodic
    unit = np.maximum(own.std(axis=0), 1e-6)
    tree = cKDTree(own / unit, boxsize=np.where(periodic, 1.0 / unit * (1.0 + 1e-12), 0.0))
    usual = _FAR * float(np.quantile(tree.query(own / unit, k=2)[0][:, 1], 0.999))
    far: Floats = good[tree.query(good / unit)[0] > usual]
    if not len(far):
        return np.empty((0, own.shape[1]))
    chosen, nearest = [0], np.full(len(far), np.inf)  # the best, and then what is farthest from those chosen
    while len(chosen) < min(_CENTRES, len(far)):
        away = np.abs(far - far[chosen[-1]])
        away = np.where(periodic, np.minimum(away, 1.0 - away), away) / unit
        nearest = np.minimum(nearest, np.sqrt((away**2).sum(axis=1)))
        chosen.append(int(np.argmax(nearest)))
    return np.asarray(far[chosen])


def _integral(
    likelihood: Likelihood, linearised: Linearised, centres: Floats, rng: np.random.Generator
) -> tuple[float, float, Floats]:
    """Integrate the likelihood around centres (n, d).

    Returns:
        ln of the integral, its relative error, and how much of it lies around each centre (n,).
    """
    n, d = centres.shape
    roots = _widths(linearised, centres)  # (n, d, d)
    own: Ints = rng.integers(0, n, DRAWS)
    u = centres[own] + _WIDER * np.einsum("kij,kj->ki", roots[own], rng.standard_normal((DRAWS, d)))
    periodic = likelihood.problem.model.space.periodic
    inside = np.flatnonzero(((u >= 0.0) & (u <= 1.0) | periodic).all(axis=1))
    if not len(inside):
        return -math.inf, math.inf, np.zeros(n)
    u = np.where(periodic, np.mod(u[inside], 1.0), u[inside])
    loglike = likelihood.batch(u).loglike
    inverse = np.linalg.inv(_WIDER * roots)
    size = np.linalg.slogdet(inverse)[1] - 0.5 * d * math.log(2.0 * math.pi) - math.log(n)
    density = np.empty((len(u), n))
    for k in range(n):
        away = u - centres[k]
        away = np.where(periodic, away - np.round(away), away)
        density[:, k] = size[k] - 0.5 * ((away @ inverse[k].T) ** 2).sum(axis=1)
    log_weight = loglike - np.logaddexp.reduce(density, axis=1)
    top = float(log_weight.max())
    if not math.isfinite(top):
        return -math.inf, math.inf, np.zeros(n)
    weight = np.zeros(DRAWS)
    weight[inside] = np.exp(log_weight - top)
    mean = float(weight.mean())
    return (
        top + math.log(mean),
        float(weight.std()) / mean / math.sqrt(DRAWS),
        np.asarray(np.bincount(own, weight, minlength=n), dtype=float),
    )


def _widths(linearised: Linearised, centres: Floats) -> Floats:
    """Return roots (n, d, d) of the covariances of the likelihood at centres, by measurements and hard bounds."""
    holder = Holder(linearised, ())
    n, d = centres.shape
    lanes = Lanes(np.zeros((n, 0), dtype=np.int64), np.full(n, CUBE))
    at = holder.terms(centres, lanes)
    slopes = holder.slopes(at, *holder.probes(centres, lanes, at.values))
    hessian, _ = linearised.quadratic(at, slopes)
    margin = np.maximum(np.abs(known_or_zero(at.bounds)), _LEAST_MARGIN)
    walls = slopes.bounds / margin[:, :, None]
    hessian = hessian + np.swapaxes(walls, 1, 2) @ walls + np.eye(d) / _WIDEST**2
    size, directions = np.linalg.eigh(hessian)
    return np.asarray(directions / np.sqrt(np.maximum(size, _WIDEST**-2))[:, None])
