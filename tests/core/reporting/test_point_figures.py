"""Figures of points: a panel for each pair, windows marked where they are in sight."""

from __future__ import annotations

import numpy as np
import pandas as pd

from terranova.figures.axis import Quantity
from terranova.reporting.point_figures import histograms, projections
from terranova.reporting.projections import Projection

AXES = {name: Quantity(name, name, "linear", 0.0, 1.0) for name in "abc"}
POINTS = pd.DataFrame(np.random.default_rng(1).random((60, 3)), columns=list("abc"))


def test_a_panel_for_each_pair_with_its_colour() -> None:
    figure = projections(POINTS, [Projection("a", "b", "c"), Projection("b", "c", "")], AXES, {})
    labels = {(ax.get_xlabel(), ax.get_ylabel()) for ax in figure.axes}
    assert {("a", "b"), ("b", "c")} <= labels


def test_ends_of_windows_are_marked_only_within_the_axis() -> None:
    figure = projections(POINTS, [Projection("a", "b", "")], AXES, {}, {"a": (0.25, np.inf), "b": (-3.0, 0.5)})
    dashed = [line for line in figure.axes[0].lines if line.get_linestyle() == "--"]
    assert len(dashed) == 2


def test_categories_get_a_legend() -> None:
    points = POINTS.assign(c=np.arange(60) % 2)
    figure = projections(points, [Projection("a", "b", "c")], AXES, {"c": ("one", "two")})
    texts = {
        text.get_text()
        for legend in [*figure.legends, figure.axes[0].get_legend()]
        if legend
        for text in legend.texts
    }
    assert {"one", "two"} <= texts


def test_histograms_of_valid_and_all_points() -> None:
    figure = histograms(POINTS.iloc[:10], POINTS, list(AXES.values()), {"b": (0.2, 0.4)})
    assert len([ax for ax in figure.axes if ax.get_visible()]) >= 3
    assert histograms(POINTS.iloc[:0], POINTS, [AXES["a"]]).axes
