"""The best fit: from the best points known, or from a search of the whole prior, polished."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from terranova.fitting.likelihood import EXCLUDED, Likelihood
from terranova.fitting.metric import Metric
from terranova.fitting.optimise import Cost, minimise, polish
from terranova.fitting.prior_ends import best_at_ends
from terranova.types import Floats, Ints

GENERATIONS = 400
_PRIOR_DRAWS = 2000


@dataclass(frozen=True)
class BestFit:
    """The point of highest likelihood.

    Attributes:
        u: (d,) in the unit cube.
        loglike: there.
        values: of all parameters and observables, by name.
        chi2: -2 ln L.
        constraints: number of constraints that contribute to chi2.
        parameters: number of free parameters.
        p_value: of chi2 for constraints - parameters degrees of freedom; None when that is not positive, and
            when some likelihood exceeds 1, so that chi2 is one only up to a constant. It assumes Gaussian
            measurements and a linear model.
        contributions: constraint -> its part of chi2.
        evaluations: spent on finding it.
        ends: parameter -> the end of its prior at which it lies: "lower", "upper" or "inner".
        pulls: measurement or limit -> its residual, in standard deviations; only of those that have just one.
    """

    u: Floats
    loglike: float
    values: dict[str, float]
    chi2: float
    constraints: int
    parameters: int
    p_value: float | None
    contributions: dict[str, float]
    evaluations: int
    ends: dict[str, str] = field(default_factory=dict)
    pulls: dict[str, float] = field(default_factory=dict)


def find_best(
    likelihood: Likelihood, rng: np.random.Generator, *, starts: int = 8, generations: int = GENERATIONS
) -> BestFit:
    """Search for the point of highest likelihood.

    Starts are the best known points, each the farthest from those before, or the best of draws from the prior.

    Raises:
        NoPoint: every point tried is excluded or failed.
    """
    before = likelihood.evaluations
    begin = first_points(likelihood, starts)
    missing = starts - len(begin)
    if missing > 0:
        drawn = likelihood.batch(rng.random((_PRIOR_DRAWS, likelihood.dimension)))
        order = np.argsort(likelihood.cost(drawn), kind="stable")[:missing]
        begin = np.concatenate([begin, drawn.u[order]])
    cost = plain_cost(likelihood)
    periodic = likelihood.problem.model.space.periodic
    wide = 0.05 if missing <= 0 else 0.25
    shape = Metric(likelihood, np.arange(likelihood.dimension)) if missing <= 0 else None
    u, paid = minimise(cost, begin, wide, periodic, rng, generations=generations, shape=shape)
    for i in np.argsort(paid, kind="stable")[:3]:
        if paid[i] < EXCLUDED:
            u[i], paid[i] = polish(cost, u[i], 0, periodic)
    return describe_best(likelihood, likelihood.evaluations - before)


def plain_cost(likelihood: Likelihood) -> Cost:
    """The cost of a fit with all parameters free."""

    def cost(u: Floats, which: Ints) -> Floats:
        return likelihood.cost(likelihood.batch(u))

    return cost


def first_points(likelihood: Likelihood, wanted: int) -> Floats:
    """Return up to `wanted` good known points (n, d): the best one, then those far from the ones before."""
    loglike = likelihood.loglikes
    usable = np.flatnonzero(np.isfinite(loglike))
    if not len(usable):
        return np.empty((0, likelihood.dimension))
    good = usable[np.argsort(-loglike[usable], kind="stable")[: 50 * wanted]]
    near = good[loglike[good] > loglike[good[0]] - 25.0]
    u = likelihood.u[near]
    chosen = [0]
    distance = ((u - u[0]) ** 2).sum(axis=1)
    while len(chosen) < min(wanted, len(u)) and distance.max() > 0.0:
        chosen.append(int(distance.argmax()))
        np.minimum(distance, ((u - u[chosen[-1]]) ** 2).sum(axis=1), out=distance)
    return np.asarray(u[chosen])


class NoPoint(Exception):
    """No point with a likelihood is known."""


def describe_best(likelihood: Likelihood, evaluations: int) -> BestFit:
    """Return what is to be said about the best of all points known.

    Raises:
        NoPoint: none of them has a likelihood.
    """
    from scipy import stats

    loglike = likelihood.loglikes
    if not len(loglike) or not np.isfinite(loglike).any():
        raise NoPoint("no point tried is allowed by all hard bounds")
    row = int(np.argmax(loglike))
    u = likelihood.u[row]
    # Once more: what is quoted is what the model says, not what a scan stored.
    batch, model = likelihood.all_observables(u[None]), likelihood.problem.model
    names = [*model.space.names, *(o.name for o in model.observables)]
    values = dict(zip(names, np.concatenate([batch.x[0], batch.observables[0]]).tolist(), strict=True))
    contributions, pulls = {}, {}
    for constraint in likelihood.problem.constraints:
        read = np.array([[values[name] for name in constraint.observables]])
        contributions[constraint.name] = -2.0 * float(constraint.loglike(read)[0])
        residuals = constraint.residuals(read)
        if residuals is not None and residuals.shape[1] == 1:
            pulls[constraint.name] = float(residuals[0, 0])
    chi2 = -2.0 * float(batch.loglike[0])
    freedom = likelihood.soft - likelihood.dimension
    absolute = all(part >= -1e-9 for part in contributions.values())
    return BestFit(
        u=u,
        loglike=float(batch.loglike[0]),
        values=values,
        chi2=chi2,
        constraints=likelihood.soft,
        parameters=likelihood.dimension,
        p_value=float(stats.chi2.sf(chi2, freedom)) if freedom > 0 and absolute else None,
        contributions=contributions,
        evaluations=evaluations,
        ends=best_at_ends(likelihood.problem, u),
        pulls=pulls,
    )
