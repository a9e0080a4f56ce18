"""Options of a plugin: the keyword arguments of its `__init__`, documented in its docstring."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import Any

_ENTRY = re.compile(r"^    (\w+)(?: \([^)]*\))?: (.*)$")


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        name: the keyword.
        annotation: its type as written.
        default: its default; `inspect.Parameter.empty` when it must be given.
        description: what the docstring says of it.
    """

    name: str
    annotation: str
    default: Any
    description: str = ""

    @property
    def required(self) -> bool:
        """True when the option has no default."""
        return self.default is inspect.Parameter.empty


def options_of(plugin: type, skip: int = 0) -> list[Option]:
    """List the keyword options of a plugin class: the arguments of its `__init__`, without `self`.

    Args:
        plugin: the class.
        skip: how many more arguments at the front the engine gives.
    """
    try:
        signature = inspect.signature(plugin)
    except (TypeError, ValueError):
        return []
    described = _described(plugin)
    options = []
    for parameter in list(signature.parameters.values())[skip:]:
        if parameter.kind in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL):
            continue
        annotation = parameter.annotation
        text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
        options.append(
            Option(
                parameter.name,
                "" if text == "_empty" else text,
                parameter.default,
                described.get(parameter.name, ""),
            )
        )
    return options


def _described(plugin: type) -> dict[str, str]:
    """Return argument -> what the "Args:" section of the class, or of its `__init__`, says of it."""
    descriptions: dict[str, str] = {}
    for text in (inspect.getdoc(plugin.__init__), inspect.getdoc(plugin)):  # type: ignore[misc]
        name = ""
        for line in (text or "").partition("Args:\n")[2].splitlines():
            entry = _ENTRY.match(line)
            if entry:
                name = entry[1]
                descriptions[name] = entry[2]
            elif line.startswith("     ") and name:
                descriptions[name] += " " + line.strip()
            elif line.strip():
                break  # the next section
    return descriptions
