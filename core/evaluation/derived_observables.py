"""Observables that follow from other columns by an expression: computed behind the model, stored like its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from terranova.errors import did_you_mean
from terranova.interfaces.expressions import Expression, ExpressionError, is_name
from terranova.interfaces.model import Observable
from terranova.interfaces.parameters import Parameter
from terranova.interfaces.units import dimension_of
from terranova.types import Floats


@dataclass(frozen=True)
class DerivedObservable:
    """An observable and the expression that it is.

    Attributes:
        observable: its unit is that of the expression, "" where that is not known.
        expression: of parameters and observables.
    """

    observable: Observable
    expression: Expression

    @property
    def name(self) -> str:
        """Name of its column."""
        return self.observable.name


def settle(
    wanted: Iterable[DerivedObservable], parameters: Sequence[Parameter], observables: Sequence[Observable]
) -> tuple[DerivedObservable, ...]:
    """Put derived observables into an order in which each comes after what it reads, with unit and stage.

    Args:
        wanted: in any order; a unit "" is to be found out.
        parameters, observables: of the model.

    Raises:
        ExpressionError: one reads what there is not, or itself, or has another unit than it says.
    """
    waiting = {derived.name: derived for derived in wanted}
    units = {p.name: p.unit for p in parameters if p.unit} | {o.name: o.unit for o in observables}
    stages = {p.name: 0 for p in parameters} | {o.name: o.stage for o in observables}
    settled: list[DerivedObservable] = []
    while waiting:
        ready = [d for d in waiting.values() if stages.keys() >= set(d.expression.names)]
        if not ready:
            raise ExpressionError(_stuck(waiting, stages))
        for derived in ready:
            del waiting[derived.name]
            settled.append(_with_unit(derived, units, stages))
            units[derived.name] = settled[-1].observable.unit
            stages[derived.name] = settled[-1].observable.stage
    return tuple(settled)


def _stuck(waiting: Mapping[str, DerivedObservable], known: Iterable[str]) -> str:
    names = [*known, *waiting]
    for derived in waiting.values():
        for name in derived.expression.names:
            if name not in names:
                return f"{derived.expression.text!r} reads {name!r}, which there is not{did_you_mean(name, names)}"
    return f"expressions read one another in a circle: {', '.join(waiting)}"


def _with_unit(
    derived: DerivedObservable, units: Mapping[str, str], stages: Mapping[str, int]
) -> DerivedObservable:
    known = {name: unit for name, unit in units.items() if unit}
    own, found = derived.observable.unit, derived.expression.unit(known)
    numbers_only = not derived.expression.names
    if own and found is not None and own != found and not numbers_only and not _alike(own, found):
        raise ExpressionError(f"{derived.expression.text!r} is in {found}, not in {own}")
    stage = max((stages[name] for name in derived.expression.names), default=0)
    return replace(derived, observable=replace(derived.observable, unit=own or found or "", stage=stage))


def _alike(one: str, other: str) -> bool:
    return dimension_of(one) == dimension_of(other)


def compute(
    derived: Sequence[DerivedObservable], names: Sequence[str], x: Floats, known: Sequence[str], observables: Floats
) -> Floats:
    """Return the columns (n, len(derived)) of derived observables; NaN where something that they read is.

    Args:
        derived: in an order in which each comes after what it reads.
        names: of the columns of x.
        x: (n, d) physical parameters.
        known: names of the columns of `observables`.
        observables: (n, k).
    """
    n = len(x)
    places = {name: (x, i) for i, name in enumerate(names)} | {
        name: (observables, i) for i, name in enumerate(known)
    }
    columns: dict[str, Floats] = {}
    out = np.empty((n, len(derived)))
    for j, each in enumerate(derived):
        for name in each.expression.names:
            if name not in columns:
                array, i = places[name]
                columns[name] = np.ascontiguousarray(array[:, i])
        out[:, j] = columns[each.name] = each.expression(columns, n)
    return out


def from_constraints(read: Iterable[str], known: Iterable[str]) -> list[DerivedObservable]:
    """Return an observable for each expression that constraints read in the place of a name.

    Its column is called as the expression is written.

    Args:
        read: what constraints read.
        known: the columns that there are.

    Raises:
        ExpressionError: what is read is neither a known column nor an expression.
    """
    columns = set(known)
    found: dict[str, DerivedObservable] = {}
    for text in read:
        if text in columns or text in found or is_name(text):
            continue
        if len(text) > LONGEST_NAME:
            raise ExpressionError(
                f"{text[:40]}... has more than {LONGEST_NAME} characters: give it a name under observables:"
            )
        found[text] = DerivedObservable(Observable(text, unit="", description="an expression"), Expression(text))
    return list(found.values())


LONGEST_NAME = 100
"""Characters of the name of a column."""
