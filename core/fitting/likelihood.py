"""The likelihood as optimisers and samplers of a fit see it; every evaluation is stored before it is used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from terranova.engine.watch import EngineWatch
from terranova.evaluation.problem import Problem, unscored
from terranova.evaluation.slopes import continued
from terranova.interfaces.batch import Batch, Evaluation, join
from terranova.store import Writer
from terranova.types import Array, Bools, Floats, Ints

EXCLUDED = 1e6
"""Cost of a point that a hard bound excludes; its violations come on top, so that optimisers find their way in."""

FAILED = 1e9
"""Cost of a point without observables."""


Stored = Callable[[int, Floats, Ints], tuple[Bools, Evaluation] | None]
"""Number of a request, x (n, d), index (n,) -> which of the points are stored, and their rows; None if none is."""


class Likelihood:
    """Evaluates points of the unit cube and remembers them all.

    What is asked again after an interruption is answered from the store, by the number of the request: a fit is
    a deterministic function of its configuration, so going through it again leads to where it was.

    Args:
        problem: model and constraints.
        evaluate: evaluates points x (n, d).
        writer: where rows go; None to store nothing.
        stored: number of a request, x (n, d), index (n,) -> which of the points are stored, and their rows.
        watch: asked before every request whether to go on; None when nobody can stop the fit.
        columns: the observables that are remembered, as columns of the model's; all if None.

    Attributes:
        problem: model and constraints.
        remembered: which columns of the model's observables are: batches have no others.
        evaluations: points evaluated, in this session or an earlier one.
        names: of the columns of `values`: parameters, then observables.
    """

    def __init__(
        self,
        problem: Problem,
        evaluate: Callable[[Floats], Evaluation],
        writer: Writer | None = None,
        stored: Stored | None = None,
        watch: EngineWatch | None = None,
        columns: Sequence[int] | None = None,
    ) -> None:
        self.problem = problem
        self._evaluate, self._writer, self._stored, self._watch = evaluate, writer, stored, watch
        self.evaluations = 0
        self.requests = 0
        self.jacobians = 0  # points of which the model was asked for derivatives
        observables = [o.name for o in problem.model.observables]
        self.remembered: Ints = np.array(range(len(observables)) if columns is None else columns, dtype=np.int64)
        self.names = (*problem.model.space.names, *(observables[i] for i in self.remembered))
        self._u: list[Floats] = []
        self._loglike: list[Floats] = []
        self._values: list[Floats] = []

    @property
    def dimension(self) -> int:
        """Number d of free parameters."""
        return self.problem.model.space.dimension

    @property
    def measurements(self) -> int:
        """Number of measurements that contribute to chi2; limits and hard bounds are none."""
        return sum(constraint.measurements for constraint in self.problem.constraints)

    def batch(self, u: Floats) -> Batch:
        """Evaluate points u (n, d) of the unit cube; periodic axes wrap, others are cut off at the edges."""
        batch = self._batch(u)
        return replace(batch, observables=batch.observables[:, self.remembered])

    def batch_beside(self, u: Floats, base: Floats, values: Floats) -> Batch:
        """Return points right beside others, for differences: as `batch`, or by the model's derivatives.

        Points whose observables follow from derivatives are neither evaluated nor stored or counted. Those that do
        not, because the model says nothing there, are evaluated.

        Args:
            u: (n c, d), c points beside each one, those of the first one first.
            base: (n, d) points that were evaluated.
            values: (n, len(names)) parameters and observables at them.
        """
        model = self.problem.model
        if not model.has_jacobian:
            return self.batch(u)
        periodic = model.space.periodic
        base, u = (np.where(periodic, np.mod(v, 1.0), np.clip(v, 0.0, 1.0)) for v in (base, u))
        x, beside = model.space.to_physical(base), model.space.to_physical(u)
        observables = np.full((len(x), len(model.observables)), np.nan)
        observables[:, self.remembered] = values[:, len(model.space) :]
        there = continued(model, x, observables, beside)
        self.jacobians += len(x)
        number: Ints = np.arange(len(u))
        batch = self.problem.batch(u, beside, unscored(there), 0 * number, 0 * number, number)
        batch = replace(batch, observables=batch.observables[:, self.remembered])
        seen = np.repeat(np.isfinite(observables), len(u) // len(x), axis=0)
        lost = seen & ~np.isfinite(there)
        rows: Ints = np.flatnonzero(lost[:, self.remembered].any(axis=1))
        return batch if not len(rows) else _with_rows(batch, rows, self.batch(u[rows]))

    def all_observables(self, u: Floats) -> Batch:
        """As `batch`, with every observable of the model, whether it is remembered or not."""
        return self._batch(u, whole=len(self.remembered) < len(self.problem.model.observables))

    def _batch(self, u: Floats, *, whole: bool = False) -> Batch:
        """Evaluate and store points; if `whole`, also those of which only a part was stored."""
        periodic = self.problem.model.space.periodic
        u = np.where(periodic, np.mod(u, 1.0), np.clip(u, 0.0, 1.0))
        x = self.problem.model.space.to_physical(u)
        n = len(u)
        zeros: Ints = np.zeros(n, dtype=np.int64)
        request = np.full(n, self.requests, dtype=np.int64)
        index = np.arange(self.evaluations, self.evaluations + n, dtype=np.int64)
        if self._watch is not None:
            self._watch.poll()
        answer = None if self._stored is None else self._stored(self.requests, x, index)
        stored = zeros.astype(bool) if answer is None else answer[0].copy()

        def store(rows: Ints, part: Evaluation) -> None:
            """Store rows of a request that takes long before all of it is evaluated."""
            fresh = ~stored[rows]
            if self._writer is not None and fresh.any():
                rows, part = rows[fresh], part.take(fresh)
                origin = zeros[rows], request[rows], index[rows]
                self._writer.append(self.problem.batch(u[rows], x[rows], part, *origin))
                stored[rows] = True

        evaluation = self._completed(x, None if whole else answer, store)
        batch = self.problem.batch(u, x, evaluation, zeros, request, index)
        if self._writer is not None and not stored.all():
            self._writer.append(batch.take(~stored))
            stored[:] = True
        self.requests += 1
        self.evaluations += n
        self._u.append(batch.u)
        self._loglike.append(batch.loglike)
        self._values.append(np.column_stack([batch.x, batch.observables[:, self.remembered]]))
        return batch

    def _completed(
        self, x: Floats, answer: tuple[Bools, Evaluation] | None, store: Callable[[Ints, Evaluation], None]
    ) -> Evaluation:
        """Return the evaluation of x (n, d), of which `answer` may hold a part."""
        known = np.zeros(len(x), dtype=bool) if answer is None else answer[0]
        if answer is not None and known.all():
            return answer[1]
        missing: Ints = np.flatnonzero(~known)
        if self._watch is not None:
            self._watch.begin(store)
            self._watch.rows = missing
        fresh = self._evaluate(x[missing])
        if answer is None or not known.any():
            return fresh
        return join([answer[1], fresh]).take(np.argsort(np.concatenate([np.flatnonzero(known), missing])))

    def loglike(self, u: Floats) -> Floats:
        """Return the log-likelihood (n,) at u (n, d); -inf outside the cube, where excluded, and where failed."""
        periodic = self.problem.model.space.periodic
        inside = (((u >= 0.0) & (u <= 1.0)) | periodic).all(axis=1)
        result = np.full(len(u), -np.inf)
        if inside.any():
            result[inside] = self.batch(u[inside]).loglike
        return result

    def cost(self, batch: Batch) -> Floats:
        """Return what optimisers minimise (n,): -ln L, and beyond hard bounds what points the way back."""
        with np.errstate(over="ignore", invalid="ignore"):
            violated = np.log1p(np.where(np.isfinite(batch.violations), batch.violations, 1e100)).sum(axis=1)
        cost = np.where(np.isfinite(batch.loglike), -batch.loglike, EXCLUDED + violated)
        return np.where(batch.status == 0, cost, FAILED)

    def add_known(self, u: Floats, loglike: Floats, values: Floats) -> None:
        """Take in points that a scan has evaluated: u (n, d), loglike (n,), values (n, len(names))."""
        self._u.append(u)
        self._loglike.append(loglike)
        self._values.append(values)

    def go_on(self, u: Floats, loglike: Floats, values: Floats, requests: int) -> None:
        """Take in points that earlier sessions evaluated in so many requests, as if this one had.

        Args:
            u: (n, d) in the order in which they were evaluated.
            loglike: (n,)
            values: (n, len(names)).
            requests: their number.
        """
        self.add_known(u, loglike, values)
        self.evaluations, self.requests = len(u), requests

    @property
    def scanned(self) -> int:
        """Number of points known from scans, which come first; the rest were evaluated by the fit."""
        return len(self.loglikes) - self.evaluations

    @property
    def u(self) -> Floats:
        """(n, d) all points known; those of scans come first."""
        self._join()
        return self._u[0]

    @property
    def loglikes(self) -> Floats:
        """(n,) their log-likelihoods."""
        self._join()
        return self._loglike[0]

    def column(self, name: str) -> Floats:
        """(n,) their values of a parameter or observable."""
        self._join()
        return self._values[0][:, self.names.index(name)]

    def columns(self, names: Sequence[str]) -> Floats:
        """(n, q) their values of several."""
        return np.column_stack([self.column(name) for name in names])

    def values_at(self, u: Floats) -> Floats:
        """Return parameters and observables (n, names) at u (n, d), which were evaluated before."""
        row = {place.tobytes(): i for i, place in enumerate(np.ascontiguousarray(self.u))}
        rows: Ints = np.array([row.get(place.tobytes(), -1) for place in np.ascontiguousarray(u)], dtype=np.int64)
        values = self.columns(self.names)[np.maximum(rows, 0)]
        missing = np.flatnonzero(rows < 0)
        if len(missing):  # a point on the seam of a periodic axis
            batch = self.batch(u[missing])
            values[missing] = np.column_stack([batch.x, batch.observables])
        return np.asarray(values)

    def _join(self) -> None:
        empty = (np.empty((0, self.dimension)), np.empty(0), np.empty((0, len(self.names))))
        for parts, nothing in zip((self._u, self._loglike, self._values), empty, strict=True):
            if len(parts) != 1:
                whole: Array = np.concatenate(parts) if parts else nothing
                parts[:] = [whole]


def _with_rows(batch: Batch, rows: Ints, others: Batch) -> Batch:
    """Return a batch with some rows replaced."""
    order: Ints = np.arange(len(batch))
    order[rows] = len(batch) + np.arange(len(rows))

    def joined(name: str) -> Any:
        return np.concatenate([getattr(batch, name), getattr(others, name)])[order]

    return replace(
        batch,
        observables=joined("observables"),
        violations=joined("violations"),
        loglike=joined("loglike"),
        status=joined("status"),
        margins=joined("margins"),
        terms=joined("terms"),
    )
