"""Who does what: islands are dealt out to ranks, and each has its random stream and share of the budget."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from terranova.errors import ContractError
from terranova.interfaces.sampler import Archipelago, Sampler, SearchSpace, SeparateIslands
from terranova.types import Ints


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
