"""The course of a fit: units of work, which a fit that goes on does not do again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast, get_type_hints

import numpy as np

from terranova.store.packed import pack, unpack
from terranova.types import Array

T = TypeVar("T")


class Stateful(Protocol):
    """What units of work change. The annotation of what `state` returns says how it is read back."""

    def state(self) -> Any:
        """Return all that a later unit depends on: numbers, text, arrays, and dataclasses of such."""

    def restore(self, state: Any, /) -> None:
        """Be as when `state` was asked."""


@dataclass(frozen=True)
class Progress:
    """How far a fit has come.

    Attributes:
        results: of all units that were done, in order.
        states: of what these had changed.
        arrays: of both.
    """

    results: Sequence[Any] = ()
    states: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)


class Course:
    """Does units of work in their order, and saves in between how far it is.

    A fit that goes on runs the same code from the beginning. A unit that was done is not done again: it returns
    what it returned then, and what it had changed is put back at once to where the last checkpoint found it. So
    what decides which unit comes next has to come out of units; nothing else may look at what they change.

    Args:
        earlier: how far an earlier session came.
        save: is offered, after each unit, a function that tells how far the fit is; None to do units and no more.
    """

    def __init__(
        self, earlier: Progress | None = None, save: Callable[[Callable[[], Progress]], None] | None = None
    ) -> None:
        self._earlier, self._save = earlier or Progress(), save
        self._results: list[Any] = []
        self._arrays: dict[str, Array] = {}
        self._kept: dict[str, Stateful] = {}
        self._working = False

    def keep(self, name: str, thing: Stateful) -> None:
        """From now on units change this; if an earlier session did, it is put back to where that came."""
        self._kept[name] = thing
        if name in self._earlier.states:
            kind = get_type_hints(thing.state)["return"]
            thing.restore(unpack(kind, self._earlier.states[name], self._earlier.arrays))

    def unit(self, kind: Any, work: Callable[[], T]) -> T:
        """Do a unit of work, or return what it returned in an earlier session; one within another is part of it.

        Args:
            kind: what it returns, as in an annotation.
            work: does it.
        """
        if self._working or self._save is None:
            return work()
        place = len(self._results)
        if place < len(self._earlier.results):
            packed = self._earlier.results[place]
            result = cast(T, unpack(kind, packed, self._earlier.arrays))
            pack(result, self._arrays, f"result.{place}")
            self._results.append(packed)
            return result
        self._working = True
        try:
            result = work()
        finally:
            self._working = False
        self._results.append(pack(result, self._arrays, f"result.{place}"))
        self._save(self._progress)
        return result

    def _progress(self) -> Progress:
        arrays = dict(self._arrays)
        states = {name: pack(thing.state(), arrays, f"state.{name}") for name, thing in self._kept.items()}
        return Progress(self._results, states, arrays)


@dataclass(frozen=True)
class Stream:
    """Where a random stream is.

    Attributes:
        state: of its bit generator, as JSON.
        children: streams that were spawned from it.
    """

    state: str
    children: int


def stream_of(rng: np.random.Generator) -> Stream:
    """Say where a random stream is."""
    return Stream(json.dumps(rng.bit_generator.state), _seed(rng).n_children_spawned)


def put_back(rng: np.random.Generator, stream: Stream) -> None:
    """Put a random stream, fresh from the same seed, to where another one was."""
    _seed(rng).spawn(stream.children - _seed(rng).n_children_spawned)
    rng.bit_generator.state = json.loads(stream.state)


def _seed(rng: np.random.Generator) -> np.random.SeedSequence:
    return cast(np.random.SeedSequence, rng.bit_generator.seed_seq)


class Streams:
    """Random streams that units of work draw from.

    Args:
        rngs: the streams.
    """

    def __init__(self, rngs: Sequence[np.random.Generator]) -> None:
        self._rngs = rngs

    def state(self) -> tuple[Stream, ...]:
        """Where each of them is."""
        return tuple(stream_of(rng) for rng in self._rngs)

    def restore(self, state: tuple[Stream, ...]) -> None:
        """Put each of them back."""
        for rng, stream in zip(self._rngs, state, strict=True):
            put_back(rng, stream)
