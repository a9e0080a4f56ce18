"""Samplers: what proposes points. One `Sampler` is one island; an `Archipelago` is all islands of a rank."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from terranova.errors import ContractError
from terranova.interfaces.batch import Batch
from terranova.interfaces.model import real
from terranova.interfaces.random_streams import pack_streams, unpack_streams
from terranova.types import Array, Bools, Floats, Ints


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
            the violations only.
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


MOST_POINTS = 5_000_000
"""Points of one rank in one step: they and all that is known of them must fit into memory."""


def check_proposal(proposal: Proposal, name: str, dimension: int, islands: int) -> None:
    """Make sure that a proposal is what was promised.

    Raises:
        ContractError: wrong shapes, points outside the unit cube or NaN, or rows of an island apart.
    """
    u, island = proposal.u, proposal.island
    if u.ndim != 2 or u.shape[1] != dimension or island.shape != (len(u),):
        raise ContractError(
            f"sampler {name!r}: ask() returned u {u.shape} and island {island.shape}, "
            f"expected (n, {dimension}) and (n,)"
        )
    if proposal.probe is not None and (proposal.probe.shape != island.shape or proposal.probe.dtype != bool):
        raise ContractError(
            f"sampler {name!r}: ask() returned probe {proposal.probe.dtype} {proposal.probe.shape}, "
            f"expected bool {island.shape}"
        )
    if len(u) > MOST_POINTS:
        raise ContractError(f"sampler {name!r}: ask() proposed {len(u):,} points at once, at most {MOST_POINTS:,}")
    if not (np.all(u >= 0.0) and np.all(u <= 1.0)):
        raise ContractError(f"sampler {name!r}: ask() proposed points outside [0, 1], or NaN")
    if len(island) and (island[0] < 0 or island[-1] >= islands or np.any(np.diff(island) < 0)):
        raise ContractError(f"sampler {name!r}: islands must be sorted and between 0 and {islands - 1}")


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

    def __init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        self.space = space
        self.rng = rng

    @abstractmethod
    def ask(self) -> Floats:
        """Propose the next points, u (n, d) in [0, 1] with n >= 1."""

    @abstractmethod
    def tell(self, batch: Batch) -> None:
        """Learn from the points of the last `ask`, in the same order.

        The last batch of a scan can be shorter, when the budget ends within it. Violations are never NaN;
        failed points have +inf everywhere.
        """

    @property
    def done(self) -> bool:
        """True when this island has nothing more to propose."""
        return False

    def state(self) -> dict[str, Array] | None:
        """Return everything needed to go on, besides the random stream; None when only a replay can restore it.

        Arrays whose shapes do not change, so that those of all islands can be stacked.
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
        """Return what was learnt since the last exchange, as arrays that add up over ranks."""
        return {}

    def merge(self, total: Mapping[str, Array]) -> None:  # noqa: B027 - an optional hook
        """Take in the sum of everybody's `pending()`, at the end of an epoch."""

    def state(self) -> dict[str, Array] | None:
        """Return everything needed to go on, right after `merge`; None when only a replay can restore it.

        The first axis of every array counts islands, except for names that begin with "shared_", which are
        the same on every rank.
        """
        return None

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from a `state()`.

        Raises:
            ContractError: this archipelago has no state to restore.
        """
        raise ContractError(f"sampler {self.name!r} has no restore()")


class SeparateIslands(Archipelago):
    """The archipelago of a plain `Sampler`: islands that know nothing of one another."""

    name = "separate islands"

    def __init__(
        self,
        space: SearchSpace,
        streams: Sequence[np.random.Generator],
        make: Callable[..., Sampler],
        options: Mapping[str, Any],
    ) -> None:
        super().__init__(space, streams)
        self.samplers = [make(space, stream, **options) for stream in streams]
        if self.samplers:  # a checkpoint is of use to this version of the sampler only
            self.name, self.version = self.samplers[0].name, self.samplers[0].version  # type: ignore[misc]
        self._retired = np.zeros(len(self.samplers), dtype=bool)

    def ask(self) -> Proposal:
        points: list[Floats] = []
        owner: list[Ints] = []
        for island, sampler in enumerate(self.samplers):
            if self._retired[island] or sampler.done:
                continue
            try:
                u = real(sampler.ask(), f"sampler {sampler.name!r}: ask()")
            except MemoryError as error:
                raise ContractError(f"sampler {sampler.name!r}: ask() wants more memory than there is") from error
            if u.ndim != 2 or u.shape[1] != self.space.dimension or len(u) == 0:
                raise ContractError(
                    f"sampler {sampler.name!r}: ask() returned shape {u.shape}, "
                    f"expected (n, {self.space.dimension}) with n >= 1"
                )
            points.append(u)
            owner.append(np.full(len(u), island, dtype=np.int64))
        if not points:
            return Proposal(np.empty((0, self.space.dimension)), np.empty(0, dtype=np.int64))
        return Proposal(np.concatenate(points), np.concatenate(owner))

    def tell(self, batch: Batch) -> None:
        edges = [0, *(np.flatnonzero(np.diff(batch.island)) + 1).tolist(), len(batch)]
        for start, stop in itertools.pairwise(edges):
            self.samplers[int(batch.island[start])].tell(batch.take(slice(start, stop)))

    def retire(self, island: int) -> None:
        self._retired[island] = True

    def state(self) -> dict[str, Array] | None:
        states = [sampler.state() for sampler in self.samplers]
        stacked: dict[str, Array] = {"streams": pack_streams(self.streams), "retired": self._retired.copy()}
        known = [state for state in states if state is not None]
        if len(known) < len(states):
            return None
        for name in known[0] if known else ():
            stacked[f"island_{name}"] = np.stack([state[name] for state in known])
        return stacked

    def restore(self, state: Mapping[str, Array]) -> None:
        own = {k.removeprefix("island_"): v for k, v in state.items() if k.startswith("island_")}
        for island, sampler in enumerate(self.samplers):
            sampler.restore({name: value[island] for name, value in own.items()})
        self._retired[...] = state["retired"]
        unpack_streams(state["streams"], self.streams)
