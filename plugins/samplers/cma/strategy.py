"""The constants of CMA-ES: weights and learning rates (Hansen, arXiv:1604.00772, table 1)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from terranova.plugins.samplers.shared.option_checks import check_patience, check_popsize
from terranova.types import Floats


def default_popsize(dimension: int) -> int:
    """Points of one generation: 4 + floor(3 ln d)."""
    return 4 + math.floor(3.0 * math.log(dimension))


def check_settings(popsize: int, sigma0: float, patience: int) -> None:
    """Raise ValueError for options with which CMA-ES cannot work."""
    check_popsize(popsize, 4)
    if not 0.0 < sigma0 <= 10.0:
        raise ValueError(f"sigma0 must be above 0 and at most 10, got {sigma0:g}")
    check_patience(patience)


@dataclass(frozen=True)
class Strategy:
    """Everything that is fixed by the dimension d and the population size.

    Attributes:
        weights: (popsize,) recombination weights, best point first; the first half sums to 1 and moves the
            mean, the rest are negative and only shape the covariance ("active" CMA-ES).
        parents: number of positive weights.
        mu_eff: variance-effective number of parents.
        c_sigma, d_sigma: learning rate and damping of the step size.
        c_c: learning rate of the evolution path.
        c_1, c_mu: learning rates of the covariance, from the path and from the points.
        chi: expected length of a standard normal vector.
    """

    dimension: int
    popsize: int
    weights: Floats
    parents: int
    mu_eff: float
    c_sigma: float
    d_sigma: float
    c_c: float
    c_1: float
    c_mu: float
    chi: float

    @property
    def rates(self) -> Floats:
        """(7,) mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu, chi: the form in which kernels take them."""
        return np.array([self.mu_eff, self.c_sigma, self.d_sigma, self.c_c, self.c_1, self.c_mu, self.chi])


def strategy(dimension: int, popsize: int) -> Strategy:
    """Return the default strategy for d >= 1 parameters and popsize >= 4 points a generation."""
    d = float(dimension)
    raw = math.log((popsize + 1) / 2) - np.log(np.arange(1, popsize + 1))
    parents = popsize // 2
    positive, negative = raw[:parents], raw[parents:]
    mu_eff = float(positive.sum() ** 2 / (positive**2).sum())
    mu_eff_minus = float(negative.sum() ** 2 / (negative**2).sum())

    c_sigma = (mu_eff + 2) / (d + mu_eff + 5)
    d_sigma = 1 + c_sigma + 2 * max(0.0, math.sqrt((mu_eff - 1) / (d + 1)) - 1)
    c_c = (4 + mu_eff / d) / (d + 4 + 2 * mu_eff / d)
    c_1 = 2 / ((d + 1.3) ** 2 + mu_eff)
    c_mu = min(1 - c_1, 2 * (0.25 + mu_eff + 1 / mu_eff - 2) / ((d + 2) ** 2 + mu_eff))

    # The three bounds on the negative weights (eqs. 50-53 there): no decay beyond what is learnt, no more
    # than the positive ones deserve, and a covariance that stays positive definite.
    total_negative = min(
        1 + c_1 / c_mu,
        1 + 2 * mu_eff_minus / (mu_eff + 2),
        (1 - c_1 - c_mu) / (d * c_mu),
    )
    weights = np.concatenate([positive / positive.sum(), negative * (total_negative / np.abs(negative).sum())])
    chi = math.sqrt(d) * (1 - 1 / (4 * d) + 1 / (21 * d * d))
    return Strategy(dimension, popsize, weights, parents, mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu, chi)
