"""A comparison in sentences and tables, for the terminal and the page."""

from __future__ import annotations

import math

from terranova.comparison.config import FEW_SEEDS
from terranova.comparison.results import Comparison, ProblemResults, Row
from terranova.comparison.statistics import SIGNIFICANCE, Difference, Estimate
from terranova.pages.table import Column, Table
from terranova.pages.text import number

HEADINGS = (
    ("sampler", "sampler"),
    ("solved", "solved"),
    ("ert", "evaluations to\nfirst valid (ERT)"),
    ("distinct", "valid\nper 10⁴"),
    ("coverage", "coverage\n(bins of 400)"),
    ("share", "of all\nfound"),
    ("estimated", "of reachable,\nestimated"),
    ("completeness", "of reachable,\nat most"),
    ("growing", "still\ngrowing"),
    ("reached", "of reachable,\nin truth"),
    ("coverage_observables", "coverage of\nobservables"),
    ("near", "distance to\nreference"),
    ("regions", "regions"),
    ("sampler_us", "sampler\nµs/point"),
    ("model_us", "model\nµs/point"),
)


BRACKETS = ("coverage",)
"""Columns that show their interval where there is little room."""


def cells(row: Row, problem: ProblemResults, *, intervals: bool) -> dict[str, str]:
    """Return the table's cells of a row, by column; `intervals` for all, not only the most important."""
    texts = {
        name: with_interval(row.measures[name])
        if intervals or name in BRACKETS
        else short(row.measures[name].value)
        for name, _ in HEADINGS
        if name in row.measures
    }
    wanted = problem.known_region.regions if problem.known_region is not None else None
    regions = row.measures["regions"]
    if wanted is not None and not math.isnan(regions.value):
        texts["regions"] = f"{number(regions.value)} of {wanted}"
    for name in ("sampler_us", "model_us"):
        texts[name] = number(row.measures[name].value, 2)
    texts |= {"sampler": row.sampler, "solved": f"{row.solved} of {row.trials}", "ert": with_interval(row.ert)}
    return texts


def with_interval(estimate: Estimate) -> str:
    """A value with the ends of its interval: 254 [247, 261]."""
    if math.isnan(estimate.value):
        return "–"
    if math.isnan(estimate.low) or estimate.low == estimate.high:
        return short(estimate.value)
    return f"{short(estimate.value)} [{short(estimate.low)}, {short(estimate.high)}]"


def short(value: float) -> str:
    """A number in three digits, whole or not."""
    return number(float(f"{value:.3g}"))


def title(problem: ProblemResults, comparison: Comparison) -> str:
    """What was scanned, with which budget."""
    config = comparison.config
    budget = " or ".join(
        f"{number(v)} evaluations" if k == "evaluations" else f"{v:g} s" for k, v in config.budget.items()
    )
    d, m = problem.problem.search_space.dimension, len(problem.problem.constraints)
    seeds = len(config.seeds)
    known = ""
    if problem.known_region is not None:
        known = f"; {number(problem.known_region.volume)} of the space is valid"
    what = f"{d} parameters, {m} constraints{known}"
    return f"{problem.problem_entry.label}: {what}; {budget} a trial, {seeds} seed{'s' * (seeds > 1)}"


def verdict(problem: ProblemResults) -> list[str]:
    """Return what may be said about coverage; "more" only where a test allows it."""
    differences = problem.differences
    if not differences:
        return []
    best = differences[0].better
    seeds = len(problem.config.seeds)
    beaten = [d for d in differences if d.significant]
    equal = [d for d in differences if not d.significant]
    test = f"paired permutation test over {seeds} seeds, corrected for {len(differences)} comparisons"
    sentences = []
    if beaten:
        sentences.append(f"{best} covers more than {_listed(beaten)} ({test}, significance {SIGNIFICANCE:g}).")
    if equal:
        names = ", ".join(f"{d.worse} (p = {number(d.p, 2)})" for d in equal)
        sentences.append(f"No difference in coverage was found between {best} and {names}.")
    if seeds < FEW_SEEDS:
        sentences.append(f"With {seeds} seeds no test can tell much: take {FEW_SEEDS} at least, better 10.")
    return sentences


def _listed(differences: list[Difference]) -> str:
    return ", ".join(f"{d.worse} (by {with_interval(d.mean)} bins, p = {number(d.p, 2)})" for d in differences)


def errors(problem: ProblemResults) -> list[str]:
    """Return what went wrong, a line for each sampler and message, and what was edited between two trials."""
    changed = [
        f"The source of the {what} was changed between trials, so that they cannot be compared: delete the folders "
        f"of the older ones in {problem.config.output / 'trials'} to repeat them."
        for what in problem.changed
    ]
    return changed + [
        f"{row.sampler}: {number} trial{'s' * (number > 1)} failed: {message}"
        for row in problem.rows
        for message, number in row.errors.items()
    ]


def table(problem: ProblemResults, *, intervals: bool) -> Table:
    """Return the table of one problem: a row for each sampler, a column for each measure that is known.

    Args:
        problem: with its trials.
        intervals: show those of all measures, not only of the most important.
    """
    rows = [cells(row, problem, intervals=intervals) for row in problem.rows]
    shown = [(name, heading) for name, heading in HEADINGS if any(row[name] != "–" for row in rows)]
    columns = [
        Column(heading, "name", unbroken=True) if name == "sampler" else Column(heading, "number")
        for name, heading in shown
    ]
    return Table(columns, [[row[name] for name, _ in shown] for row in rows])
