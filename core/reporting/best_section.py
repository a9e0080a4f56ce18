"""The table of the best points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from terranova.evaluation.problem import Problem
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


@dataclass(frozen=True)
class Line:
    """One row of the table: a column of the store at every point."""

    name: str
    cells: Sequence[str]
    unit: str


@dataclass(frozen=True)
class BestPoints:
    """A paragraph, and a table with the points side by side."""

    words: str
    numbers: Sequence[int] = ()
    groups: Sequence[tuple[str, Sequence[Line]]] = field(default_factory=tuple)


def best_points(run: Run, problem: Problem | None, kills: Kills) -> BestPoints:
    """Return the best points: scores, parameters, the observables that constraints read, violations if any."""
    frame = run.best(POINTS)
    ranking = str(frame.attrs["ranking"])
    words = f"{ranking[:1].upper()}{ranking[1:]}."
    if frame.empty:
        return BestPoints(words)
    interesting = interesting_observables(run, problem, kills, OBSERVABLES)
    observables = [o for o in run.observables if o.name in interesting]
    scores = [Line(name, _cells(frame, name), "") for name in ("loglike", "total_violation", "island", "index")]
    groups: list[tuple[str, Sequence[Line]]] = [
        ("score", scores),
        ("parameters", _lines(frame, run.parameters)),
        ("observables", _lines(frame, observables)),
    ]
    violated = [c.name for c in run.constraints if (frame[f"C_{c.name}"] > 0).any()]
    if violated:
        groups.append(("violations", [Line(name, _cells(frame, f"C_{name}"), "") for name in violated]))
    return BestPoints(words, range(1, len(frame) + 1), [group for group in groups if group[1]])


def _lines(frame: pd.DataFrame, fields: Sequence[Field]) -> list[Line]:
    return [Line(f.name, _cells(frame, f.name), "" if f.unit == "1" else f.unit) for f in fields]


def _cells(frame: pd.DataFrame, name: str) -> list[str]:
    return [number(float(value), 6) for value in frame[name].tolist()]
