"""Options of a plugin: the keyword arguments of its `__init__`, documented in its docstring."""

from __future__ import annotations

import dataclasses
import inspect
import re
import typing
from dataclasses import dataclass
from typing import Annotated, Any


class ProgramMark:
    """Marks an annotation as that of an option which names a program."""


Program = Annotated[str, ProgramMark()]
"""Annotation of an option that names a program to run: a path, or a name to be found on the PATH; "" for none.

Whoever gets a configuration from somebody else is asked before such a program runs.
"""

_ENTRY = re.compile(r"^    (\w+)(?: \([^)]*\))?: (.*)$")


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        name: the keyword.
        annotation: its type as written.
        default: its default; `inspect.Parameter.empty` when it must be given.
        description: what the docstring says of it.
        program: True when its value names a program, by the annotation `Program`.
    """

    name: str
    annotation: str
    default: Any
    description: str = ""
    program: bool = False

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
    programs = naming_programs(plugin)
    options = []
    for parameter in list(signature.parameters.values())[skip:]:
        if parameter.kind in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL):
            continue
        annotation = parameter.annotation
        text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
        program = parameter.name in programs
        if text.startswith("InitVar["):
            text = text[len("InitVar[") : -1]  # given, and not kept: no matter to whoever gives it
        options.append(
            Option(
                parameter.name,
                "Program" if program else "" if text == "_empty" else text,
                parameter.default,
                described.get(parameter.name, ""),
                program,
            )
        )
    return options


def naming_programs(plugin: type) -> set[str]:
    """Return the options whose annotation is or holds `Program`, in the class or in one of its bases.

    An annotation that cannot be evaluated, because it has names that exist for type checkers only, is taken by its
    words: rather an option too many than a program that runs unasked.
    """
    found: set[str] = set()
    for cls in plugin.__mro__:
        init = vars(cls).get("__init__")
        raw = getattr(init, "__annotations__", {})
        try:
            hints = typing.get_type_hints(init, include_extras=True) if raw else {}
        except (NameError, TypeError, AttributeError):
            hints = raw
        found |= {name for name, hint in hints.items() if _holds_program(hint)}
    return found


def _holds_program(hint: Any) -> bool:
    if isinstance(hint, str):
        return re.search(r"\bProgram\b", hint) is not None
    marks = getattr(hint, "__metadata__", ())
    if any(isinstance(mark, ProgramMark) for mark in marks):
        return True
    return any(_holds_program(inner) for inner in typing.get_args(hint) if not isinstance(inner, str))


def _described(plugin: type) -> dict[str, str]:
    """Return argument -> what the docstrings of a class, of its bases and of its `__init__` say of it.

    The arguments of a dataclass are its attributes, those of its bases among them; of other classes only the
    section "Args:" counts. What is nearer to the class wins.
    """
    headings = ("Args:\n", "Attributes:\n") if dataclasses.is_dataclass(plugin) else ("Args:\n",)
    bases = plugin.__mro__[::-1] if dataclasses.is_dataclass(plugin) else (plugin,)
    texts = [inspect.getdoc(plugin.__init__), *(base.__doc__ and inspect.cleandoc(base.__doc__) for base in bases)]  # type: ignore[misc]
    descriptions: dict[str, str] = {}
    for text in texts:
        for heading in headings:
            descriptions |= _entries((text or "").partition(heading)[2])
    return descriptions


def _entries(section: str) -> dict[str, str]:
    """Return name -> description of the entries at the beginning of a section."""
    descriptions: dict[str, str] = {}
    name = ""
    for line in section.splitlines():
        entry = _ENTRY.match(line)
        if entry:
            name = entry[1]
            descriptions[name] = entry[2]
        elif line.startswith("     ") and name:
            descriptions[name] += " " + line.strip()
        elif line.strip():
            break  # the next section
    return descriptions
