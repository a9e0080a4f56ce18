"""Put the report together: gather, describe, render, write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from terranova.errors import RunError, TerranovaError
from terranova.evaluation.problem import Problem
from terranova.pages import html
from terranova.pages.blocks import Page, Paragraph, Section, Tiles, paragraphs, titled
from terranova.pages.guard import guarded
from terranova.reporting.best_section import best_section
from terranova.reporting.categories_section import categories_section
from terranova.reporting.completeness_section import completeness_section
from terranova.reporting.constraints_section import constraints_section
from terranova.reporting.facts import citations_section, notes, state, what_section
from terranova.reporting.headline import efficiency_section, lead, tiles
from terranova.reporting.points_section import gather_points, histogram_section, plane_section, projection_section
from terranova.reporting.progress_section import failed_section, progress_section
from terranova.reporting.projections import Projection
from terranova.runs.diagnosis import Diagnosis, diagnose
from terranova.runs.run import Run
from terranova.store.origin import terranova_version
from terranova.system.atomic import write_atomic

NAME = "report.html"
_CLOSING = "Written by terranova {}. How every number here is defined: <code>docs/statistics.md</code>."


def _is_report(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return b'name="generator" content="terranova' in file.read(1000)
    except OSError:
        return False


def write_report(
    run: Run,
    path: Path | str | None = None,
    *,
    random_points: int | None = None,
    random_seconds: float = 5.0,
    projections: Sequence[tuple[str, str, str]] | None = None,
) -> Path:
    """Write a page about a run that needs nothing but itself: no network, no other file.

    It works while the scan still runs, without any valid point, and - with less in it - when the model is no
    longer installed, or did not run here before. Memory and time stay bounded: figures are drawn from samples of
    the points.

    Args:
        run: to report on.
        path: the new file, `report.html` in the run directory if None; an older report there is replaced, and
            nothing else.
        random_points: random points to compare with; as many as fit in `random_seconds` if None, 0 for none.
        random_seconds: see `random_points`.
        projections: (x, y, colour) columns of the scatter plots, "" for no colour; a choice of the most
            structured ones if None.

    Returns:
        The file.

    Raises:
        RunError: the file is something else than a report or cannot be written, or a projection names an
            unknown column.
        NotTrusted: random points were asked for, but the run was not made here.
    """
    target = Path(path) if path is not None else run.directory / NAME
    panels = None if projections is None else [Projection(*names) for names in projections]
    if target.exists() and not _is_report(target):
        raise RunError(f"{target} exists and is no report of terranova: choose another name for the report.")
    page = render(run, diagnose(run, random_points, random_seconds=random_seconds), panels)
    try:
        write_atomic(target, page)
    except OSError as error:
        raise RunError(f"{target} could not be written: {error.strerror or error}") from error
    return target


def render(run: Run, diagnosis: Diagnosis, panels: Sequence[Projection] | None = None) -> str:
    """Return the page as HTML."""
    problem = _problem_of(run)
    name = run.directory.resolve().name
    sections = [
        guarded("what", "What ran", lambda: what_section(run, problem)),
        guarded("efficiency", "Efficiency", lambda: efficiency_section(diagnosis)),
        guarded("completeness", "How complete the map is", lambda: completeness_section(run)),
        guarded("categories", "Category by category", lambda: categories_section(run, problem)),
        guarded(
            "constraints",
            "Which constraint kills how many points",
            lambda: constraints_section(run, problem, diagnosis),
        ),
        guarded("progress", "Progress of the scan", lambda: progress_section(run, problem)),
        *_point_sections(run, problem, diagnosis, panels),
        guarded("best", "Best points", lambda: best_section(run, problem, diagnosis.kills)),
        guarded("failed", "Failed points", lambda: failed_section(run, diagnosis)),
        guarded("citations", "What to cite", lambda: citations_section(run)),
    ]
    return html.render(
        Page(
            title=f"{run.manifest.model}: {name}",
            kind="terranova scan report",
            heading=titled(run.manifest.model, name),
            state=f"{state(run)} · report of {html.today()}",
            opening=[
                Paragraph(lead(diagnosis), "lead"),
                *paragraphs(notes(run, diagnosis), "note"),
                Tiles(tiles(run, diagnosis)),
            ],
            sections=[section for section in sections if section is not None and section.blocks],
            closing=Markup(_CLOSING).format(terranova_version()),
        )
    )


def _point_sections(
    run: Run, problem: Problem | None, diagnosis: Diagnosis, panels: Sequence[Projection] | None
) -> list[Section | None]:
    points = gather_points(run, problem, diagnosis.kills)
    if points is None:
        return []
    return [
        guarded("planes", "Planes of the model", lambda: plane_section(run, problem, points)),
        guarded("projections", "Projections", lambda: projection_section(run, points, panels)),
        guarded("histograms", "Parameters and observables", lambda: histogram_section(run, points)),
    ]


def _problem_of(run: Run) -> Problem | None:
    try:
        return run.problem_made_here()
    except (TerranovaError, ValueError):
        return None  # `diagnose` keeps the reason, and the page says it
