"""The sampler `cmaes`: one CMA-ES run an island, by the pycma package."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from terranova import Batch, Sampler, SearchSpace
from terranova.plugins.samplers.cma.strategy import check_settings, default_popsize
from terranova.plugins.samplers.shared.cube import into_cube
from terranova.plugins.samplers.shared.loss import check_loss, scaled_loss
from terranova.plugins.samplers.shared.progress import Progress
from terranova.types import Floats

ISLAND = np.zeros(1, dtype=np.int64)
"""A sampler is one island; `Progress` wants to know which."""


class Cmaes(Sampler):
    """CMA-ES on the violations, without novelty: finds valid points and stays where it found them.

    The strategy is pycma's default one. It works in an unbounded space that wraps (periodic axes) or folds
    (the others) into the cube. A run starts anew at a random place when it is stuck.

    Args:
        space: the axes and the constraints.
        rng: the island's stream.
        popsize: points of a generation; 0 takes 4 + floor(3 ln d).
        sigma0: step size at the start of a run, in units of the cube.
        patience: generations without progress after which a run starts anew. Progress is a smaller loss or
            more constraints passed, and once a valid point has been found, another one.
        loss: how violations are scaled: "minmax" or "rank".
    """

    name: ClassVar[str] = "cmaes"
    version: ClassVar[str] = "1"
    stratified: ClassVar[bool] = True
    description: ClassVar[str] = "CMA-ES on scaled violations (pycma), no novelty"
    citations: ClassVar[Sequence[str]] = (
        "arXiv:1604.00772 the CMA evolution strategy",
        "doi:10.5281/zenodo.2559634 pycma",
        "arXiv:2206.09223 loss from constraint violations",
    )

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        popsize: int = 0,
        sigma0: float = 0.4,
        patience: int = 60,
        loss: str = "minmax",
    ) -> None:
        super().__init__(space, rng)
        check_loss(loss)
        check_settings(popsize, sigma0, patience)
        self.popsize = popsize or default_popsize(space.dimension)
        self.sigma0, self.patience, self.loss = sigma0, patience, loss
        self._progress = Progress(1)
        self._start()

    def _start(self) -> None:
        """Begin a run at a random place."""
        self._progress.reset(0)
        self._run = _pycma(self.rng, self.rng.random(self.space.dimension), self.sigma0, self.popsize)

    def ask(self) -> Floats:
        self._y = self._run.ask()
        return into_cube(np.asarray(self._y), self.space.periodic)

    def tell(self, batch: Batch) -> None:
        if len(batch) < self.popsize:
            return  # the budget ends here
        loss = scaled_loss(batch.violations[None], self.loss)
        valid = batch.valid
        self._progress.note(ISLAND, loss, valid[None])
        # Only the order counts; places instead of values keep infinities and ties from pycma.
        order = np.argsort(np.where(valid, -1.0, loss.scaled[0]), kind="stable")
        self._run.tell(self._y, np.argsort(order).astype(float).tolist())
        if self._progress.idle[0] >= self.patience or not self._sound():
            self._start()

    def _sound(self) -> bool:
        """False when the steps have become too small or too large to learn anything."""
        spread = self._run.sigma * math.sqrt(float(np.max(self._run.sm.variances)))
        return 1e-13 < spread < 1e3 and float(self._run.condition_number) < 1e14


class _Normals:
    """The island's normal deviates, as pycma wants them: called with the shape as arguments."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def __call__(self, *shape: int) -> Floats:
        return self.rng.standard_normal(shape)


def _pycma(rng: np.random.Generator, mean: Floats, sigma: float, popsize: int) -> Any:
    """Make a pycma run that reads no files, uses no global random state and prints nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing cma and reading its own defaults both warn
        import cma

        return cma.CMAEvolutionStrategy(
            mean,
            sigma,
            {
                "popsize": popsize,
                "randn": _Normals(rng),
                "seed": math.nan,
                "signals_filename": None,
                "verbose": -9,
                "bounds": None,
                "tolflatfitness": math.inf,
                "tolstagnation": math.inf,
                "tolfun": 0,
                "tolfunhist": 0,
                "tolx": 0,
                "maxiter": math.inf,
            },
        )
