"""CMA-ES for a stack of independent islands: all state in arrays whose first axis counts islands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from terranova.plugins.samplers.cma.strategy import Strategy
from terranova.types import Array, Floats, Ints


class CmaStack:
    """The standard (mu/mu_w, lambda)-CMA-ES with active covariance update, of I islands at once.

    Args:
        strategy: the constants.
        islands: number I of islands.

    Attributes:
        mean: (I, d). sigma: (I,) step sizes. covariance, factor: (I, d, d) and its Cholesky factor.
        path_sigma, path_c: (I, d) evolution paths.
        age: (I,) generations since the last `start`.
        sound: (I,) False where the covariance is degenerate and the island must start anew.
    """

    ARRAYS = ("mean", "sigma", "covariance", "factor", "path_sigma", "path_c", "age", "sound")

    def __init__(self, strategy: Strategy, islands: int) -> None:
        d = strategy.dimension
        self.strategy = strategy
        self.mean = np.full((islands, d), 0.5)
        self.sigma = np.ones(islands)
        self.covariance = np.tile(np.eye(d), (islands, 1, 1))
        self.factor = self.covariance.copy()
        self.path_sigma = np.zeros((islands, d))
        self.path_c = np.zeros((islands, d))
        self.age = np.zeros(islands, dtype=np.int64)
        self.sound = np.ones(islands, dtype=bool)
        self._z = np.zeros((islands, strategy.popsize, d))
        self._y = np.zeros((islands, strategy.popsize, d))

    def start(self, island: int, mean: Floats, sigma: float) -> None:
        """Begin a new run on one island: mean (d,) and step size."""
        self.mean[island] = mean
        self.sigma[island] = sigma
        self.covariance[island] = self.factor[island] = np.eye(self.strategy.dimension)
        self.path_sigma[island] = self.path_c[island] = 0.0
        self.age[island] = 0
        self.sound[island] = True

    def ask(self, who: Ints, streams: Sequence[np.random.Generator]) -> Floats:
        """Sample a generation on the islands `who` (a,): y (a, popsize, d), each from its own stream."""
        from terranova.plugins.samplers.cma.kernels import sample

        for island in who.tolist():
            streams[island].standard_normal(out=self._z[island])
        sample(who, self.mean, self.sigma, self.factor, self._z, self._y)
        return self._y[who]

    def tell(self, who: Ints, fitness: Floats) -> None:
        """Learn from the fitness (a, popsize) of the last generation of the islands `who` (a,)."""
        from terranova.plugins.samplers.cma.kernels import update

        s = self.strategy
        self.age[who] += 1
        update(
            who,
            fitness,
            s.weights,
            s.parents,
            s.rates,
            self.age,
            self.mean,
            self.sigma,
            self.covariance,
            self.factor,
            self.path_sigma,
            self.path_c,
            self._z,
            self._y,
            self.sound,
        )

    def state(self) -> dict[str, Array]:
        """Copy all state; first axes count islands."""
        return {name: getattr(self, name).copy() for name in self.ARRAYS}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set all state to a `state()`."""
        for name in self.ARRAYS:
            getattr(self, name)[...] = state[name]
