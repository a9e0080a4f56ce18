"""The sampler `ensemble`: the affine-invariant stretch walk of emcee, started at valid points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from terranova import Batch, Sampler, SearchSpace
from terranova.plugins.samplers.cma.stack import CmaStack
from terranova.plugins.samplers.cma.strategy import check_settings, default_popsize, strategy
from terranova.plugins.samplers.shared.cube import into_cube
from terranova.plugins.samplers.shared.loss import scaled_loss
from terranova.plugins.samplers.shared.option_checks import check_choice
from terranova.plugins.samplers.shared.progress import Progress
from terranova.types import Array, Bools, Floats

ISLAND = np.zeros(1, dtype=np.int64)
TARGETS = ("valid", "posterior")
"""What the walk samples: see the class."""


class Ensemble(Sampler):
    """Goodman and Weare's stretch move, as in emcee, on walkers that CMA-ES has brought to valid points.

    First CMA-ES looks for valid points, until there are as many as walkers. Then half of the walkers at a time
    tries places on the lines to walkers of the other half. With "valid" they sample the valid region uniformly
    in the unit cube, which is according to the prior; with "posterior", prior times likelihood. A step beyond a
    wall, or more than half-way round a periodic axis, is refused without an evaluation.

    Args:
        space: the axes and the constraints.
        rng: the island's stream.
        walkers: number of walkers, even and at least 2 d; 0 takes 2 d + 2.
        stretch: the largest stretch of a step; emcee's a.
        target: "valid" or "posterior".
        sigma0: first step size of CMA-ES while it looks for the start, in units of the cube.
        patience: generations without progress after which CMA-ES starts anew.
    """

    name: ClassVar[str] = "ensemble"
    version: ClassVar[str] = "1"
    description: ClassVar[str] = "affine-invariant walkers (emcee's stretch move) from valid points"
    citations: ClassVar[Sequence[str]] = (
        "doi:10.2140/camcos.2010.5.65 affine-invariant ensemble samplers",
        "arXiv:1202.3665 emcee",
        "arXiv:1604.00772 the CMA evolution strategy",
    )

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        walkers: int = 0,
        stretch: float = 2.0,
        target: str = "valid",
        sigma0: float = 0.4,
        patience: int = 60,
    ) -> None:
        super().__init__(space, rng)
        d = space.dimension
        if walkers and (walkers % 2 or walkers < max(4, 2 * d)):
            raise ValueError(f"walkers must be even and at least {max(4, 2 * d)} for {d} axes, got {walkers}")
        if stretch <= 1.0:
            raise ValueError(f"stretch must be above 1, got {stretch:g}")
        check_choice("target", target, TARGETS)
        check_settings(0, sigma0, patience)
        self.walkers = walkers or max(4, 2 * d + 2)
        self.stretch, self.target, self.sigma0, self.patience = stretch, target, sigma0, patience
        self.popsize = default_popsize(d)
        self._finder = CmaStack(strategy(d, self.popsize), 1)
        self._progress = Progress(1)
        self._start()
        self._u = np.zeros((self.walkers, d))
        self._loglike = np.zeros(self.walkers)
        self._seeds = 0  # valid points found so far: the first walkers
        self._half = 0
        self._moving: Bools = np.zeros(self.walkers // 2, dtype=bool)
        self._log_factor: Floats = np.zeros(self.walkers // 2)

    def _start(self) -> None:
        """Begin a run of CMA-ES at a random place."""
        self._finder.start(0, self.rng.random(self.space.dimension), self.sigma0)
        self._progress.reset(0)

    @property
    def walking(self) -> bool:
        """True once every walker has a valid point."""
        return self._seeds == self.walkers

    def ask(self) -> Floats:
        if not self.walking:
            return into_cube(self._finder.ask(ISLAND, [self.rng])[0], self.space.periodic)
        while True:
            steps = self._steps()
            if self._moving.any():
                return steps[self._moving]
            self._half = 1 - self._half  # all refused: their turn is over

    def _steps(self) -> Floats:
        """Propose a place (walkers / 2, d) for each walker whose turn it is, and note which are to be tried."""
        n, d = self.walkers // 2, self.space.dimension
        own, other = np.split(self._u, 2)[:: 1 - 2 * self._half]
        # Density 1/sqrt(z) between 1/a and a.
        z = ((self.stretch - 1.0) * self.rng.random(n) + 1.0) ** 2 / self.stretch
        partner = other[self.rng.integers(0, n, n)]
        way = own - partner
        way = z[:, None] * np.where(self.space.periodic, way - np.rint(way), way)
        place = partner + way
        place = np.where(self.space.periodic, place % 1.0, place)
        # A way round a circle that is longer than half of it would come back as another: not reversible.
        there = (np.abs(way) < 0.5) | ~self.space.periodic
        self._moving = np.asarray((there & (place >= 0.0) & (place <= 1.0)).all(axis=1), dtype=bool)
        self._log_factor = (d - 1.0) * np.log(z)
        return place

    def tell(self, batch: Batch) -> None:
        if self.walking:
            self._walk(batch)
        else:
            self._find(batch)

    def _find(self, batch: Batch) -> None:
        valid = batch.valid
        seeds = np.flatnonzero(valid)[: self.walkers - self._seeds]
        places = slice(self._seeds, self._seeds + len(seeds))
        self._u[places], self._loglike[places] = batch.u[seeds], batch.loglike[seeds]
        self._seeds += len(seeds)
        if len(batch) < self.popsize or self.walking:
            return
        loss = scaled_loss(batch.violations[None], "minmax")
        self._progress.note(ISLAND, loss, valid[None])
        self._finder.tell(ISLAND, np.where(valid, -1.0, loss.scaled))
        if self._progress.idle[0] >= self.patience or not self._finder.sound[0]:
            self._start()

    def _walk(self, batch: Batch) -> None:
        movers = np.flatnonzero(self._moving)[: len(batch)] + self._half * (self.walkers // 2)
        log_ratio = self._log_factor[self._moving][: len(batch)]
        if self.target == "posterior":
            allowed = np.isfinite(batch.loglike)
            # Every walker's likelihood is finite where it started, unless a hard constraint excludes nothing.
            with np.errstate(invalid="ignore"):
                log_ratio = log_ratio + np.where(allowed, batch.loglike - self._loglike[movers], -np.inf)
        else:
            allowed = batch.valid
        taken = allowed & (np.log(1.0 - self.rng.random(len(batch))) < log_ratio)
        self._u[movers[taken]], self._loglike[movers[taken]] = batch.u[taken], batch.loglike[taken]
        self._half = 1 - self._half

    def state(self) -> dict[str, Array]:
        counts = np.array([self._seeds, self._half], dtype=np.int64)
        own = {"u": self._u.copy(), "loglike": self._loglike.copy(), "counts": counts}
        return {**own, **self._finder.state(), **self._progress.state()}

    def restore(self, state: Mapping[str, Array]) -> None:
        self._u[...], self._loglike[...] = state["u"], state["loglike"]
        self._seeds, self._half = state["counts"].tolist()
        self._finder.restore(state)
        self._progress.restore(state)
