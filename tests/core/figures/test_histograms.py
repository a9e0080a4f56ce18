"""Histograms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.figure import Figure

from terranova.figures.axis import Quantity
from terranova.figures.histograms import accepted, density, ranks, shares


def test_shares_are_of_all_finite_values() -> None:
    heights = shares(np.array([0.1, 0.2, 0.7, 5.0, np.nan]), np.array([0.0, 0.5, 1.0]))
    assert heights is not None
    assert heights.tolist() == [0.5, 0.25], "points beyond the range count"
    assert shares(np.array([np.nan]), np.array([0.0, 1.0])) is None


def test_ends_of_a_window_are_drawn_where_they_are_shown() -> None:
    ax = Figure().subplots()
    accepted(ax, Quantity("x", "x", "linear", 0.0, 10.0), (2.0, math.inf))
    assert [line.get_xdata()[0] for line in ax.lines] == [2.0]
    assert ax.patches[0].get_extents() is not None


@pytest.mark.parametrize("log", [False, True])
def test_a_density_has_the_ends_of_its_interval(log: bool) -> None:
    ax = Figure().subplots()
    values = np.geomspace(1.0, 1e4, 200)
    density(ax, values, np.ones(200), (2.0, 5e3), log=log)
    assert [line.get_xdata()[0] for line in ax.lines] == [2.0, 5e3]
    edges = ax.patches[0].get_data().edges
    assert (edges[0], edges[-1]) == pytest.approx((1.0, 1e4))
    assert np.allclose(np.diff(np.log10(edges)), 4.0 / 30) is log


def test_ranks_of_groups_that_agree_are_flat_and_of_others_are_not() -> None:
    values = np.arange(4000.0)
    for group, flat in ((np.arange(4000) % 4, True), (np.arange(4000) // 1000, False)):
        ax = Figure().subplots()
        ranks(ax, values, group)
        heights = np.array([patch.get_data().values for patch in ax.patches])
        assert heights.shape == (4, 20)
        assert heights.mean() == pytest.approx(1.0)
        assert np.allclose(heights, 1.0, atol=0.05) == flat
