"""The best fit: from the best points known, or from a search of the whole prior, polished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from terranova.fitting.best_jumps import Jump
from terranova.fitting.likelihood import EXCLUDED, Likelihood
from terranova.fitting.metric import Metric
from terranova.fitting.optimise import Cost, minimise, polish
from terranova.fitting.prior_ends import best_at_ends
from terranova.fitting.profile import good_and_apart
from terranova.types import Floats, Ints

GENERATIONS = 400
_PRIOR_DRAWS = 2000

SHOWN = 5e-4
"""The least part of chi2 that is shown."""


@dataclass(frozen=True)
class BestFit:
    """The point of highest likelihood.

    Attributes:
        u: (d,) in the unit cube.
        loglike: there.
        values: of all parameters and observables, by name.
        chi2: -2 ln L, of measurements and limits.
        constraints: number of measurements.
        parameters: number of free parameters.
        p_value: of the measurements, whose chi2 is compared with constraints - parameters degrees of freedom; None
            when that is not positive, and when some likelihood exceeds 1, so that chi2 is one only up to a
            constant. It assumes Gaussian measurements and a linear model.
        contributions: constraint -> its part of chi2.
        evaluations: spent on finding it.
        ends: parameter -> the end of its prior at which it lies: "lower", "upper" or "inner".
        pulls: measurement or limit -> its residual, in standard deviations; only of those that have just one.
        limits: names of the limits that may add to chi2.
        chi2_measured: chi2 of the measurements alone; None in fits that did not tell them from limits.
        p_is: "exact"; "at least" where limits, bounds or ends of priors hold the point, so that the measurements
            alone would fit better, or leave more degrees of freedom; "about" where a measurement is not Gaussian.
        p_because: why it is not exact.
        jumps: places beside it where the likelihood jumps, see `best_jumps`.
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
    limits: tuple[str, ...] = ()
    chi2_measured: float | None = None
    p_is: Literal["exact", "at least", "about"] = "exact"
    p_because: tuple[str, ...] = ()
    jumps: tuple[Jump, ...] = ()


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
    return np.asarray(likelihood.u[good_and_apart(likelihood, usable, wanted)])


class NoPoint(Exception):
    """No point with a likelihood is known."""


def describe_best(likelihood: Likelihood, evaluations: int) -> BestFit:
    """Return what is to be said about the best of all points known.

    Raises:
        NoPoint: none of them has a likelihood.
    """
    loglike = likelihood.loglikes
    if not len(loglike) or not np.isfinite(loglike).any():
        raise NoPoint("no point tried is allowed by all hard bounds")
    row = int(np.argmax(loglike))
    u = likelihood.u[row]
    # Once more: what is quoted is what the model says, not what a scan stored.
    batch, model = likelihood.all_observables(u[None]), likelihood.problem.model
    names = [*model.space.names, *(o.name for o in model.observables)]
    values = dict(zip(names, np.concatenate([batch.x[0], batch.observables[0]]).tolist(), strict=True))
    contributions, pulls, curved = {}, {}, []
    constraints = likelihood.problem.constraints
    for constraint in constraints:
        read = np.array([[values[name] for name in constraint.observables]])
        contributions[constraint.name] = -2.0 * float(constraint.loglike(read)[0])
        residuals = constraint.residuals(read)
        if residuals is not None and residuals.shape[1] == 1:
            pulls[constraint.name] = float(residuals[0, 0])
        if residuals is None and constraint.measurements:
            curved.append(constraint.name)
    measured = [contributions[c.name] for c in constraints if c.measurements]
    best = BestFit(
        u=u,
        loglike=float(batch.loglike[0]),
        values=values,
        chi2=-2.0 * float(batch.loglike[0]),
        constraints=likelihood.measurements,
        parameters=likelihood.dimension,
        p_value=_p_value(measured, likelihood.measurements - likelihood.dimension),
        contributions=contributions,
        evaluations=evaluations,
        ends=best_at_ends(likelihood.problem, u),
        pulls=pulls,
        limits=tuple(c.name for c in constraints if not c.hard and not c.measurements),
        chi2_measured=float(sum(measured)),
    )
    return with_meaning(best, curved, bounded=any(c.hard for c in constraints))


def _p_value(parts: Sequence[float], freedom: int) -> float | None:
    """Return the p-value of measurements with these parts of chi2; None where there is none."""
    from scipy import stats

    if freedom <= 0 or not all(part >= -1e-9 for part in parts):
        return None
    return float(stats.chi2.sf(sum(parts), freedom))


def with_meaning(best: BestFit, curved: Sequence[str], *, bounded: bool = False) -> BestFit:
    """Say what a p-value is.

    The point is the best of measurements and limits together. The measurements alone have their least chi2
    elsewhere, or there, and at least so many degrees of freedom as are counted: a parameter that is held by a
    limit, a hard bound, the end of its prior, or nothing at all, is not one that was adjusted to them. So the
    p-value is a lower bound of theirs.

    Args:
        best: a best fit.
        curved: the measurements whose likelihood is no sum of squares, so that chi2 has not its distribution.
        bounded: whether there are hard bounds. How near it is to one is not known.
    """
    if best.p_value is None:
        return best
    because = []
    added = sum(best.contributions[name] for name in best.limits)
    if abs(added) >= SHOWN:
        because.append("limits pull at the point, so that the measurements alone fit better")
    if best.ends:
        because.append("a parameter at the end of its prior was not adjusted to them")
    if bounded:
        because.append("hard bounds may hold the point")
    if not curved:
        return replace(best, p_is="at least" if because else "exact", p_because=tuple(because))
    because.append(f"not Gaussian: {', '.join(curved)}")
    return replace(best, p_is="about", p_because=tuple(because))
