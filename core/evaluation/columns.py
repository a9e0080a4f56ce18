"""Names of the columns of a run: which are taken, and which the table cannot tell apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from terranova.errors import ContractError
from terranova.interfaces.constraint import Constraint
from terranova.interfaces.model import Observable
from terranova.interfaces.parameters import Parameter

TAKEN = (
    "island",
    "generation",
    "index",
    "valid",
    "probe",
    "status",
    "reason",
    "stage",
    "loglike",
    "total_violation",
    "seconds",
)
"""The columns that every run has, whatever its model."""


def check_columns(
    model: str,
    parameters: Iterable[Parameter],
    observables: Iterable[Observable],
    constraints: Sequence[Constraint] = (),
) -> None:
    """Refuse names that the table of points cannot tell apart: SQL sees no difference between `mH` and `mh`.

    Args:
        model: name of the model, for the message.
        parameters: of the model.
        observables: of the model.
        constraints: on it; each has a column of violations.

    Raises:
        ContractError: two columns would have one name, capitals aside; it names both.
    """
    seen: dict[str, tuple[str, str]] = {name: (name, "a column that every run has") for name in TAKEN}
    for name, what in _columns(parameters, observables, constraints):
        entry = (name, what)
        found = seen.setdefault(name.lower(), entry)
        if found is not entry:
            other, whose = found
            names = f"the name {name!r} twice" if name == other else f"the names {name!r} and {other!r}"
            why = "" if name == other else ", which the table of points cannot tell apart: SQL ignores capitals"
            raise ContractError(
                f"model {model!r} uses {names}{why}: for {what}, and for {whose}. Rename one of them"
            )


def _columns(
    parameters: Iterable[Parameter], observables: Iterable[Observable], constraints: Iterable[Constraint]
) -> Iterator[tuple[str, str]]:
    """Yield name and meaning of every column that is not there in any case."""
    for parameter in parameters:
        yield parameter.name, f"the parameter {parameter.name!r}"
    for observable in observables:
        yield observable.name, f"the observable {observable.name!r}"
    for constraint in constraints:
        yield constraint.column, f"the violation of the constraint {constraint.name!r}"
