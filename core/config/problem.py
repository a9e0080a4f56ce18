"""A problem, complete and checked: what a scan, a fit, a comparison, a surrogate and a script have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
class ProblemConfig:
    """A model, with its options and priors, and constraints.

    Attributes:
        model: which model, with which options.
        constraints: names of constraint sets, parts of sets, and constraints and sets given in full.
        parameters: priors that replace the model's, by parameter.
    """

    model: ModelChoice
    constraints: tuple[ConstraintEntry, ...] = ()
    parameters: Mapping[str, Prior] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the keys of the problem, every default filled in.

        Constraints that were read from a file are written out, so that these keys alone repeat the problem.
        """
        return {
            "model": {"name": self.model.name, **self.model.options},
            "constraints": [_entry_keys(entry) for entry in self.constraints],
            "parameters": {name: _prior_keys(prior) for name, prior in self.parameters.items()},
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


def _prior_keys(prior: Prior) -> Any:
    return prior.value if isinstance(prior, Fixed) else prior.to_dict()
