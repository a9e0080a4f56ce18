"""Likelihoods as curves and regions."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from terranova.figures.curves import HIGHEST_DELTA_CHI2, band, delta_chi2_curve, delta_chi2_regions


def test_a_band_lies_between_two_curves() -> None:
    ax = Figure().subplots()
    band(ax, np.array([0, 1]), np.array([1.0, 1.0]), np.array([2.0, 3.0]), "k")
    (area,) = ax.collections
    assert area.get_paths()[0].get_extents().y1 == 3.0
    assert not ax.get_legend_handles_labels()[1]


def test_a_curve_is_drawn_in_order_with_its_levels_on_the_free_side() -> None:
    ax = Figure().subplots()
    x = np.array([2.0, 0.0, 1.0])
    delta_chi2_curve(ax, x, np.array([9.0, 0.0, 4.0]), {"68 %": 1.0, "95 %": 3.84})
    curve, *levels = ax.lines
    assert curve.get_xdata().tolist() == [0.0, 1.0, 2.0]
    assert curve.get_ydata().tolist() == [0.0, 4.0, 9.0]
    assert [line.get_ydata()[0] for line in levels] == [1.0, 3.84]
    assert {text.get_text(): text.xy[0] for text in ax.texts} == {"68 %": 1.0, "95 %": 1.0}
    assert ax.get_ylim() == (0.0, HIGHEST_DELTA_CHI2)
    assert ax.get_xlim() == (0.0, 2.0)


@pytest.mark.parametrize("floor", [0.0, 100.0])
def test_regions_keep_their_range_and_mark_the_best_fit(floor: float) -> None:
    ax = Figure().subplots()
    x, y = np.linspace(-1, 1, 9), np.linspace(-2, 2, 7)
    delta = floor + 10.0 * (x[:, None] ** 2 + y[None, :] ** 2)
    delta[0, 0] = np.inf
    delta_chi2_regions(ax, x, y, delta, [2.3, 6.0], (5.0, 0.0))
    assert bool(ax.collections) is (floor == 0.0), "nothing is shaded where nothing is allowed"
    assert (ax.get_xlim(), ax.get_ylim()) == ((-1.0, 1.0), (-2.0, 2.0))
    assert ax.lines[-1].get_marker() == "*"
