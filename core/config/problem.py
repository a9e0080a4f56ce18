"""A problem, complete and checked: what a scan, a fit, a comparison, a surrogate and a script have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from terranova.interfaces.conditional_priors import Derived
from terranova.interfaces.constraint import Constraint
from terranova.interfaces.constraint_set import ConstraintSet, PartOfSet
from terranova.interfaces.priors import Fixed, Prior
from terranova.parsing.constraint_file import constraint_keys, set_keys
from terranova.parsing.keys import Key
from terranova.registry.python_files import placeless

PROBLEM_KEYS: Mapping[str, Key] = {
    "model": Key(Any, True, "the name of a model"),
    "constraints": Key(Any, True, "a list of constraint sets"),
    "parameters": Key(Any),
    "observables": Key(Any),
}
"""The keys that make a problem, in every kind of file."""

ConstraintEntry = str | PartOfSet | Constraint | ConstraintSet
"""An entry of `constraints:`: the name of a registered set, a part of one, or what was given in full."""


@dataclass(frozen=True)
class ModelChoice:
    """Which model: its name and the options of its `__init__`."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ExpressionChoice:
    """An observable that follows from other columns.

    Attributes:
        expression: such as "mH2 - mH1".
        unit: "" for that of the expression.
        latex, description, scale: as of an `Observable`.
    """

    expression: str
    unit: str = ""
    latex: str = ""
    description: str = ""
    scale: Literal["", "linear", "log", "symlog"] = ""

    def to_dict(self) -> str | dict[str, str]:
        """Return what stands under `observables: NAME:`."""
        given = {key: value for key, value in asdict(self).items() if value}
        return self.expression if len(given) == 1 else given


@dataclass(frozen=True)
class ProblemConfig:
    """A model, with its options and priors, constraints, and observables that are expressions.

    Attributes:
        model: which model, with which options.
        constraints: names of constraint sets, parts of sets, and constraints and sets given in full.
        parameters: priors that replace the model's, by parameter; also of parameters that only expressions read.
        units: of parameters, where they were said; the others have that of the model.
        observables: expressions, by the names that they are given.
    """

    model: ModelChoice
    constraints: tuple[ConstraintEntry, ...] = ()
    parameters: Mapping[str, Prior] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    observables: Mapping[str, ExpressionChoice] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the keys of the problem, every default filled in.

        Constraints that were read from a file are written out, so that these keys alone repeat the problem.
        """
        return {
            "model": {"name": self.model.name, **self.model.options},
            "constraints": [_entry_keys(entry) for entry in self.constraints],
            "parameters": {n: _prior_keys(prior, self.units.get(n)) for n, prior in self.parameters.items()},
            # Left out where there are none, as in every configuration before there were any.
            **({"observables": {n: e.to_dict() for n, e in self.observables.items()}} if self.observables else {}),
        }

    def identity(self) -> dict[str, Any]:
        """Return `to_dict()` without the folders in which Python files lie: what they hold counts."""
        keys = self.to_dict()
        keys["model"] = {**keys["model"], "name": placeless(self.model.name)}
        keys["constraints"] = [
            placeless(entry)
            if isinstance(entry, str)
            else {**entry, "name": placeless(entry["name"])}
            if "name" in entry
            else entry
            for entry in keys["constraints"]
        ]
        return keys


def _entry_keys(entry: ConstraintEntry) -> Any:
    if isinstance(entry, str):
        return entry
    if isinstance(entry, PartOfSet):
        return {"name": entry.name, "without": list(entry.without)}
    return constraint_keys(entry) if isinstance(entry, Constraint) else set_keys(entry)


def _prior_keys(prior: Prior, unit: str | None) -> Any:
    if unit is not None:
        return {**prior.to_dict(), "unit": unit}
    if isinstance(prior, Fixed):
        return prior.value
    return prior.expression if isinstance(prior, Derived) else prior.to_dict()
