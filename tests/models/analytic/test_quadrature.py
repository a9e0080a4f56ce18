"""Evidence and posterior by integration, against integrals in closed form and against draws from the prior."""

from __future__ import annotations

import math

import numpy as np
import pytest

import terranova
from terranova.models.analytic.profile_problem import ProfileProblem
from terranova.models.analytic.profiles import Cancelling, LinearValley, Valley
from terranova.models.analytic.quadrature import exact_posterior
from terranova.models.analytic.walls import BananaInPrior, Boundary, Kinked

NUISANCES = 2 * math.log(0.1 * math.sqrt(2.0 * math.pi) / 10.0)


def test_the_banana_has_the_moments_that_are_published_in_the_docs() -> None:
    found = exact_posterior(BananaInPrior())
    assert found.mean["x"] == pytest.approx(0.680, abs=1e-3)
    assert found.deviation["x"] == pytest.approx(0.4155, abs=1e-4)


def test_a_sum_that_is_measured_is_integrated_in_closed_form() -> None:
    """Along b the likelihood of a + 3 b is a Gaussian, far narrower than all else: one integral over a is left."""
    a = np.linspace(-10.0, 10.0, 200_001)
    chi2 = ((a**2 * (1.0 + 1.0 / 9.0) - 20.0) / 8.0) ** 2
    along = 0.01 * math.sqrt(2.0 * math.pi) / 3.0 / 20.0
    wanted = math.log(float(np.exp(-0.5 * chi2).mean()) * along) + NUISANCES
    assert exact_posterior(Cancelling()).log_evidence == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("kind", [Boundary, Kinked, Valley, LinearValley], ids=lambda kind: kind.name)
def test_draws_from_the_prior_agree(kind: type[ProfileProblem]) -> None:
    """Likelihoods of draws, with the nuisances at their best, within five times the error of the mean."""
    problem, rng = terranova.problem(kind.name, [kind.name]), np.random.default_rng(1)
    space = problem.model.space
    x = space.to_physical(rng.random((60_000, space.dimension)))
    names = list(space.names)
    for i in range(2):
        x[:, names.index(f"n{i}")] = (i + 1) * np.tanh(x[:, 0] / (1.0 + np.abs(x[:, 0])))
    _, loglike = problem.score(x, problem.evaluate(x).observables)
    likelihood, found = np.exp(loglike), exact_posterior(kind())
    assert likelihood.mean() == pytest.approx(
        math.exp(found.log_evidence - NUISANCES), abs=5.0 * likelihood.std() / math.sqrt(len(x))
    )
    for name in kind.plane:
        values = x[:, names.index(name)] - found.mean[name]
        error = float(np.sqrt((likelihood**2 * values**2).sum())) / float(likelihood.sum())
        assert float((likelihood * values).sum() / likelihood.sum()) == pytest.approx(0.0, abs=5.0 * error)
