"""A comparison in words and tables for a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from terranova.comparison.config import FEW_SEEDS
from terranova.comparison.results import Comparison, ProblemResults, Row
from terranova.comparison.statistics import SIGNIFICANCE, Difference, Estimate
from terranova.pages.text import number

if TYPE_CHECKING:
    from rich.table import Table

HEADINGS = (
    ("sampler", "sampler"),
    ("solved", "solved"),
    ("ert", "evaluations to\nfirst valid (ERT)"),
    ("distinct", "valid\nper 10⁴"),
    ("coverage", "coverage\n(bins of 400)"),
    ("share", "of all\nfound"),
    ("coverage_observables", "coverage of\nobservables"),
    ("near", "distance to\nreference"),
    ("regions", "regions"),
    ("sampler_us", "sampler\nµs/point"),
    ("model_us", "model\nµs/point"),
)


BRACKETS = ("coverage",)
"""Columns that show their interval where there is little room."""

_WIDE = 130
"""Characters in a line where it is not a terminal that says how many fit."""


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
    plan = comparison.config
    budget = " or ".join(
        f"{number(v)} evaluations" if k == "evaluations" else f"{v:g} s" for k, v in plan.budget.items()
    )
    d, m = problem.problem.search_space.dimension, len(problem.problem.constraints)
    seeds = len(plan.seeds)
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
    words = []
    if beaten:
        words.append(f"{best} covers more than {_listed(beaten)} ({test}, significance {SIGNIFICANCE:g}).")
    if equal:
        names = ", ".join(f"{d.worse} (p = {number(d.p, 2)})" for d in equal)
        words.append(f"No difference in coverage was found between {best} and {names}.")
    if seeds < FEW_SEEDS:
        words.append(f"With {seeds} seeds no test can tell much: take {FEW_SEEDS} at least, better 10.")
    return words


def _listed(differences: list[Difference]) -> str:
    return ", ".join(f"{d.worse} (by {with_interval(d.mean)} bins, p = {number(d.p, 2)})" for d in differences)


def errors(problem: ProblemResults) -> list[str]:
    """Return what went wrong, a line for each sampler and message."""
    return [
        f"{row.sampler}: {number} trial{'s' * (number > 1)} failed: {message}"
        for row in problem.rows
        for message, number in row.errors.items()
    ]


def table(problem: ProblemResults, width: int) -> Table:
    """Return the table of one problem; the last columns are left out when they do not fit in `width`."""
    from rich import box
    from rich.table import Table

    rows = [cells(row, problem, intervals=False) for row in problem.rows]
    shown = []
    for name, heading in HEADINGS:
        lengths = [len(line) for text in (heading, *(row[name] for row in rows)) for line in text.splitlines()]
        width -= max(lengths) + 3
        if width >= 0 and any(row[name] != "–" for row in rows):
            shown.append((name, heading))
    grid = Table(box=box.SIMPLE_HEAD, padding=(0, 1), show_edge=False)
    for name, heading in shown:
        grid.add_column(heading, justify="left" if name == "sampler" else "right", no_wrap=True)
    for row in rows:
        grid.add_row(*(row[name] for name, _ in shown))
    return grid


def show(comparison: Comparison) -> None:
    """Print the tables and what they mean."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDE, soft_wrap=True)
    for problem in comparison.problems:
        console.print()
        console.print(title(problem, comparison), style="bold")
        console.print(table(problem, console.width))
        for sentence in [*verdict(problem), *errors(problem)]:
            console.print(sentence, markup=False)
    console.print()
    console.print("In brackets: 95 % bootstrap intervals over seeds.")
    console.print("ERT: expected number of evaluations until the first valid point, restarts included.")
