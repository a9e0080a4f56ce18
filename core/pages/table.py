"""A table as data: what pages show as HTML and the command line prints on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

Kind = Literal["text", "name", "number", "title", "soft"]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: above it; "" for none, and lines of their own where it has several.
        kind: of its cells: "text" flows; a "name" is set as code is, and is not broken on a terminal; a "number"
            stands at the right and is never broken; a "title" says what its row is; "soft" is of less weight.
        unbroken: whether its names stay on one line in a page, too.
    """

    heading: str
    kind: Kind = "text"
    unbroken: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of as many cells as there are columns.

    Attributes:
        columns: from left to right.
        rows: from top to bottom; with groups, one below the other.
        caption: above the table; "" for none.
        groups: titles of groups of rows, each with the number of rows above it; in order.
    """

    macro: ClassVar = "table"
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    groups: Sequence[tuple[str, int]] = ()


def numbers(first: str, *headings: str) -> list[Column]:
    """Return the columns of a table of names, with numbers beside them."""
    return [Column(first, "name"), *(Column(heading, "number") for heading in headings)]
