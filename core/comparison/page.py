"""The page of a comparison: tables, verdicts, figures, and how to repeat it, in one HTML file."""

from __future__ import annotations

from pathlib import Path

from terranova.comparison import text as words
from terranova.comparison.figures import coverage_curves, profiles
from terranova.comparison.results import MEASURES, Comparison
from terranova.errors import RunError
from terranova.pages.html import html_page
from terranova.pages.section import Picture
from terranova.system.atomic import write_atomic

PAGE, SUMMARY, TRIALS = "comparison.html", "summary.csv", "trials.csv"


def write_results(comparison: Comparison) -> Path:
    """Write page and tables into the comparison's directory; return the page.

    Raises:
        RunError: they cannot be written.
    """
    directory = comparison.config.output
    try:
        write_atomic(directory / SUMMARY, comparison.summary_csv())
        write_atomic(directory / TRIALS, comparison.trials_csv())
        write_atomic(directory / PAGE, render(comparison))
    except OSError as error:
        raise RunError(f"{directory} cannot be written: {error.strerror or error}") from error
    return directory / PAGE


def render(comparison: Comparison) -> str:
    """Return the page as HTML."""
    sections = []
    for i, problem in enumerate(comparison.problems):
        rows = [words.cells(row, problem, intervals=True) for row in problem.rows]
        columns = [(name, heading) for name, heading in words.HEADINGS if any(r[name] != "–" for r in rows)]
        sections.append(
            {
                "anchor": f"problem-{i}",
                "label": problem.problem_entry.label,
                "title": words.title(problem, comparison),
                "columns": columns,
                "rows": rows,
                "verdict": words.verdict(problem),
                "errors": words.errors(problem),
                "features": [
                    (name, [words.short(end) for end in ends])
                    for name, ends in problem.problem_entry.features.items()
                ],
                "figure": Picture(
                    coverage_curves(problem),
                    f"{problem.problem_entry.label}: mean number of 20 × 20 bins, over all pairs of parameters, "
                    "that hold a valid point. Bands are 95 % bootstrap intervals of the mean over seeds.",
                ),
            }
        )
    return html_page(
        "terranova.comparison",
        name=comparison.config.output.resolve().name,
        complete=comparison.complete,
        sections=sections,
        profiles=Picture(
            profiles(comparison),
            "Left: trials, over all problems and seeds, that had found a valid point by so many evaluations. "
            "Right: "
            "trials solved within a factor of the fastest sampler on the same problem and seed.",
        ),
        measures=MEASURES,
        plan=comparison.config.to_yaml(),
    )
