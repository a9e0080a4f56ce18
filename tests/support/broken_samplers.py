"""Samplers that break one rule of the conformance suite each, and one that keeps them all."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import numpy as np

from terranova import Archipelago, Batch, Proposal, Sampler, SearchSpace
from terranova.types import Array, Floats


class Steps(Sampler):
    """A walk from the best point so far, that keeps all rules.

    Args:
        space: the axes.
        rng: the island's stream.
        points: a batch.
    """

    name = "steps"

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, points: int = 10) -> None:
        super().__init__(space, rng)
        self.points, self.best = points, rng.random(space.dimension)
        self.loss = np.inf

    def ask(self) -> Floats:
        steps = self.rng.normal(0.0, 0.1, (self.points, self.space.dimension))
        return np.clip(self.best + steps, 0.0, 1.0)

    def tell(self, batch: Batch) -> None:
        loss = np.log1p(batch.violations).sum(axis=1)
        if loss.min() < self.loss:
            self.best, self.loss = batch.u[loss.argmin()].copy(), float(loss.min())

    def state(self) -> dict[str, Array] | None:
        return {"best": self.best.copy(), "loss": np.array(self.loss)}

    def restore(self, state: Mapping[str, Array]) -> None:
        self.best, self.loss = state["best"].copy(), float(state["loss"])


class Undocumented(Steps):
    """A walk whose option nobody explains."""

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, secret: float = 1.0) -> None:
        super().__init__(space, rng)


class Outside(Steps):
    def ask(self) -> Floats:
        return super().ask() * 1.5


class Forgetful(Steps):
    def restore(self, state: Mapping[str, Array]) -> None:
        self.loss = float(state["loss"])


class Global(Steps):
    def ask(self) -> Floats:
        return np.random.rand(self.points, self.space.dimension)  # noqa: NPY002


class PythonGlobal(Steps):
    def tell(self, batch: Batch) -> None:
        if random.random() < 0.5:
            super().tell(batch)


class Alike(Steps):
    def ask(self) -> Floats:
        return np.random.default_rng(0).random((self.points, self.space.dimension))


class Spoiler(Steps):
    def tell(self, batch: Batch) -> None:
        batch.violations[...] = np.minimum(batch.violations, 1e3)
        super().tell(batch)


class Reuser(Archipelago):
    """Overwrites what it has proposed."""

    name = "steps"

    def __init__(self, space: SearchSpace, streams: Sequence[np.random.Generator]) -> None:
        super().__init__(space, streams)
        self.u = np.empty((len(self.streams), space.dimension))

    def ask(self) -> Proposal:
        for row, stream in zip(self.u, self.streams, strict=True):
            row[...] = stream.random(len(row))
        return Proposal(self.u, np.arange(len(self.u)))

    def tell(self, batch: Batch) -> None:
        pass


class Brittle(Steps):
    def tell(self, batch: Batch) -> None:
        finite = np.isfinite(batch.violations).all(axis=1)
        super().tell(batch.take(finite))  # no rows are left when all have failed


class Gossip(Steps):
    """Islands that know one another."""

    seen: list[float] = []  # noqa: RUF012 - shared on purpose

    def tell(self, batch: Batch) -> None:
        super().tell(batch)
        self.seen.append(float(batch.u[0, 0]))
        self.best = (self.best + self.seen[len(self.seen) // 2]) % 1.0


class Fixed(Steps):
    def ask(self) -> Floats:
        return self.rng.random((self.points, 4))


class NeedsConstraints(Steps):
    def tell(self, batch: Batch) -> None:
        self.best = batch.u[batch.violations.max(axis=1).argmin()].copy()


BROKEN = [
    (Undocumented, "options_are_keywords_with_defaults_and_documented", "'secret' is not explained"),
    (Outside, "points_lie_in_the_cube", "outside"),
    (Alike, "other_streams_other_points", "made no difference"),
    (Global, "no_global_random_state", "global random generator"),
    (PythonGlobal, "no_global_random_state", "global random generator"),
    (Spoiler, "batches_are_left_alone", "changed the batch's violations"),
    (Reuser, "batches_are_left_alone", "return a copy"),
    (Brittle, "failed_points_do_not_stop_it", "raised ValueError"),
    (Forgetful, "restored_sampler_goes_on", "other points"),
    (Gossip, "same_stream_same_points", "different points"),
    (Fixed, "one_parameter_is_enough", "expected"),
    (NeedsConstraints, "no_constraints_no_problem", "raised ValueError"),
]
