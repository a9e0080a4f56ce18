"""Maxima of a surrogate in the bins of a profile; here it is the model itself."""

from __future__ import annotations

import numpy as np

import terranova
from terranova.fitting.axes import make_axis
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.surrogate.likelihood import SurrogateLikelihood
from terranova.fitting.surrogate.maxima import maxima
from terranova.models.analytic.profiles import Banana
from terranova.types import Floats


def right(likelihood: Likelihood) -> SurrogateLikelihood:
    """Return a surrogate that knows the model."""
    problem = likelihood.problem

    def predict(u: Floats) -> tuple[Floats, Floats]:
        x = problem.model.space.to_physical(u)
        found = problem.evaluate(x).observables
        return problem.score(x, found)[1], found

    surrogate = SurrogateLikelihood(problem, predict, [o.name for o in problem.model.observables], 1.0)
    surrogate.batch(likelihood.u)
    return surrogate


def test_maxima_of_a_right_surrogate_are_the_profile() -> None:
    problem = terranova.problem("profile-banana", ["profile-banana"])
    likelihood = Likelihood(problem, problem.evaluate)
    rng = np.random.default_rng(1)
    likelihood.batch(rng.random((50, likelihood.dimension)))
    axis = make_axis(likelihood, "x", 8, None)
    surrogate = right(likelihood)
    found = maxima(surrogate, [axis], rng, 20_000)
    exact = -0.5 * Banana().exact("x", axis.centres)
    near = exact > exact.max() - 50.0  # far away, a fit does not search
    assert near.sum() == 4
    np.testing.assert_allclose(found.loglike[near], exact[near], atol=1e-3)
    assert (axis.column is None) or np.isfinite(found.u).all()
    # Once more, where two bins are asked for only: nothing is lost.
    again = np.zeros(8, dtype=bool)
    again[:2] = True
    later = maxima(right(likelihood), [axis], rng, 20_000, found, again)
    assert (later.loglike >= found.loglike - 1e-9).all()
