"""The section on how complete the map of the valid region is."""

from __future__ import annotations

from terranova.pages.blocks import Block, Fold, Section, paragraphs
from terranova.pages.table import Column, Table
from terranova.pages.text import number
from terranova.runs.completeness import Completeness
from terranova.runs.completeness_text import sentences
from terranova.runs.coverage import BINS
from terranova.runs.marks import WIDER, Extent
from terranova.runs.run import Run

_COLUMNS = (
    Column("parameter", "name"),
    Column("unit", "soft"),
    Column("smallest valid", "number"),
    Column("largest valid", "number"),
    Column("… before the last third", "number"),
    Column(f"bins of {BINS}", "number"),
    Column("of these, new in the last third", "number"),
    Column("still growing"),
)
_OPEN = 12
"""A table of so many parameters is open from the beginning."""


def completeness_section(run: Run) -> Section | None:
    """Return the section; None when nothing is stored."""
    if not run.count:
        return None
    return section_of(run.completeness())


def section_of(c: Completeness) -> Section:
    """Return the section that says what is known."""
    blocks: list[Block] = [*paragraphs(sentences(c))]
    if c.extents:
        table = Table(_COLUMNS, [_row(extent) for extent in c.extents])
        blocks.append(Fold("How far the valid points reach", table, open=len(c.extents) <= _OPEN))
    return Section("completeness", "How complete the map is", blocks, short="Completeness")


def _row(x: Extent) -> tuple[str, ...]:
    before = f"{number(x.low_before)} to {number(x.high_before)}" if x.low_before == x.low_before else "–"
    ends = [word for word, moved in (("downwards", x.down), ("upwards", x.up)) if moved > WIDER]
    return (
        x.name,
        "" if x.unit == "1" else x.unit,
        number(x.low),
        number(x.high),
        before,
        number(x.bins),
        number(x.new_bins),
        " and ".join(ends),
    )
