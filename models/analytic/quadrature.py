"""Evidence and posterior of the problems with known profiles, as double integrals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from terranova.models.analytic.profile_problem import NUISANCE_END, NUISANCE_ERROR, NUISANCES, ProfileProblem
from terranova.types import Floats

PANELS, NODES = 96, 12
"""Of Gauss and Legendre's rule, along each axis: walls and kinks lie within a panel."""


@dataclass(frozen=True)
class ExactPosterior:
    """What integration says of a problem.

    Attributes:
        log_evidence: natural logarithm of the likelihood averaged over the prior.
        mean: of the two parameters of its plane.
        deviation: their standard deviations.
    """

    log_evidence: float
    mean: dict[str, float]
    deviation: dict[str, float]


def exact_posterior(problem: ProfileProblem) -> ExactPosterior:
    """Integrate over the plane of a problem, the second parameter within its support for each value of the first.

    The parameters beside it are integrated in closed form (`log_density`, and the Gaussians of the nuisances, whose
    priors end far away).
    """
    first, second = (next(p for p in problem.parameters if p.name == name) for name in problem.plane)
    u, weight = _rule(np.zeros(1), np.ones(1))
    x = first.prior.to_physical(u[0])
    low, high = problem.support(x)
    y, inner = _rule(second.prior.to_unit(low), second.prior.to_unit(np.maximum(low, high)))
    x, y = x[:, None], second.prior.to_physical(y)
    with np.errstate(divide="ignore"):
        log_density = problem.log_density(x, y)
    top = float(log_density.max())
    mass = np.exp(log_density - top) * inner * weight[0][:, None]
    total = float(mass.sum())
    nuisance = math.log(NUISANCE_ERROR * math.sqrt(2.0 * math.pi) / (2.0 * NUISANCE_END))
    mean, deviation = {}, {}
    for parameter, values in ((first, x), (second, y)):
        mean[parameter.name] = centre = float((mass * values).sum()) / total
        deviation[parameter.name] = math.sqrt(float((mass * (values - centre) ** 2).sum()) / total)
    return ExactPosterior(top + math.log(total) + NUISANCES * nuisance, mean, deviation)


def _rule(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return places and weights (n, panels * nodes) of the composite rule between ends (n,)."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    part = ((np.arange(PANELS)[:, None] + 0.5 * (nodes + 1.0)) / PANELS).ravel()
    width = (high - low)[:, None]
    return low[:, None] + width * part, width * np.tile(0.5 * weights / PANELS, PANELS)
