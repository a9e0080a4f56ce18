"""The sections on how the scan went on, and on points that failed."""

from __future__ import annotations

from dataclasses import dataclass

from terranova.evaluation.problem import Problem
from terranova.pages.section import Picture, Section
from terranova.pages.text import count, number, percent
from terranova.reporting.progress_figure import progress_curves
from terranova.reporting.queries import failures, progress
from terranova.runs.diagnosis import Diagnosis
from terranova.runs.run import Run


def progress_section(run: Run, problem: Problem | None) -> Section | None:
    """Return the section; None when nothing is stored."""
    history = progress(run, problem)
    if history is None:
        return None
    islands = len(history.valid)
    spread = (
        f"bands: 10th to 90th percentile of the {number(islands)} islands, in the left panel times their number; "
        if islands > 2
        else ""
    )
    caption = (
        f"Left to right: number of valid points, smallest total violation found so far"
        f"{', and coverage' if history.coverage is not None else ''}, against the number of evaluations of all "
        f"islands; {spread}a step counts as done when every island has come as far."
    )
    return Section("progress", "Progress of the scan", figures=[Picture(progress_curves(history), caption)])


@dataclass(frozen=True)
class FailedRow:
    """One reason for failing."""

    status: str
    reason: str
    points: str
    share: str


@dataclass(frozen=True)
class FailedPoints:
    """A paragraph and a table."""

    words: str
    rows: list[FailedRow]


def failed_points(run: Run, diagnosis: Diagnosis) -> FailedPoints:
    """Say how many points failed and why."""
    e = diagnosis.efficiency
    if not e.failed:
        return FailedPoints("No point failed: the model had an answer for every one.", [])
    found = failures(run)
    rows = [FailedRow(f.status, f.reason or "–", number(f.points), percent(f.points / e.evaluated)) for f in found]
    share = percent(e.failed / e.evaluated)
    words = (
        f"{count(e.failed, 'point')} of {number(e.evaluated)} ({share}) failed: the model gave no usable answer."
    )
    if rows:
        words += " Numbers within the reasons are shown as #, to count like with like."
    return FailedPoints(words, rows)
