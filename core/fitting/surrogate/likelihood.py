"""The likelihood as a surrogate sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from terranova.evaluation.problem import Problem
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.posterior import Posterior
from terranova.interfaces.batch import Batch
from terranova.types import Floats, Ints


class SurrogateLikelihood(Likelihood):
    """The likelihood as a surrogate has it: every method of a fit can ask it, and nothing of it is quoted.

    Args:
        problem: whose likelihood it is.
        predict: from points u (n, d) of the unit cube to log-likelihoods (n,) and observables (n, k).
        names: of these observables.
        power: of the likelihood; below 1 the tails are thicker.
    """

    def __init__(
        self,
        problem: Problem,
        predict: Callable[[Floats], tuple[Floats, Floats]],
        names: Sequence[str],
        power: float,
    ) -> None:
        super().__init__(problem, problem.evaluate)
        self._predict, self.power = predict, power
        self.names = (*self.problem.model.space.names, *names)

    @property
    def linearisable(self) -> bool:
        """Whether it predicts all that constraints read, so that it can be searched by least squares."""
        return {name for c in self.problem.constraints for name in c.observables} <= set(self.names)

    def batch(self, u: Floats) -> Batch:
        """Predict at points u (n, d) of the unit cube; see `Likelihood.batch`."""
        space = self.problem.model.space
        u = np.where(space.periodic, np.mod(u, 1.0), np.clip(u, 0.0, 1.0))
        loglike, observables = self._predict(u)
        n = len(u)
        zeros: Ints = np.zeros(n, dtype=np.int64)
        x = space.to_physical(u)
        self.evaluations += n
        self._u.append(u)
        self._loglike.append(self.power * loglike)
        self._values.append(np.column_stack([x, observables]))
        return Batch(
            island=zeros,
            generation=zeros,
            index=zeros,
            u=u,
            x=x,
            observables=observables,
            violations=np.zeros((n, 1)),
            loglike=self.power * loglike,
            status=zeros,
            reason=[""] * n,
            stage=zeros,
            seconds=np.zeros(n),
        )

    def places(self, posterior: Posterior) -> Floats:
        """Return u (n, d) of points of a posterior that was sampled from this."""
        x = np.column_stack([posterior.column(name) for name in self.problem.model.space.names])
        u = self.problem.model.space.to_unit(x)
        return np.where(self.problem.model.space.periodic, np.mod(u, 1.0), np.clip(u, 0.0, 1.0))
