"""One plugin, and one that is broken, as the registry knows them."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from datetime import date
from typing import Any

from terranova.interfaces.constraint_set import ConstraintSet
from terranova.registry.kinds import options
from terranova.registry.options import Option


@dataclass(frozen=True)
class Plugin:
    """One plugin: a class, or a constraint set.

    Attributes:
        kind: a key of `KINDS`.
        name: what configurations call it.
        target: the class, or the `ConstraintSet`.
        version: of the plugin, or of the distribution it came with.
        origin: distribution and module it came from.
        description: one line.
        model: constraint sets only: the model it is for, "" for any.
        own_name: what its class or set calls itself, where `name` says how it was given: "" if that is `name`.
        made: the object itself, of something that was given as one and has no options any more.
        source: a hash of its source, of something that was given; "" for what is installed.
    """

    kind: str
    name: str
    target: Any
    version: str
    origin: str
    description: str
    model: str = ""
    own_name: str = ""
    made: Any = None
    source: str = ""

    def make(self, **options: Any) -> Any:
        """Return an object of the class, or the one that was given."""
        made = self.made if self.made is not None else self.target(**options)
        if self.own_name and not isinstance(getattr(made, "name", None), str):
            made.name = self.own_name  # a class of a notebook may leave out what only lists of plugins need
        return made

    @property
    def called(self) -> str:
        """What it calls itself: for lists, titles, and the constraint sets that are made for it."""
        return self.own_name or self.name

    @property
    def title(self) -> str:
        """The name, with the model for which a constraint set is made."""
        return f"{self.name} ({self.model})" if self.model else self.name

    @property
    def options(self) -> list[Option]:
        """What a user may set; a constraint set has none, a constraint kind its keys."""
        return options(self.kind, self.target) if inspect.isclass(self.target) and self.made is None else []

    def outdated(self, today: date) -> bool:
        """True of a constraint set whose numbers nobody has looked up for long; classes do not age."""
        return isinstance(self.target, ConstraintSet) and self.target.outdated(today)


@dataclass(frozen=True)
class BrokenPlugin:
    """An entry point, or one thing it offered, that could not be used.

    Attributes:
        name: of the entry point.
        origin: distribution and module.
        reason: one line.
        trace: the traceback, for those who ask.
    """

    name: str
    origin: str
    reason: str
    trace: str = ""
