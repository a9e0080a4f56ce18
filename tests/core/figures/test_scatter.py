"""Scatter plots."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from terranova.figures.axis import Quantity
from terranova.figures.scatter import against_truth, scatter

AXES = (Quantity("a", "$a$", "linear", 0.0, 1.0), Quantity("b", "b [GeV]", "log", 1e-3, 1e3))
X, Y = np.array([0.1, 0.5, 0.9]), np.array([1e-2, 1.0, 1e2])


def test_axes_get_scales_ranges_and_labels() -> None:
    ax = Figure().subplots()
    scatter(ax, X, Y, AXES)
    assert (ax.get_xlim(), ax.get_ylim(), ax.get_yscale()) == ((0.0, 1.0), (1e-3, 1e3), "log")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$a$", "b [GeV]")


@pytest.mark.parametrize(
    ("colour", "norm"),
    [
        ([1.0, 2.0, 3.0], Normalize),
        ([1e-3, 1.0, 1e3], LogNorm),
        ([2.0, 2.0, 2.0], Normalize),
        ([np.nan] * 3, Normalize),
    ],
)
def test_a_third_quantity_has_a_bar(colour: list[float], norm: type[Normalize]) -> None:
    figure = Figure()
    ax = figure.subplots()
    scatter(ax, X, Y, AXES, np.array(colour), label="$c$")
    assert type(ax.collections[0].norm) is norm
    assert ax.collections[0].norm.vmin < ax.collections[0].norm.vmax
    assert figure.axes[1].get_ylabel() == "$c$"


def test_categories_have_a_legend_of_those_that_occur() -> None:
    ax = Figure().subplots()
    scatter(ax, X, Y, AXES, np.array([0.0, 2.0, 7.0]), categories=("inner", "middle", "outer $"))
    assert ax.get_legend_handles_labels()[1] == ["inner", r"outer \$"]
    assert len(ax.collections[0].get_offsets()) == 2, "what has no name is not shown"


def test_predictions_are_logarithmic_where_they_span_much() -> None:
    ax = Figure().subplots()
    against_truth(ax, Y, Y)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    ax = Figure().subplots()
    against_truth(ax, Y, -Y)
    assert ax.get_xscale() == "linear"
