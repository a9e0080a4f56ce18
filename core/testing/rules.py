"""Rules of a conformance suite, checks of a plugin against them, and a report of the broken ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from terranova.errors import ContractError


class Subject(Protocol):
    """What a rule is about: a plugin with its options."""

    @property
    def plugin(self) -> Any:
        """The class, which has a `name`."""


C = TypeVar("C", bound=Subject)


@dataclass(frozen=True)
class Check(Generic[C]):
    """One rule, for one plugin: call it. Its text is the rule's name.

    Attributes:
        kind: of plugin: "sampler" or "model".
        rule: raises ContractError when it is broken.
        case: what it looks at.
    """

    kind: str
    rule: Callable[[C], None]
    case: C

    def __str__(self) -> str:
        return self.rule.__name__

    def __call__(self) -> None:
        """Raise ContractError when the plugin breaks the rule."""
        where = f"{self.kind} {self.case.plugin.name!r}, {self.rule.__name__}"
        try:
            self.rule(self.case)
        except ContractError as error:
            raise ContractError(f"{where}: {error}") from error
        except (Exception, SystemExit) as error:
            raise ContractError(f"{where}: it raised {type(error).__name__}: {error}") from error


def demand(condition: bool | np.bool_, message: str) -> None:
    """Raise ContractError with the message unless the condition holds: for the body of a rule."""
    if not condition:
        raise ContractError(message)


def check_all(checks: Iterable[Check[Any]]) -> None:
    """Carry out all checks.

    Raises:
        ContractError: some rules are broken; every one is named.
    """
    broken = []
    for check in checks:
        try:
            check()
        except ContractError as error:
            broken.append(str(error))
    if broken:
        raise ContractError("\n".join(broken))
