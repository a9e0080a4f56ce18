"""Constraint sets: named, versioned lists of constraints, usually a YAML file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from terranova.interfaces.constraint import Constraint


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
    """

    name: str
    constraints: tuple[Constraint, ...]
    model: str = ""
    version: str = "0"
    description: str = ""
    origin: str = ""
    exclusive_group: str = ""

    def __post_init__(self) -> None:
        names = [c.name for c in self.constraints]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"constraint set {self.name!r} has {twice[0]!r} twice")

    def __len__(self) -> int:
        return len(self.constraints)

    def __iter__(self) -> Iterator[Constraint]:
        return iter(self.constraints)

    def suits(self, model: str) -> bool:
        """True when the set can be used with the model of that name."""
        return self.model in ("", model)


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
