"""The sections on how the scan went on, and on points that failed."""

from __future__ import annotations

from functools import partial

from terranova.evaluation.problem import Problem
from terranova.pages.blocks import Paragraph, Picture, Section
from terranova.pages.table import Column, Table
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
    return Section("progress", "Progress of the scan", [Picture(partial(progress_curves, history), caption)])


def failed_section(run: Run, diagnosis: Diagnosis) -> Section:
    """Say how many points failed and why."""
    anchor, title, short = "failed", "Points that failed", "Failed points"
    e = diagnosis.efficiency
    if not e.failed:
        none = Paragraph("No point failed: the model had an answer for every one.")
        return Section(anchor, title, [none], short)
    rows = [
        (failure.status, failure.reason or "–", number(failure.points), percent(failure.points / e.evaluated))
        for failure in failures(run)
    ]
    share = percent(e.failed / e.evaluated)
    text = f"{count(e.failed, 'point')} of {number(e.evaluated)} ({share}) failed: the model gave no usable answer."
    if not rows:
        return Section(anchor, title, [Paragraph(text)], short)
    text += " Numbers within the reasons are shown as #, to count like with like."
    columns = (Column("status"), Column("reason"), Column("points", "number"), Column("share", "number"))
    return Section(anchor, title, [Paragraph(text), Table(columns, rows)], short)
