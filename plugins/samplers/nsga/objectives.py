"""What a genetic algorithm minimises: violations, one by one or in groups, or observables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from terranova import SearchSpace
from terranova.errors import did_you_mean
from terranova.types import Bools, Floats, Ints

KINDS = ("all", "groups", "single")
"""Ways to make objectives of the violations."""


class Objectives:
    """Turns violations, or observables, into objectives that are comparable within one population.

    Args:
        space: constraints, their groups, and the observables.
        chosen: one of `KINDS`, or observable -> "min" or "max".

    Attributes:
        names: (M,) names of the objectives.
        of_violations: False when the objectives are observables, and violations are constraints.

    Raises:
        ValueError: an unknown kind, observable or direction.
    """

    def __init__(self, space: SearchSpace, chosen: str | Mapping[str, str]) -> None:
        self.of_violations = isinstance(chosen, str)
        self._columns: Ints = np.empty(0, dtype=np.int64)
        self._signs: Floats = np.empty(0)
        if isinstance(chosen, str):
            if chosen not in KINDS:
                raise ValueError(
                    f"objectives must be {', '.join(KINDS)} or a mapping such as {{mH1: min}}, "
                    f"got {chosen!r}{did_you_mean(chosen, KINDS)}"
                )
            self.names, self._member = _grouped(space, chosen)
        else:
            self.names = tuple(chosen)
            self._columns, self._signs = _columns(space, chosen)

    def __len__(self) -> int:
        return len(self.names)

    def violations(self, scaled: Floats) -> Floats:
        """Sum scaled violations (n, m) over each objective's constraints: (n, M)."""
        return np.stack([scaled[:, rows].sum(axis=1) for rows in self._member], axis=1)

    def observables(self, values: Floats) -> Floats:
        """Return the observables (n, k) that are objectives, all to be minimised, as (n, M); unknown ones 0."""
        return np.nan_to_num(values[:, self._columns] * self._signs, nan=0.0)


def _grouped(space: SearchSpace, kind: str) -> tuple[tuple[str, ...], list[Ints]]:
    """Return the objectives' names, and for each the columns of its constraints."""
    if kind == "all":
        labels = list(space.constraints)
    else:
        labels = [space.groups.get(name, "") if kind == "groups" else "" for name in space.constraints]
    names = tuple(dict.fromkeys(labels)) or ("",)
    return names, [np.array([j for j, its in enumerate(labels) if its == name], dtype=np.int64) for name in names]


def _columns(space: SearchSpace, chosen: Mapping[str, str]) -> tuple[Ints, Floats]:
    if not chosen:
        raise ValueError("objectives: name an observable at least, such as {mH1: min}")
    for name, direction in chosen.items():
        if name not in space.observables:
            raise ValueError(f"objectives: no observable is named {name!r}{did_you_mean(name, space.observables)}")
        if direction not in ("min", "max"):
            raise ValueError(f"objectives: {name!r} must be min or max, got {direction!r}")
    columns = np.array([space.observables.index(name) for name in chosen], dtype=np.int64)
    return columns, np.array([1.0 if d == "min" else -1.0 for d in chosen.values()])


def scale_violations(violations: Floats) -> Floats:
    """Map ln(1 + C) of each constraint linearly to [0, 1] between 0 and its largest finite value.

    A constraint in GeV^2 then counts as much as one in per mille; unknown violations (+inf) become 1, and only
    violations of 0 become 0.

    Args:
        violations: (n, m) of everything that is compared.
    """
    logs = np.log1p(violations)
    known: Bools = np.isfinite(logs)
    largest = np.where(known, logs, 0.0).max(axis=0, initial=0.0)
    scaled = np.where(known, logs, largest) / np.where(largest > 0, largest, 1.0)
    return np.where(known, scaled, 1.0)
