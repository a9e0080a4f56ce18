"""Replay of stored points when a scan is resumed: samplers are answered from the store instead of the model.

Why this gives the same samplers: all that a sampler has to go by is its random stream, which follows from seed
and island, the sums of the exchanges, and the answers to what it proposed. So it proposes the stored points again,
in the same order, and the store has the answers that it was given then, to the last bit; those that were not
stored are computed again. When the store has no more, every sampler is where it was when the scan was stopped, and
the loop goes on with new points as if nothing had happened. A checkpoint only makes this shorter, by the
generations before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from terranova.engine.inheritance import Inherited
from terranova.engine.islands import Share
from terranova.errors import RunMismatch
from terranova.evaluation.problem import Problem
from terranova.interfaces.batch import Evaluation, Status, failed
from terranova.store import Reader
from terranova.store.checkpoint import CHECKPOINTS
from terranova.types import Bools, Floats, Ints

_INDEX_BITS = 40


def key(island: Ints, index: Ints) -> Ints:
    """Return one number a point (n,), unique in a run."""
    return (np.asarray(island, dtype=np.int64) << _INDEX_BITS) | np.asarray(index, dtype=np.int64)


class Replay:
    """What the store already holds, asked for generation by generation in rising order.

    Args:
        directory: of the run.
        problem: the same as when the points were stored.
        start: the first generation that will be asked for.
        whole: True when every observable is stored. Otherwise points that have any are evaluated again, and not
            stored twice.
        columns: the observables that are stored, as columns of the model's, if nobody asks for the others; these
            are NaN in answers.
        of: the islands that will be asked for, and what is known of their stored points; otherwise all that is
            stored is looked at.
        chunk: generations read from disk at a time.
    """

    def __init__(
        self,
        directory: Path,
        problem: Problem,
        start: int,
        *,
        whole: bool = True,
        columns: Sequence[int] | None = None,
        of: tuple[Share, Inherited] | None = None,
        chunk: int = 50,
    ) -> None:
        self._reader = Reader(directory, writers=None if of is None else of[1].writers)
        self._islands = None if of is None else (of[0].first, of[0].first + of[0].count)
        self._problem = problem
        self._whole, self._columns = whole, columns
        self._otherwise = ""
        if start:
            folder = directory / CHECKPOINTS
            self._otherwise = f". If nothing was changed, remove {folder}: without it, resuming begins at the start"
        self._chunk = chunk
        self._end = start
        self._keys: Ints = np.empty(0, dtype=np.int64)
        self._observables: Floats = np.empty((0, len(problem.model.observables)))
        self.last_generation = self._reader.last_generation() if of is None else of[1].last_generation
        """The last generation of which anything is stored, -1 if nothing."""

    def is_ahead_of(self, generation: int, evaluations: int) -> bool:
        """Say whether the store holds more than was replayed.

        Args:
            generation: the one that the loop is at.
            evaluations: points of that one that the loop has counted already.
        """
        return generation < self.last_generation or (generation == self.last_generation and not evaluations)

    def seek(self, generation: int) -> None:
        """Read the rows of this generation, and of some that follow, unless they were read already."""
        if generation < self._end:
            return
        stop = generation + self._chunk
        table = self._reader.generations(generation, stop, islands=self._islands)
        keys = key(table["island"].to_numpy(), table["index"].to_numpy())
        order = np.argsort(keys, kind="stable")
        self._keys, self._end = keys[order], stop
        table = table.take(order)
        names = [o.name for o in self._problem.model.observables]
        self._x = _matrix(table, self._problem.model.space.names)
        stored = range(len(names)) if self._columns is None else self._columns
        self._observables = np.full((len(table), len(names)), np.nan)
        if self._whole:
            self._observables[:, list(stored)] = _matrix(table, [names[i] for i in stored])
        self._status = table["status"].to_numpy().astype(np.int8)
        self._stage = table["stage"].to_numpy().astype(np.int8)
        self._seconds = table["seconds"].to_numpy().astype(float)
        self._reason = [str(r) if r is not None else "" for r in table["reason"].to_pylist()]

    def stored(self, x: Floats, island: Ints, index: Ints) -> Bools:
        """Return (n,) True for the points that are on disk.

        Raises:
            RunMismatch: a stored point is not the one proposed now.
        """
        if not len(self._keys):
            return np.zeros(len(island), dtype=bool)
        proposed_keys = key(island, index)
        position = np.minimum(np.searchsorted(self._keys, proposed_keys), len(self._keys) - 1)
        known = np.asarray(self._keys[position] == proposed_keys)
        was = self._x[position]
        differs = known & ((was != x) & ~(np.isnan(was) & np.isnan(x))).any(axis=1)
        if differs.any():
            row = int(np.flatnonzero(differs)[0])
            raise RunMismatch(
                f"cannot resume: island {island[row]} proposed another point number {index[row]} than the one "
                "stored. Were plugins, libraries or the machine changed since? The stored points are "
                f"untouched; start a new run to go on with the new versions{self._otherwise}"
            )
        return known

    def answer(self, island: Ints, index: Ints, stored: Bools) -> tuple[Bools, Evaluation]:
        """Return which of the points (n,) need no evaluation, and what is stored of these.

        A point that failed without an answer stays failed, although it might succeed at another try: the sampler
        was told so.
        """
        if not stored.any():
            return stored, failed(0, self._observables.shape[1], Status.OK, "")
        position = np.searchsorted(self._keys, key(island[stored], index[stored]))
        # Of a point that failed, those observables count that were computed before: where they are not stored,
        # nothing is known only if there were none.
        empty = ~np.isin(self._status, (Status.OK, Status.NON_FINITE, Status.UNSCORED)) & (self._stage == 0)
        usable = np.full(len(position), True) if self._whole else empty[position]
        known = stored.copy()
        known[stored] = usable
        position = position[usable]
        return known, Evaluation(
            self._observables[position],
            self._status[position],
            [self._reason[int(i)] for i in position],
            self._stage[position],
            self._seconds[position],
        )


def _matrix(table: object, names: object) -> Floats:
    columns = [table[name].to_numpy() for name in names]  # type: ignore[index, attr-defined]
    return np.column_stack(columns) if columns else np.empty((len(table), 0))  # type: ignore[arg-type]
