"""Bound model, as everyone but its author uses it: inputs completed and checked, failures turned into status."""

from __future__ import annotations

import re
import time
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from terranova.errors import ContractError, PointFailed, did_you_mean
from terranova.evaluation.columns import check_columns
from terranova.evaluation.derived_observables import DerivedObservable, compute, settle
from terranova.interfaces.arrays import real
from terranova.interfaces.batch import Evaluation, Status, join
from terranova.interfaces.model import LARGEST, REASON_LENGTH, Model, Observable, PointModel
from terranova.interfaces.notebook import html_table
from terranova.interfaces.parameters import Parameter, ParameterSpace
from terranova.types import Array, Bools, Floats


class BoundModel:
    """A model as everyone but its author uses it: inputs completed and checked, failures turned into status.

    Attributes:
        plugin: the model itself.
        space: its parameters, with the priors in force, and behind them those that only expressions read.
        observables: its observables, in order, and behind them those that follow from other columns.
        derived: the latter, with their expressions.

    Raises:
        ContractError: the plugin does not declare what it should, or two columns would have one name.
        ExpressionError: an expression reads what there is not.
    """

    def __init__(
        self, plugin: Model, space: ParameterSpace | None = None, derived: Sequence[DerivedObservable] = ()
    ) -> None:
        self.plugin = plugin
        _check_declared(plugin)
        self.space = space if space is not None else ParameterSpace(tuple(plugin.parameters))
        self.derived = settle(derived, self.space.parameters, plugin.observables)
        self.observables = (*plugin.observables, *(each.observable for each in self.derived))
        self._own, self._inputs = len(plugin.observables), len(plugin.parameters)
        self._computed = [
            [i for i, o in enumerate(self.observables) if o.stage <= stage] for stage in range(self.stages)
        ]
        check_columns(plugin.name, self.space, self.observables)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.plugin.name

    def deriving(self, further: Sequence[DerivedObservable]) -> BoundModel:
        """Return the same model with further observables that follow from its columns.

        Raises:
            ContractError: two columns would have one name.
            ExpressionError: an expression reads what there is not.
        """
        return BoundModel(self.plugin, self.space, (*self.derived, *further)) if further else self

    @property
    def auxiliary(self) -> tuple[str, ...]:
        """Names of the parameters that the model itself does not know: only expressions read them."""
        return self.space.names[self._inputs :]

    @property
    def stages(self) -> int:
        """Number of stages in which the observables are computed."""
        return 1 + max((o.stage for o in self.observables), default=0)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters, with the priors in force, in order."""
        return tuple(self.space)

    @property
    def defaults(self) -> dict[str, float]:
        """The value that each parameter has where an evaluation leaves it out."""
        return {p.name: p.default_value for p in self.space}

    @property
    def benchmarks(self) -> dict[str, dict[str, float]]:
        """Points with names, such as `model.evaluate(model.benchmarks["fit"])`."""
        return {name: dict(point) for name, point in self.plugin.benchmarks.items()}

    def __repr__(self) -> str:
        def of(names: Sequence[str]) -> str:
            more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            return f"{len(names)}: {', '.join(names[:SHOWN])}{more}"

        return (
            f"<model {self.name}>\n  parameters   {of(self.space.names)}\n"
            f"  observables  {of([o.name for o in self.observables])}"
        )

    def _repr_html_(self) -> str:
        rows = [(p.name, p.prior.describe(), p.unit, f"{p.default_value:.6g}", p.description) for p in self.space]
        outputs = [(o.name, o.unit, o.description) for o in self.observables]
        return html_table(
            f"model {self.name}: parameters", ("parameter", "prior", "unit", "default", ""), rows
        ) + html_table(f"{len(outputs)} observables", ("observable", "unit", ""), outputs, folded=True)

    def evaluate(self, points: Mapping[str, ArrayLike] | None = None, **values: ArrayLike) -> dict[str, Array]:
        """Compute all observables of n points.

        Args:
            points: parameter name -> number or (n,) array; parameters left out take the model's default.
            values: the same as keywords.

        Returns:
            observable name -> (n,) array. Rows of failed points are NaN.

        Raises:
            ValueError: a name that is not a parameter, values that are no numbers, or arrays that do not broadcast
                to one length.
        """
        given = {**(points or {}), **values}
        for name in given:
            if name not in self.space.names:
                known = did_you_mean(name, self.space.names)
                raise ValueError(f"model {self.name!r} has no parameter {name!r}{known}")
        columns = [_numbers(p.name, given.get(p.name, p.default_value)) for p in self.space]
        try:
            x = np.column_stack([np.atleast_1d(c) for c in np.broadcast_arrays(*columns)])
        except ValueError as error:
            lengths = {p.name: c.shape for p, c in zip(self.space, columns, strict=True) if c.shape}
            raise ValueError(f"the parameters' arrays do not have one length: {lengths}") from error
        if x.ndim != 2:
            raise ValueError("parameters must be numbers or one-dimensional arrays")
        x = self.space.completed(np.ascontiguousarray(x), given)
        evaluation = self.evaluate_array(x)
        for stage in range(1, self.stages):
            evaluation = self.evaluate_stage(stage, x, evaluation, evaluation.status == Status.OK)
        return {o.name: evaluation.observables[:, i] for i, o in enumerate(self.observables)}

    def evaluate_array(self, x: Floats) -> Evaluation:
        """Compute the first stage at x (n, d); whatever goes wrong becomes a status and a reason.

        Raises:
            ContractError: the model returned the wrong names or shapes. That is a bug, not a bad point.
        """
        n = len(x)
        started = time.perf_counter()
        nowhere: Bools = np.asarray(~np.isfinite(x).all(axis=1))
        if nowhere.any():
            return self._without_values(x, nowhere, started)
        if isinstance(self.plugin, PointModel):
            return self._one_by_one(self.plugin, x)
        try:
            # A copy: a model that works in place must not change the points that are stored.
            answer = self.plugin.evaluate_array(x[:, : self._inputs].copy())
        except ContractError:
            raise
        except (Exception, SystemExit) as error:
            if n == 1:
                return _failed(len(self.observables), Status.RAISED, _reason(error), started)
            if n == 0:
                raise ContractError(
                    f"model {self.name!r} cannot be asked for no point: {_reason(error)}"
                ) from error
            # One bad point must not cost its neighbours: evaluate the halves apart. The first half is copied,
            # for a model may use one buffer for all its answers.
            first = self.evaluate_array(x[: n // 2])
            first = replace(first, observables=first.observables.copy())
            return join([first, self.evaluate_array(x[n // 2 :])])
        observables = real(answer, f"model {self.name!r}: evaluate_array()")
        if observables.shape != (n, self._own):
            raise ContractError(
                f"model {self.name!r}: evaluate_array() returned shape {observables.shape}, "
                f"expected ({n}, {self._own})"
            )
        observables = self.with_derived(x, observables)
        seconds = np.full(n, (time.perf_counter() - started) / max(n, 1))
        return self._judge(observables, seconds, stage=0)

    def evaluate_stage(self, stage: int, x: Floats, earlier: Evaluation, rows: Array) -> Evaluation:
        """Add a later stage to the chosen rows (boolean mask (n,)) of an evaluation."""
        if not rows.any():
            return earlier
        started = time.perf_counter()
        chosen = np.flatnonzero(rows)
        if isinstance(self.plugin, PointModel) and len(chosen) > 1:
            for row in chosen:
                earlier = self.evaluate_stage(stage, x, earlier, np.arange(len(x)) == row)
            return earlier
        observables, status = earlier.observables.copy(), earlier.status.copy()
        reason, reached = list(earlier.reason), earlier.stage.copy()
        seconds = earlier.seconds.copy()
        try:
            inputs = np.ascontiguousarray(x[chosen][:, : self._inputs])
            answer = self.plugin.evaluate_stage(
                stage, inputs, np.ascontiguousarray(observables[chosen][:, : self._own])
            )
        except ContractError:
            raise
        except (Exception, SystemExit) as error:
            if len(chosen) > 1:
                for part in np.array_split(chosen, 2):
                    mask = np.zeros(len(x), dtype=bool)
                    mask[part] = True
                    earlier = self.evaluate_stage(stage, x, earlier, mask)
                return earlier
            status[chosen], reason[int(chosen[0])] = _status_and_reason(error)
        else:
            filled = real(answer, f"model {self.name!r}: evaluate_stage()")
            if filled.shape != (len(chosen), self._own):
                raise ContractError(
                    f"model {self.name!r}: evaluate_stage({stage}) returned shape {filled.shape}, "
                    f"expected ({len(chosen)}, {self._own})"
                )
            known = np.where(
                [o.stage < stage for o in self.plugin.observables], observables[chosen, : self._own], filled
            )
            filled = self.with_derived(x[chosen], known)
            new = np.array([o.stage == stage for o in self.observables])
            observables[np.ix_(chosen, np.flatnonzero(new))] = filled[:, new]
        reached[chosen] = stage
        seconds[chosen] += (time.perf_counter() - started) / len(chosen)
        result = self._judge(observables[chosen], seconds[chosen], stage)
        observables[chosen] = result.observables
        fresh = status[chosen] == Status.OK
        status[chosen[fresh]] = result.status[fresh]
        for i, row in enumerate(chosen):
            if fresh[i]:
                reason[int(row)] = result.reason[i]
        return Evaluation(observables, status, reason, reached, seconds)

    @property
    def has_jacobian(self) -> bool:
        """True if the model may offer derivatives."""
        return type(self.plugin).jacobian is not Model.jacobian

    def jacobian(self, x: Floats, observables: Floats) -> Floats:
        """Return the derivatives (n, own observables, own parameters) that the model offers.

        They are NaN where it offers none, or fails. Columns that come from expressions have none here.

        Args:
            x: (n, d) physical points.
            observables: (n, k) at them.

        Raises:
            ContractError: it returned another shape, or not numbers. That is a bug, not a bad point.
        """
        n, k, d = len(x), self._own, self._inputs
        try:
            answer = self.plugin.jacobian(x[:, :d].copy(), observables[:, :k].copy())
        except ContractError:
            raise
        except (Exception, SystemExit):
            if n <= 1:
                return np.full((n, k, d), np.nan)
            half = n // 2
            parts = [self.jacobian(x[part], observables[part]) for part in (slice(half), slice(half, n))]
            return np.concatenate(parts)
        if answer is None:
            return np.full((n, k, d), np.nan)
        derivatives = real(answer, f"model {self.name!r}: jacobian()")
        if derivatives.shape != (n, k, d):
            raise ContractError(
                f"model {self.name!r}: jacobian() returned shape {derivatives.shape}, expected ({n}, {k}, {d}): "
                "points, observables, parameters"
            )
        return np.where(np.isfinite(derivatives), derivatives, np.nan)

    def with_derived(self, x: Floats, observables: Floats) -> Floats:
        """Return observables (n, k) of which the model's own are given, or all but the derived ones are known.

        Args:
            x: (n, d) physical parameters.
            observables: (n, own observables of the model, or more).
        """
        own = observables[:, : self._own]
        if not self.derived:
            return own
        names = [o.name for o in self.plugin.observables]
        return np.column_stack([own, compute(self.derived, self.space.names, x, names, own)])

    def computable(self, stored: Container[str]) -> list[DerivedObservable]:
        """Return the derived observables that follow from what is stored."""
        known = {name for name in (o.name for o in self.plugin.observables) if name in stored}
        known |= set(self.space.names)
        found = []
        for derived in self.derived:
            if known.issuperset(derived.expression.names):
                known.add(derived.name)
                found.append(derived)
        return found

    def filled(self, x: Floats, observables: Floats) -> Floats:
        """Return stored observables (n, k) with the derived ones computed from the others where these are known.

        Args:
            x: (n, d) physical parameters.
            observables: (n, k), NaN where they were not stored.
        """
        if not self.derived:
            return observables
        computed = self.with_derived(x, observables)
        return np.where(np.isnan(observables), computed, observables)

    def _without_values(self, x: Floats, nowhere: Array, started: float) -> Evaluation:
        """Evaluate the points at which all parameters have a value; the others have none, and are unphysical."""
        rows: list[Evaluation] = []
        for row in np.flatnonzero(nowhere):
            name = self.space.names[int(np.argmin(np.isfinite(x[row])))]
            prior = self.space.parameters[self.space.names.index(name)].prior.describe()
            reason = f"parameter {name} has no value: {prior}"[:REASON_LENGTH]
            rows.append(_failed(len(self.observables), Status.UNPHYSICAL, reason, started))
        if not nowhere.all():
            rows.append(self.evaluate_array(np.ascontiguousarray(x[~nowhere])))
        order = np.concatenate([np.flatnonzero(nowhere), np.flatnonzero(~nowhere)])
        return join(rows).take(np.argsort(order))

    def _judge(self, observables: Floats, seconds: Floats, stage: int) -> Evaluation:
        """Mark rows with a NaN, an infinity or a number beyond `LARGEST` in the observables computed so far."""
        n = len(observables)
        done = self._computed[stage]
        known = observables if len(done) == len(self.observables) else observables[:, done]
        bad = ~(np.abs(known) <= LARGEST)
        failed = bad.any(axis=1)
        status = np.where(failed, Status.NON_FINITE, Status.OK).astype(np.int8)
        reason = [""] * n
        for row in np.flatnonzero(failed):
            first = self.observables[done[int(np.argmax(bad[row]))]].name
            why = f" (beyond {LARGEST:g})" if np.isfinite(known[row]).all() else ""
            reason[int(row)] = f"{int(bad[row].sum())} observables not finite{why}, first {first}"
        if failed.any():
            huge = np.abs(observables) > LARGEST
            observables = np.where(huge, np.copysign(np.inf, observables), observables)
        return Evaluation(observables, status, reason, np.full(n, stage, dtype=np.int8), seconds)

    def _one_by_one(self, plugin: PointModel, x: Floats) -> Evaluation:
        names, k = self.space.names[: self._inputs], len(self.observables)
        rows = []
        for point in x:
            started = time.perf_counter()
            try:
                answer = plugin.evaluate_point(dict(zip(names, point[: self._inputs].tolist(), strict=True)))
                observables = self.with_derived(point[None, :], plugin._stack(answer, 1))
            except ContractError:
                raise
            except (Exception, SystemExit) as error:
                rows.append(_failed(k, *_status_and_reason(error), started))
            else:
                rows.append(self._judge(observables, np.array([time.perf_counter() - started]), stage=0))
        return join(rows, k)


def _numbers(name: str, value: ArrayLike) -> Array:
    """Return the values of a parameter as numbers.

    Raises:
        ValueError: they are none.
    """
    try:
        if value is None:  # of which numpy makes a NaN
            raise TypeError
        numbers = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"parameter {name!r}: expected a number or an array of numbers, got {value!r}") from None
    if numbers.ndim > 1:
        raise ValueError(f"parameter {name!r}: expected numbers in one dimension, got shape {numbers.shape}")
    return numbers


def _check_declared(plugin: Model) -> None:
    """Make sure that a model's parameters and observables are what columns can be made of.

    Raises:
        ContractError: they are not.
    """
    declared: list[tuple[str, type, Sequence[Parameter | Observable]]] = [
        ("parameters", Parameter, plugin.parameters),
        ("observables", Observable, plugin.observables),
    ]
    for attribute, kind, entries in declared:
        where = f"model {plugin.name!r}: {attribute}"
        if isinstance(entries, str) or not isinstance(entries, Sequence):
            raise ContractError(f"{where} is {entries!r}, expected a list of {kind.__name__}")
        for entry in entries:
            if not isinstance(entry, kind):
                raise ContractError(f"{where} holds {entry!r}, expected {kind.__name__}(...)")
            if not isinstance(entry.name, str) or not COLUMN.fullmatch(entry.name):
                raise ContractError(
                    f"{where} holds the name {entry.name!r}, expected text without blanks at its ends and control "
                    "characters"
                )
            if isinstance(entry, Observable) and not (isinstance(entry.stage, int) and entry.stage >= 0):
                raise ContractError(
                    f"model {plugin.name!r}: observable {entry.name!r} has stage {entry.stage!r}, expected 0, 1, 2"
                )
            if isinstance(entry, Observable) and entry.scale not in SCALES:
                raise ContractError(
                    f"model {plugin.name!r}: observable {entry.name!r} has scale {entry.scale!r}, expected one of "
                    + ", ".join(map(repr, SCALES))
                )
    names = {entry.name for _, _, entries in declared for entry in entries}
    for plane in plugin.planes:
        if not isinstance(plane, (tuple, list)) or len(plane) not in (2, 3):
            raise ContractError(f"model {plugin.name!r}: planes holds {plane!r}, expected (x, y) or (x, y, colour)")
        for name in plane:
            if name not in names:
                raise ContractError(
                    f"model {plugin.name!r}: planes holds {name!r}, which is no parameter or observable of it"
                    + did_you_mean(str(name), names)
                )


SCALES = ("", "linear", "log", "symlog")

SHOWN = 8
"""Names that `repr` lists."""


COLUMN = re.compile(r"[^\s\x00-\x1f\x7f-\x9f](?:[^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,98}[^\s\x00-\x1f\x7f-\x9f])?")
"""What the name of a parameter or an observable must look like: a line of at most 100 characters."""


def _status_and_reason(error: BaseException) -> tuple[Status, str]:
    """Status and reason of a point whose computation ended with this exception."""
    if isinstance(error, PointFailed):
        return Status.UNPHYSICAL if error.unphysical else Status.RAISED, str(error.reason)[:REASON_LENGTH]
    return Status.RAISED, _reason(error)


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:REASON_LENGTH]


def _failed(k: int, status: Status, reason: str, started: float) -> Evaluation:
    seconds = np.array([time.perf_counter() - started])
    nothing = np.full((1, k), np.nan)
    return Evaluation(nothing, np.array([status], dtype=np.int8), [reason], np.zeros(1, dtype=np.int8), seconds)
