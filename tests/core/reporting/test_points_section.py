"""Sections of points: samples with their axes, planes of the model, what is shown when nothing is valid."""

from __future__ import annotations

from pathlib import Path

from support.stored_runs import prepared, rows, stored, windows

from terranova.pages.blocks import Picture
from terranova.reporting.points_section import gather_points, histogram_section, plane_section, projection_section
from terranova.reporting.projections import Projection
from terranova.runs.kills import kills_of
from terranova.runs.run import Run


def test_valid_points_are_shown_and_all_others_known(run: Run) -> None:
    points = gather_points(run, run.problem(), kills_of(run))
    assert points is not None
    assert (len(points.valid), len(points.every), len(points.shown)) == (2, 8, 2)
    assert set(points.parameters) <= set(points.axes)
    assert points.windows["ratio"] == (0.0, 1.0)
    section = histogram_section(run, points)
    assert any(isinstance(block, Picture) for block in section.blocks)
    assert plane_section(run, run.problem(), points) is None, "the model names no planes"


def test_chosen_projections_are_drawn(run: Run) -> None:
    points = gather_points(run, run.problem(), kills_of(run))
    assert points is not None
    section = projection_section(run, points, [Projection("a", "b", "ratio")])
    assert section is not None
    (picture,) = (block for block in section.blocks if isinstance(block, Picture))
    assert "all 2 valid points" in picture.caption
    assert len(picture.draw().axes) >= 1


def test_without_valid_points_those_that_come_closest_are_shown(tmp_path: Path, toy_registry: None) -> None:
    batch = rows([[2.0], [1.0], [3.0]], loglike=[-float("inf")] * 3)
    run = stored(tmp_path, batch, constraints=[windows(ratio=(0.0, 1.0))])
    points = gather_points(run, run.problem(), kills_of(run))
    assert points is not None
    assert len(points.valid) == 0
    assert len(points.shown) == 3


def test_nothing_stored_is_nothing_to_show(tmp_path: Path, toy_registry: None) -> None:
    run, problem = prepared(tmp_path)
    assert gather_points(run, problem, kills_of(run)) is None
