"""Put the report together: gather, draw, describe, fill in the template, write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from terranova.errors import RunError, TerranovaError
from terranova.evaluation.problem import Problem
from terranova.pages.html import html_page
from terranova.reporting import facts as about
from terranova.reporting import headline as judgement
from terranova.reporting.best_section import best_points
from terranova.reporting.constraints_section import constraints_section
from terranova.reporting.points_section import gather_points, histogram_section, plane_section, projection_section
from terranova.reporting.progress_section import failed_points, progress_section
from terranova.reporting.projections import Projection
from terranova.runs.diagnosis import Diagnosis, diagnose
from terranova.runs.run import Run
from terranova.system.atomic import write_atomic

NAME = "report.html"


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
    longer installed. Memory and time stay bounded: figures are drawn from samples of the points.

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
    points = gather_points(run, problem, diagnosis.kills)
    candidates = [progress_section(run, problem)]
    if points is not None:
        candidates += [
            plane_section(run, problem, points),
            projection_section(run, points, panels),
            histogram_section(run, points),
        ]
    sections = [section for section in candidates if section is not None and section.figures]
    kills = constraints_section(run, problem, diagnosis)
    contents = [("what", "What ran"), ("efficiency", "Efficiency")]
    contents += [("constraints", "Constraints")] if kills else []
    contents += [(section.anchor, section.title) for section in sections]
    contents += [("best", "Best points"), ("failed", "Failed points"), ("citations", "What to cite")]
    return html_page(
        "terranova.reporting",
        name=run.directory.resolve().name,
        model=run.manifest.model,
        contents=contents,
        state=about.state(run),
        lead=judgement.lead(diagnosis),
        notes=about.notes(run, diagnosis),
        tiles=judgement.tiles(run, diagnosis),
        facts=about.facts(run),
        command=about.command(run),
        sets=about.constraint_sets(run, problem),
        parameters=about.parameters(run, problem),
        versions=list(run.manifest.versions.items()),
        efficiency=judgement.comparison(diagnosis),
        efficiency_words=judgement.words(diagnosis),
        kills=kills,
        sections=sections,
        best=best_points(run, problem, diagnosis.kills),
        failed=failed_points(run, diagnosis),
        citations=about.citations(run),
    )


def _problem_of(run: Run) -> Problem | None:
    try:
        return run.problem()
    except (TerranovaError, ValueError):
        return None  # `diagnose` keeps the reason, and the page says it
