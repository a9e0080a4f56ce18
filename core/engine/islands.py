"""Islands: how they are dealt out to ranks, their random streams, and their shares of the budget."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from terranova.errors import ContractError
from terranova.interfaces.arrays import real
from terranova.interfaces.batch import Batch
from terranova.interfaces.random_streams import pack_streams, unpack_streams
from terranova.interfaces.sampler import Archipelago, Proposal, Sampler, SearchSpace
from terranova.types import Array, Floats, Ints


@dataclass(frozen=True)
class Share:
    """The islands of one rank: the consecutive numbers first, first + 1, ... first + count - 1."""

    first: int
    count: int

    @property
    def numbers(self) -> Ints:
        """(count,) the islands' numbers within the run."""
        return np.arange(self.first, self.first + self.count, dtype=np.int64)


def deal(islands: int, rank: int, size: int) -> Share:
    """Return the share of a rank: consecutive islands, as even as possible."""
    first = rank * islands // size
    return Share(first, (rank + 1) * islands // size - first)


def streams(seed: int, share: Share) -> list[np.random.Generator]:
    """One random stream an island, depending on the seed and the island's number only."""
    return [
        np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(int(number),))))
        for number in share.numbers
    ]


def quotas(evaluations: int | None, islands: int, share: Share) -> Ints:
    """Return how many points each island of a share may evaluate, so that all together make the budget."""
    if evaluations is None:
        return np.full(share.count, np.iinfo(np.int64).max, dtype=np.int64)
    base, rest = divmod(evaluations, islands)
    return base + (share.numbers < rest).astype(np.int64)


def make_archipelago(
    plugin: type[Sampler] | type[Archipelago],
    space: SearchSpace,
    seed: int,
    share: Share,
    options: Mapping[str, Any],
) -> Archipelago:
    """Make the sampler of a rank's islands.

    Raises:
        ContractError: the plugin does not accept the options.
    """
    rngs = streams(seed, share)
    try:
        inspect.signature(plugin).bind(space, rngs, **options)
    except TypeError as error:
        raise ContractError(f"sampler {plugin.name!r}: {error}") from error
    if issubclass(plugin, Archipelago):
        return plugin(space, rngs, **options)
    return SeparateIslands(space, rngs, plugin, options)


MOST_POINTS = 5_000_000
"""Points of one rank in one step: they and all that is known of them must fit into memory."""


def check_proposal(proposal: Proposal, name: str, dimension: int, islands: int) -> None:
    """Make sure that a proposal is what was promised.

    Raises:
        ContractError: wrong shapes or types, points outside the unit cube or NaN, or rows of an island apart.
    """
    u, island = proposal.u, proposal.island
    for values, what, kinds, expected in ((u, "u", "f", "floats"), (island, "island", "iu", "integers")):
        if not isinstance(values, np.ndarray) or values.dtype.kind not in kinds:
            found = values.dtype if isinstance(values, np.ndarray) else type(values).__name__
            raise ContractError(
                f"sampler {name!r}: ask() returned {what} of {found}, expected an array of {expected}"
            )
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
