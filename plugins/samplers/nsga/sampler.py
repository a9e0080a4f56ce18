"""The samplers `nsga2` and `nsga3`: genetic algorithms with several objectives, their selection by pymoo."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from terranova import Archipelago, Batch, Proposal, SearchSpace, pack_streams, unpack_streams
from terranova.plugins.samplers.nsga.directions import directions
from terranova.plugins.samplers.nsga.mating import Variation, tournament
from terranova.plugins.samplers.nsga.objectives import Objectives, scale_violations
from terranova.plugins.samplers.nsga.selection import Pool, Pymoo, places
from terranova.plugins.samplers.shared.archive import Archive
from terranova.plugins.samplers.shared.loss import scaled_loss
from terranova.plugins.samplers.shared.option_checks import check_patience, check_popsize
from terranova.plugins.samplers.shared.progress import Progress
from terranova.plugins.samplers.shared.start import suggested
from terranova.types import Array, Bools, Floats, Ints


class Nsga(Archipelago):
    """What the two have in common: populations, mating, starting anew and the memory of valid points."""

    CROSSOVER: ClassVar[float] = 15.0
    MUTATION: ClassVar[float] = 20.0

    def __init__(
        self,
        space: SearchSpace,
        streams: Sequence[np.random.Generator],
        *,
        objectives: str | dict[str, str] = "single",
        popsize: int = 0,
        patience: int = 60,
        novelty: str = "hbos-pairs",
        focus: str = "both",
        start: str = "prior",
    ) -> None:
        """Check the options and make room for the populations.

        Args:
            space: the axes and the constraints.
            streams: one random stream an island.
            objectives: what is minimised; see the class.
            popsize: points of a generation; 0 takes 100.
            patience: generations without progress after which an island starts anew.
            novelty: name of the novelty detector that tells valid points apart; "" for none. Without meaning when
                the objectives are observables.
            focus: what novelty looks at: "parameters", "observables" or "both".
            start: the first generation of an island, also when it starts anew: "prior", random points, or "seeds",
                points that the model suggests.
        """
        super().__init__(space, streams)
        self._pymoo = Pymoo(self.name)
        self._objectives = Objectives(space, objectives)
        self._seeds = suggested(space, start)
        self._rewarded = bool(novelty) and self._objectives.of_violations
        check_popsize(popsize, 8)
        check_patience(patience)
        size = self._size(popsize or 100)
        self.popsize = size + size % 2  # children come in pairs
        self.patience = patience
        self._variation = Variation(space.periodic, self.CROSSOVER, self.MUTATION, self.name)
        islands = len(self.streams)
        # Also without a reward for it the archive checks its options, and costs nothing until it is used.
        self._archive = Archive(space, islands, (novelty or "hbos", "hbos"), focus, None)
        self._progress = Progress(islands)
        shape = (islands, self.popsize)
        self._u = np.zeros((*shape, space.dimension))
        self._violations = np.zeros((*shape, len(space.constraints)))
        self._observables = np.zeros((*shape, len(space.observables)))
        self._failed = np.zeros(shape, dtype=bool)
        self._standing = np.zeros(shape, dtype=np.int64)
        self._alive = np.zeros(islands, dtype=bool)  # False: the next generation is the first
        self._active = np.ones(islands, dtype=bool)

    def _size(self, popsize: int) -> int:
        """Return the population size that comes nearest to what was asked for."""
        return popsize

    @abstractmethod
    def _select(self, pool: Pool, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """Choose who survives of a pool: rows (popsize,), and their standings, smaller is better."""

    def ask(self) -> Proposal:
        who = np.flatnonzero(self._active)
        points = [self._generation(island) for island in who.tolist()]
        u = np.concatenate(points) if points else np.empty((0, self.space.dimension))
        return Proposal(u, np.repeat(who, self.popsize))

    def _generation(self, island: int) -> Floats:
        rng = self.streams[island]
        if not self._alive[island]:
            if self._seeds is not None:
                return self._seeds(rng, self.popsize)
            return rng.random((self.popsize, self.space.dimension))
        parents = tournament(self._standing[island], self.popsize, rng)
        first, second = self._u[island][parents].reshape(2, -1, self.space.dimension)
        return self._variation.offspring(first, second, rng)

    def tell(self, batch: Batch) -> None:
        told = np.bincount(batch.island, minlength=len(self.streams))
        starts = np.searchsorted(batch.island, np.arange(len(self.streams)))
        for island in np.flatnonzero(told == self.popsize).tolist():
            self._survive(island, batch.take(slice(starts[island], starts[island] + self.popsize)))
        # An island whose budget ends within a generation does not go on, but what it found counts.
        if self._rewarded:
            valid = np.flatnonzero(batch.valid)
            self._archive.add(self._archive.features(batch), valid, batch.island[valid])

    def _survive(self, island: int, born: Batch) -> None:
        """Let the newborn compete with their parents."""
        failed = born.status != 0
        arrays = (born.u, born.violations, born.observables, failed)
        mine = (self._u, self._violations, self._observables, self._failed)
        if self._alive[island]:
            arrays = tuple(np.concatenate([old[island], new]) for old, new in zip(mine, arrays, strict=True))  # type: ignore[assignment]
        pool = self._pool(island, *arrays)
        rows, standing = self._select(pool, self.streams[island])
        for old, new in zip(mine, arrays, strict=True):
            old[island] = new[rows]
        self._standing[island] = standing
        self._alive[island] = True
        valid = born.valid[None]
        self._progress.note(np.array([island]), scaled_loss(born.violations[None], "minmax"), valid)
        if self._objectives.of_violations and self._progress.idle[island] >= self.patience:
            self._alive[island] = False
            self._progress.reset(island)

    def _pool(self, island: int, u: Floats, violations: Floats, observables: Floats, failed: Bools) -> Pool:
        """Return objectives and constraints of everything that competes on an island."""
        scaled = scale_violations(violations)
        # A failed point comes after all others, the further the less of it is known.
        lost = np.where(failed, violations.shape[1] + np.isinf(violations).sum(axis=1), 0.0)
        if not self._objectives.of_violations:
            constraints = np.column_stack([scaled, lost])
            return Pool(self._objectives.observables(observables), constraints)
        objectives = self._objectives.violations(scaled)
        valid = ~failed & ~violations.any(axis=1)
        if self._rewarded:
            # One more objective: among valid points the only one that differs. Others come after all of them.
            crowding = np.full(len(u), 2.0)
            if valid.any():
                features = self._archive.features_of(u, observables)
                chosen = np.flatnonzero(valid)
                crowding[chosen] = 1.0 - self._archive.novelty(features, chosen, np.full(len(chosen), island))
            objectives = np.column_stack([objectives, crowding])
        return Pool(objectives, lost[:, None])

    def retire(self, island: int) -> None:
        self._active[island] = False

    def pending(self) -> dict[str, Array]:
        return self._archive.pending() if self._rewarded else {}

    def merge(self, total: Mapping[str, Array]) -> None:
        if self._rewarded:
            self._archive.merge(total)

    ARRAYS = ("_u", "_violations", "_observables", "_failed", "_standing", "_alive", "_active")

    def state(self) -> dict[str, Array]:
        own = {name.removeprefix("_"): getattr(self, name).copy() for name in self.ARRAYS}
        streams = {"streams": pack_streams(self.streams)}
        return {**own, **self._progress.state(), **streams, **self._archive.state()}

    def restore(self, state: Mapping[str, Array]) -> None:
        for name in self.ARRAYS:
            getattr(self, name)[...] = state[name.removeprefix("_")]
        self._progress.restore(state)
        unpack_streams(state["streams"], self.streams)
        self._archive.restore(state)


class Nsga2(Nsga):
    """NSGA-II: non-dominated sorting and crowding distance; for few objectives.

    Args:
        objectives: "single", one sum of all scaled violations; "groups", one sum for each constraint set;
            "all", every violation by itself; or observables, {mH1: min, width: max}, and then violations are
            constraints: feasible points rank ahead of all others.
    """

    name: ClassVar[str] = "nsga2"
    version: ClassVar[str] = "1"
    stratified: ClassVar[bool] = True
    description: ClassVar[str] = "NSGA-II (pymoo) on the violations, or on observables"
    citations: ClassVar[Sequence[str]] = (
        "doi:10.1109/4235.996017 NSGA-II",
        "doi:10.1109/ACCESS.2020.2990567 pymoo",
        "arXiv:2206.09223 violations as a loss, evolutionary algorithms for scans",
    )

    def _select(self, pool: Pool, rng: np.random.Generator) -> tuple[Ints, Ints]:
        rows, rank, crowding = self._pymoo.crowded(pool, self.popsize, rng)
        return rows, places(pool.excess[rows], rank, -crowding)


class Nsga3(Nsga):
    """NSGA-III: non-dominated sorting and niches around reference directions; for many objectives.

    Args:
        objectives: "groups", one sum of scaled violations for each constraint set; "all", every violation by
            itself; "single", one sum of all; or observables, {mH1: min, width: max}, and then violations are
            constraints: feasible points rank ahead of all others.
        popsize: points of a generation; 0 takes 100, or as many as there are reference directions.
    """

    name: ClassVar[str] = "nsga3"
    version: ClassVar[str] = "1"
    stratified: ClassVar[bool] = True
    description: ClassVar[str] = "NSGA-III (pymoo) on the violations by sector, or on observables"
    citations: ClassVar[Sequence[str]] = (
        "doi:10.1109/TEVC.2013.2281535 NSGA-III",
        "doi:10.1109/ACCESS.2020.2990567 pymoo",
        "arXiv:2505.08862 NSGA-III on constraint violations",
    )
    CROSSOVER: ClassVar[float] = 30.0

    def __init__(
        self,
        space: SearchSpace,
        streams: Sequence[np.random.Generator],
        *,
        objectives: str | dict[str, str] = "groups",
        popsize: int = 0,
        patience: int = 60,
        novelty: str = "hbos-pairs",
        focus: str = "both",
        start: str = "prior",
    ) -> None:
        super().__init__(
            space,
            streams,
            objectives=objectives,
            popsize=popsize,
            patience=patience,
            novelty=novelty,
            focus=focus,
            start=start,
        )

    def _size(self, popsize: int) -> int:
        self._directions = directions(len(self._objectives) + self._rewarded, popsize)
        return max(popsize, len(self._directions))

    def _select(self, pool: Pool, rng: np.random.Generator) -> tuple[Ints, Ints]:
        # Objectives are scaled within the pool, so bounds of earlier generations mean nothing: start afresh.
        rows = self._pymoo.niched(pool, self._directions, self.popsize, rng)
        return rows, places(pool.excess[rows])
