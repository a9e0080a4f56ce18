"""Profiles that a surrogate proposes: the model's own, however good the surrogate is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.fit_problems import likelihood, linear_solution, measured, problem

from terranova.fitting.axes import make_axis
from terranova.fitting.best import find_best
from terranova.fitting.surrogate.likelihood import SurrogateLikelihood
from terranova.fitting.surrogate.profile import corrected_profile

pytestmark = pytest.mark.integration
VALUES = np.array([1.0, -2.0, 3.0])


class Trainer:
    """A surrogate that is the model itself, but for a bias in chi2; or none at all."""

    def __init__(self, bias: float, usable: bool = True) -> None:
        model = {"name": "fit-linear", "free": 2, "measured": 3}
        self.problem = problem(model, [measured(f"y{i}", float(v), unit="GeV") for i, v in enumerate(VALUES)])
        self.likelihood = likelihood(self.problem)
        self.bias, self.usable, self.refits = bias, usable, 0

    def _predict(self, u: Any) -> Any:
        x = self.problem.model.space.to_physical(u)
        return self.problem.score(x, self.problem.evaluate(x).observables)[1] + self.bias, np.empty((len(u), 0))

    def surrogate_likelihood(self) -> SurrogateLikelihood:
        """Knows the points of the training, as that of a real trainer."""
        surrogate_likelihood = SurrogateLikelihood(self.problem, self._predict, (), 1.0)
        surrogate_likelihood.batch(self.likelihood.u)
        return surrogate_likelihood

    def refit(self) -> None:
        self.refits += 1


@pytest.mark.parametrize(("bias", "usable"), [(0.0, True), (0.3, True), (0.0, False)])
def test_every_number_is_the_models(bias: float, usable: bool) -> None:
    trainer: Any = Trainer(bias, usable)
    rng = np.random.default_rng(1)
    find_best(trainer.likelihood, rng, starts=2, generations=60)
    axis = make_axis(trainer.likelihood, "a0", 16, (-2.0, 2.0))
    found, _, hoped = corrected_profile(trainer, [axis], (0.68,), rng, lambda _: None)
    best, covariance, _ = linear_solution(VALUES, 2)
    expected = (axis.centres - best[0]) ** 2 / covariance[0, 0]
    near = expected < 9.0
    assert near.sum() > 3
    assert (hoped[near] < 0.5).all()
    delta = found.delta_chi2(float(trainer.likelihood.loglikes.max()))
    np.testing.assert_allclose(delta[near], expected[near], atol=0.15)
