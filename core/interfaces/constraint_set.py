"""Constraint sets: named, versioned lists of constraints, usually a YAML file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from terranova.interfaces.constraint import Constraint
from terranova.interfaces.notebook import html_table

YEARS = 2
"""After so many years without a look at newer publications a set counts as outdated."""


@dataclass(frozen=True)
class ConstraintSet:
    """A named list of constraints.

    Attributes:
        name: how a configuration asks for it.
        constraints: in order.
        model: the model whose observables it reads; "" when it suits any model that has them.
        version: of the data.
        description: one line.
        origin: the file it was read from, "" when made in Python.
        exclusive_group: sets of one group hold the same data, read in different ways: a problem takes one of them.
        updated: year and month, perhaps day, in which its numbers were last held against the newest publications.
        reproduces: the publication whose numbers it has on purpose, so that it never becomes outdated; "" for none.
    """

    name: str
    constraints: tuple[Constraint, ...]
    model: str = ""
    version: str = "0"
    description: str = ""
    origin: str = ""
    exclusive_group: str = ""
    updated: str = ""
    reproduces: str = ""

    def __post_init__(self) -> None:
        names = [c.name for c in self.constraints]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"constraint set {self.name!r} has {twice[0]!r} twice")
        if self.updated and _day(self.updated) is None:
            raise ValueError(
                f"constraint set {self.name!r}: updated must be a year and month as 2026-06, got {self.updated!r}"
            )

    def __len__(self) -> int:
        return len(self.constraints)

    def _repr_html_(self) -> str:
        rows = [(c.name, ", ".join(c.observables), c.describe(), c.unit, c.source) for c in self]
        return html_table(
            f"constraint set {self.name} {self.version}", ("constraint", "of", "", "unit", "source"), rows
        )

    def __iter__(self) -> Iterator[Constraint]:
        return iter(self.constraints)

    @property
    def as_of(self) -> str:
        """`updated`; of a set that does not say it, the date of its newest measurement, "" if it has none."""
        dates = (constraint.date for constraint in self.constraints if _day(constraint.date))
        return self.updated or max(dates, default="")

    def outdated(self, today: date) -> bool:
        """True if its numbers are older than `YEARS` and are not those of one publication on purpose.

        Conditions of theory have no date, and do not age.
        """
        day = _day(self.as_of)
        if self.reproduces or day is None:
            return False
        return (day.year + YEARS, day.month, day.day) < (today.year, today.month, today.day)

    def suits(self, model: str) -> bool:
        """True when the set can be used with the model of that name."""
        return self.model in ("", model)


def _day(text: str) -> date | None:
    """Return the day that an ISO date, or a year and month, begins with; None if it is neither."""
    try:
        return date.fromisoformat(text if len(text) != len("2026-06") else f"{text}-01")
    except ValueError:
        return None


@dataclass(frozen=True)
class PartOfSet:
    """A registered set without some of its constraints.

    Attributes:
        name: of the set.
        without: names of the constraints that are left out.
    """

    name: str
    without: tuple[str, ...]


def exclusion(group: ConstraintSet, before: Sequence[ConstraintSet]) -> str:
    """Say why a set cannot stand beside those before it; "" when it can."""
    for other in before:
        if group.exclusive_group and group.exclusive_group == other.exclusive_group:
            return (
                f"sets {other.name!r} and {group.name!r} are alternatives (both are of the exclusive group "
                f"{group.exclusive_group!r}): together they would count the same data twice; leave one out"
            )
    return ""


def all_constraints(sets: Sequence[ConstraintSet]) -> tuple[Constraint, ...]:
    """Return the constraints of several sets in order.

    Raises:
        ValueError: two sets have a constraint of one name, or are of one exclusive group.
    """
    owner: dict[str, str] = {}
    constraints: list[Constraint] = []
    for i, group in enumerate(sets):
        if excluded := exclusion(group, sets[:i]):
            raise ValueError(excluded)
        for constraint in group:
            if constraint.name in owner:
                raise ValueError(
                    f"constraint {constraint.name!r} is in both sets {owner[constraint.name]!r} and {group.name!r}"
                )
            owner[constraint.name] = group.name
            constraints.append(constraint)
    return tuple(constraints)
