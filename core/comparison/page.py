"""The page of a comparison: tables, verdicts, figures, and how to repeat it, in one HTML file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from markupsafe import Markup

from terranova.comparison import text
from terranova.comparison.figures import coverage_curves, profiles
from terranova.comparison.results import MEASURES, Comparison, ProblemResults
from terranova.errors import RunError
from terranova.pages import html
from terranova.pages.blocks import Block, Code, Facts, Page, Paragraph, Picture, Section, paragraphs
from terranova.pages.blocks import name as html_name
from terranova.pages.guard import guarded
from terranova.system.atomic import write_atomic

PAGE, SUMMARY, TRIALS = "comparison.html", "summary.csv", "trials.csv"

_PROFILES = (
    "Left: trials, over all problems and seeds, that had found a valid point by so many evaluations. "
    "Right: trials solved within a factor of the fastest sampler on the same problem and seed."
)
_MEASURES = (
    "Numbers in brackets are 95 % bootstrap intervals over seeds. Evaluations count every call of the model, "
    "failed points and derivatives included; points spent on derivatives do not count as found. The expected "
    "running time (ERT) divides all evaluations spent, those of unsolved trials too, by the number of solved "
    "trials."
)


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
    name = comparison.config.output.resolve().name
    complete = "complete" if comparison.complete else "some trials have not ended yet"
    sections = [
        *(
            guarded(f"problem-{i}", problem.problem_entry.label, partial(_problem, i, problem, comparison))
            for i, problem in enumerate(comparison.problems)
        ),
        Section("profiles", "Profiles", [Picture(partial(profiles, comparison), _PROFILES)]),
        Section("measures", "Measures", [Paragraph(_MEASURES), Facts(MEASURES, names=True)]),
        guarded("repeat", "Repeat it", partial(_repeat, comparison)),
    ]
    return html.render(
        Page(
            title=f"Comparison: {name}",
            kind="terranova comparison of samplers",
            heading=name,
            state=f"{complete} · {html.today()}",
            sections=[section for section in sections if section is not None],
        )
    )


def _problem(i: int, problem: ProblemResults, comparison: Comparison) -> Section:
    label = problem.problem_entry.label
    caption = (
        f"{label}: mean number of 20 × 20 bins, over all pairs of parameters, that hold a valid point. "
        "Bands are 95 % bootstrap intervals of the mean over seeds."
    )
    blocks: list[Block] = [
        Paragraph(f"{text.title(problem, comparison)}."),
        text.table(problem, intervals=True),
        *paragraphs(text.verdict(problem)),
        *paragraphs(text.errors(problem), "note"),
        Picture(partial(coverage_curves, problem), caption),
    ]
    if problem.problem_entry.features:
        windows = Markup(", ").join(
            Markup("{} {} to {}").format(html_name(name), *(text.short(end) for end in ends))
            for name, ends in problem.problem_entry.features.items()
        )
        blocks.append(Paragraph(Markup("Coverage of observables is counted within {}.").format(windows), "soft"))
    return Section(f"problem-{i}", label, blocks)


def _repeat(comparison: Comparison) -> Section:
    how = Markup(
        "Saved as a file, this is what {} was asked. All trials are in trials.csv, the tables in summary.csv."
    )
    how = how.format(html_name("terranova compare FILE"))
    return Section("repeat", "Repeat it", [Paragraph(how), Code(comparison.config.to_yaml())])
