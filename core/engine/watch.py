"""Watch of the engine over a batch that takes long: stops it when asked to, and stores what is done meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np

from terranova.evaluation.executor import Watch
from terranova.interfaces.batch import Evaluation, join
from terranova.parallel.world import World
from terranova.system.signals import Interrupted, StopRequest
from terranova.types import Ints

STORE_EVERY = 1.0
"""Seconds of evaluation after which rows are stored although their batch is not complete."""

Store = Callable[[Ints, Evaluation], None]


class EngineWatch(Watch):
    """Connects executors with the loop: whether to go on, and where to put rows of a batch that is not complete.

    Args:
        everyone: all ranks.
        stop: who listens to signals.
        out_of_time: says whether the budget of wall time is used up.

    Attributes:
        rows: (n,) the numbers within the batch of the points that are evaluated now.
    """

    def __init__(self, everyone: World, stop: StopRequest, out_of_time: Callable[[], bool]) -> None:
        self._everyone, self._stop, self._out_of_time = everyone, stop, out_of_time
        self.rows: Ints = np.empty(0, dtype=np.int64)
        self.begin(None)

    def begin(self, store: Store | None) -> None:
        """A batch begins; `store` takes rows before it is complete, None when that must not be."""
        self._store = store
        self._held: list[tuple[Ints, Evaluation]] = []
        self._stored_at = time.monotonic()

    def poll(self) -> None:
        """Attend to the other ranks; raise `Interrupted` if a signal asked to stop, or the time is over."""
        self._everyone.attend()
        if self._stop.signal or self._out_of_time():
            raise Interrupted

    def breakable(self) -> AbstractContextManager[None]:
        """A signal ends what runs in this process."""
        return self._stop.breakable()

    def done(self, first: int, evaluation: Evaluation) -> None:
        """Hold rows until enough time has passed to be worth a write; of a fast batch none ever is."""
        if self._store is None:
            return
        self._held.append((self.rows[first : first + len(evaluation.status)], evaluation))
        if time.monotonic() - self._stored_at > STORE_EVERY:
            self._write()

    def end(self) -> None:
        """The batch is broken off: store what is done of it.

        These rows are not told to a sampler. They count, and a resumed scan need not evaluate them again.
        """
        self._write()

    def _write(self) -> None:
        if self._store is not None and self._held:
            rows = np.concatenate([rows for rows, _ in self._held])
            # In the order of the points: the rows of an island are stored in the order of their numbers.
            order = np.argsort(rows, kind="stable")
            self._store(rows[order], join([evaluation for _, evaluation in self._held]).take(order))
        self._held = []
        self._stored_at = time.monotonic()
