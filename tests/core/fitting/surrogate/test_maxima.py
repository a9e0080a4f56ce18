"""Maxima of a surrogate in the bins of a profile; here it is the model itself."""

from __future__ import annotations

import numpy as np

import terranova
from terranova.fitting.axes import make_axis
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.surrogate.likelihood import SurrogateLikelihood
from terranova.fitting.surrogate.maxima import maxima
from terranova.fitting.sweeps import CellSearch
from terranova.fitting.terms import Linearised
from terranova.models.analytic.profiles import Banana
from terranova.types import Floats


def right(likelihood: Likelihood, *, observables: bool = True) -> SurrogateLikelihood:
    """Return a surrogate that knows the model, and says what it predicts of observables, or not."""
    problem = likelihood.problem

    def predict(u: Floats) -> tuple[Floats, Floats]:
        x = problem.model.space.to_physical(u)
        found = problem.evaluate(x).observables
        return problem.score(x, found)[1], found[:, : len(names)]

    names = [o.name for o in problem.model.observables] if observables else []
    surrogate = SurrogateLikelihood(problem, predict, names, 1.0)
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


def test_a_finer_curve_of_a_surrogate_of_chi2_begins_at_the_coarse_one() -> None:
    """It has no terms for least squares, and CMA-ES anew in every bin of every closer look would take minutes."""
    problem = terranova.problem("profile-banana", ["profile-banana"])
    likelihood = Likelihood(problem, problem.evaluate)
    rng = np.random.default_rng(1)
    axis = make_axis(likelihood, "x", 8, None)
    work = CellSearch(Linearised(likelihood, rng), [axis], rng, 50_000, lambda _: None)
    work.random_starts(np.arange(8))
    work.sweep()
    fine = axis.divided(np.linspace(0.5, 0.6, 7))
    surrogate = right(likelihood, observables=False)
    assert not surrogate.linearisable
    before = surrogate.evaluations
    found = maxima(surrogate, [fine], rng, 20_000, beside=(work, range(3, 6)))
    np.testing.assert_allclose(found.loglike, -0.5 * Banana().exact("x", 6.0 * fine.middle - 3.0), atol=5e-3)
    assert surrogate.evaluations - before < 20_000
