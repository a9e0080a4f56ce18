"""Samplers: what proposes points. One `Sampler` is one island; an `Archipelago` is all islands of a rank."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

import numpy as np

from terranova.errors import ContractError
from terranova.interfaces.batch import Batch
from terranova.types import Array, Bools, Floats, Ints


class Slopes(NamedTuple):
    """Derivatives at n points of the unit cube, by each of its d axes; NaN where they are not known.

    Attributes:
        observables: (n, k, d) of the model's observables.
        margins: (n, m, d) of `Batch.margins`.
    """

    observables: Floats
    margins: Floats


@dataclass(frozen=True)
class SearchSpace:
    """What a sampler may know of the problem.

    Attributes:
        names: (d,) the scanned parameters, one for each axis of the unit cube.
        periodic: (d,) True on axes that wrap around.
        observables: (k,) names of the model's observables, the columns of `Batch.observables`.
        windows: observable -> (lower, upper): the range in which its constraints accept it; the ends may be
            infinite.
        constraints: (m,) names of the constraints, the columns of `Batch.violations`.
        groups: constraint -> name of the constraint set it comes from, which is mostly a sector of physics.
        reads: constraint -> the observables (or parameters) it reads.
        seeds: (random stream, n) -> n starting points (n, d) in the cube that the model suggests; None if it has no
            suggestions.
        windowed: the constraints that `windows` of observables tell everything about; of the others a sampler sees
            `Batch.margins`, by how much they are violated or how much room is left.
        jacobian: (u (n, d), observables (n, k) as told) -> `Slopes` there, from a model that offers derivatives:
            one call in place of d probes for each point; None for other models. It evaluates nothing that is stored
            or counted, and answers the same when a scan is resumed.
    """

    names: tuple[str, ...]
    periodic: Bools
    observables: tuple[str, ...] = ()
    windows: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    constraints: tuple[str, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seeds: Callable[[np.random.Generator, int], Floats] | None = None
    windowed: frozenset[str] = frozenset()
    jacobian: Callable[[Floats, Floats], Slopes] | None = None

    @property
    def dimension(self) -> int:
        """Number d of axes."""
        return len(self.names)


@dataclass(frozen=True)
class Proposal:
    """Points to evaluate: u (n, d) in the unit cube, and the island (n,) that proposed each.

    `island` counts within the archipelago, from 0; rows of one island stand together, in order.

    `probe` (n,) is True for points that only serve a derivative. They are evaluated, stored and told like all
    others, but valid ones among them are not counted as found. None are if left out.
    """

    u: Floats
    island: Ints
    probe: Bools | None = None

    @property
    def probes(self) -> Bools:
        """(n,) `probe`, also when it was left out."""
        return np.zeros(len(self.island), dtype=bool) if self.probe is None else self.probe


class Sampler(ABC):
    """One island: proposes points of the unit cube and learns from the answers.

    A sampler owns nothing but its random stream: no clock, no files, no global random state. Given the same
    stream and the same answers it proposes the same points, which is what makes a killed scan resumable.

    Args of a subclass's `__init__`:
        space: the axes and the constraints.
        rng: the island's own random stream.
        options: anything else, as keywords with defaults; they are the keys of `sampler:` in a configuration.
    """

    name: ClassVar[str]
    version: ClassVar[str] = "0"
    description: ClassVar[str] = ""
    citations: ClassVar[Sequence[str]] = ()
    preference: ClassVar[int] = 0
    """Above 0: take me for a scan that names no sampler. The highest of all that are installed wins; subclasses do
    not inherit it.
    """
    completeness_calibrated: ClassVar[bool] = False
    """What is said of the completeness of my maps was compared with the truth, by `benchmarks/completeness.py`.
    Otherwise it is a limit only. Subclasses do not inherit it.
    """
    stratified: ClassVar[bool] = False
    """True for a sampler that follows its best points and would abandon a category of discrete parameters for good:
    some of its islands are then confined to one each. Never for one whose points follow the prior.
    """

    def __init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        self.space = space
        self.rng = rng

    @abstractmethod
    def ask(self) -> Floats:
        """Propose the next points, u (n, d) in [0, 1] with n >= 1."""

    @abstractmethod
    def tell(self, batch: Batch) -> None:
        """Learn from the points of the last `ask`, in the same order.

        The last batch of a scan can be shorter, when the budget ends within it. Violations are never NaN. A failed
        point has +inf where nothing is known, at one constraint at least, and the violations that are known.
        """

    @property
    def done(self) -> bool:
        """True when this island has nothing more to propose."""
        return False

    def state(self) -> dict[str, Array] | None:
        """Return everything needed to go on, besides the random stream; None when only a replay can restore it.

        Arrays whose names, types and shapes do not change, so that those of all islands can be stacked.
        """
        return None

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from a `state()`; the random stream is set after this call.

        Raises:
            ContractError: this sampler has no state to restore.
        """
        raise ContractError(f"sampler {self.name!r} has no restore()")


class Archipelago(ABC):
    """All islands of one rank, advanced together: one proposal holds the points of all of them.

    Subclass it to vectorise over islands; otherwise write a `Sampler`, and terranova makes the archipelago.
    Islands must not influence one another between two exchanges.

    Args of a subclass's `__init__`:
        space: the axes and the constraints.
        streams: one random stream an island.
        options: anything else, as keywords with defaults; they are the keys of `sampler:` in a configuration.
    """

    name: ClassVar[str]
    version: ClassVar[str] = "0"
    description: ClassVar[str] = ""
    citations: ClassVar[Sequence[str]] = ()
    preference: ClassVar[int] = 0  # as a `Sampler`'s
    completeness_calibrated: ClassVar[bool] = False  # as a `Sampler`'s
    stratified: ClassVar[bool] = False  # as a `Sampler`'s

    def __init__(self, space: SearchSpace, streams: Sequence[np.random.Generator]) -> None:
        self.space = space
        self.streams = list(streams)

    @abstractmethod
    def ask(self) -> Proposal:
        """Propose the next points of every island that is not done; no points when all are."""

    @abstractmethod
    def tell(self, batch: Batch) -> None:
        """Learn from the points of the last `ask`: same rows, same order, `island` and `probe` as proposed.

        When an island's share of the budget ends, its last rows are missing and it is not asked again.
        """

    def retire(self, island: int) -> None:  # noqa: B027 - an optional hook
        """Take an island out: its share of the budget is used up, and `ask` must leave it out from now on."""

    def pending(self) -> dict[str, Array]:
        """Return what was learnt since the last exchange, as arrays that add up over ranks.

        Whole numbers are best: MPI adds these up on the way. Others are gathered and added by the first rank, in
        the order of the ranks, which among a thousand takes as long as everything else.
        """
        return {}

    def merge(self, total: Mapping[str, Array]) -> None:  # noqa: B027 - an optional hook
        """Take in the sum of everybody's `pending()`, at the end of an epoch."""

    def state(self) -> dict[str, Array] | None:
        """Return everything needed to go on, right after `merge`; None when only a replay can restore it.

        The first axis of every array counts islands, except for names that begin with "shared_", which are
        the same on every rank and may grow. Otherwise names, types and shapes are those of a new archipelago's
        state, by which a checkpoint is recognised.
        """
        return None

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from a `state()`.

        Raises:
            ContractError: this archipelago has no state to restore.
        """
        raise ContractError(f"sampler {self.name!r} has no restore()")
