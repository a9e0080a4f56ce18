"""One problem of a user's input, located, with what was expected and the nearest valid name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Diagnostic:
    """A problem found in an input file or in the keywords of a call.

    Attributes:
        file: path of the file, or "" when the input came from Python.
        line: 1-based line, 0 when unknown.
        column: 1-based column, 0 when unknown.
        key: where in the document, such as "budget.evaluations" or "constraints[2].sigma".
        message: what is wrong and what was expected, including the nearest valid name.
    """

    file: str
    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        where = f"{self.key}: " if self.key else ""
        return f"{place}: {where}{self.message}" if place else f"{where}{self.message}"
