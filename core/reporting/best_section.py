"""The section with the table of the best points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from terranova.evaluation.problem import Problem
from terranova.pages.blocks import Paragraph, Section
from terranova.pages.table import Column, Table
from terranova.pages.text import number
from terranova.reporting.queries import interesting_observables
from terranova.runs.diagnosis import Kills
from terranova.runs.run import Run

if TYPE_CHECKING:
    import pandas as pd

    from terranova.store import Field

POINTS = 6
"""More would not fit on a printed page."""

OBSERVABLES = 30


def best_section(run: Run, problem: Problem | None, kills: Kills) -> Section:
    """Return the best points: scores, parameters, the observables that constraints read, violations if any."""
    frame = run.best(POINTS)
    ranking = str(frame.attrs["ranking"])
    paragraph = Paragraph(f"{ranking[:1].upper()}{ranking[1:]}.")
    if frame.empty:
        return Section("best", "Best points", [paragraph])
    interesting = interesting_observables(run, problem, kills, OBSERVABLES)
    violated = [c.name for c in run.constraints if (frame[f"C_{c.name}"] > 0).any()]
    rows_of = {
        "score": [_row(frame, name) for name in ("loglike", "total_violation", "island", "index")],
        "parameters": _rows(frame, run.parameters),
        "observables": _rows(frame, [o for o in run.observables if o.name in interesting]),
        "violations": [[name, *_cells(frame, f"C_{name}"), ""] for name in violated],
    }
    columns = [
        Column("", "name"),
        *(Column(str(i), "number") for i in range(1, len(frame) + 1)),
        Column("unit", "soft"),
    ]
    rows: list[Sequence[str]] = []
    groups = []
    for title, some in rows_of.items():
        if some:
            groups.append((title, len(rows)))
            rows += some
    return Section("best", "Best points", [paragraph, Table(columns, rows, groups=groups)])


def _rows(frame: pd.DataFrame, fields: Sequence[Field]) -> list[list[str]]:
    return [_row(frame, field.name, "" if field.unit == "1" else field.unit) for field in fields]


def _row(frame: pd.DataFrame, name: str, unit: str = "") -> list[str]:
    return [name, *_cells(frame, name), unit]


def _cells(frame: pd.DataFrame, name: str) -> list[str]:
    return [number(float(value), 6) for value in frame[name].tolist()]
