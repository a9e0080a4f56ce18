"""The terminal: one console, and one way to print a table on it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table as Grid
from rich.text import Text

if TYPE_CHECKING:
    from terranova.pages.table import Column

WIDE = 140
"""Characters in a line of a table where no terminal says how many fit; sentences are not broken there."""

_ENDLESS = 100_000
"""Characters: a line that is never full."""

_GAP = 2
"""Blanks between columns."""

_IS_TERMINAL = sys.stdout is not None and sys.stdout.isatty()

console = Console(highlight=False, width=None if _IS_TERMINAL else WIDE, soft_wrap=not _IS_TERMINAL)
"""Where every table and sentence goes; it looks `sys.stdout` up each time."""


def say(text: str, style: str = "") -> None:
    """Print a sentence as it is, without reading any markup in it."""
    console.print(Text(text, style=style))


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[str | Text]], title: str = "") -> None:
    """Print a table: names and numbers whole, texts folded where the line is too short for them.

    Numbers that do not fit beside the others follow in a block of their own below, beside the same first column.

    Args:
        columns: headings and kinds; no line of headings is printed if all of them are "".
        rows: as many cells each; a string is printed as it is, a `Text` may have colours.
        title: above the table.
    """
    for shown in _blocks(columns, rows):
        grid = _grid([columns[i] for i in shown], [[row[i] for i in shown] for row in rows], title)
        least = Measurement.get(console, console.options.update(max_width=_ENDLESS), grid).minimum
        if not console.is_terminal and least > console.width:
            grid.width = least  # a file has no edge: rather a long line than a number that is cut
        console.print(grid)


def _grid(columns: Sequence[Column], rows: Sequence[Sequence[str | Text]], title: str) -> Grid:
    # A rule shows where headings of several lines end.
    tall = any("\n" in column.heading for column in columns)
    grid = Grid(
        title=Text(title, style="bold") if title else None,
        title_justify="left",
        box=box.SIMPLE_HEAD if tall else None,
        show_edge=False,
        show_header=any(column.heading for column in columns),
        header_style="bold",
        padding=(0, 1) if tall else (0, _GAP, 0, 0),
        pad_edge=False,
    )
    for column in columns:
        grid.add_column(
            Text(column.heading),
            justify="right" if column.kind == "number" else "left",
            no_wrap=column.kind in ("name", "number"),
            overflow="fold",
        )
    for row in rows:
        grid.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return grid


def _blocks(columns: Sequence[Column], rows: Sequence[Sequence[str | Text]]) -> list[list[int]]:
    """Share the columns out over tables that fit; only a table of nothing but numbers is ever divided."""
    everything = list(range(len(columns)))
    if len(columns) < 3 or any(c.kind != "number" for c in columns[1:]):
        return [everything]
    widths = [
        max(len(line) for text in (column.heading, *(str(row[i]) for row in rows)) for line in text.split("\n"))
        for i, column in enumerate(columns)
    ]
    gap = 3 if any("\n" in column.heading for column in columns) else _GAP
    blocks: list[list[int]] = []
    room = 0
    for i in everything[1:]:
        room -= widths[i] + gap
        if room < 0 or not blocks:
            blocks.append([0])
            room = console.width - widths[0] - widths[i] - gap
        blocks[-1].append(i)
    return blocks
