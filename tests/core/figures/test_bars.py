"""Bars with names, and maps of shares."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from terranova.figures.bars import named_bars, share_map


def test_the_first_bar_is_on_top_and_names_are_shown_as_they_are() -> None:
    ax = Figure().subplots()
    named_bars(ax, ["a_$1", "b"], np.array([3, 1]), "k")
    assert [bar.get_width() for bar in ax.patches] == [3, 1]
    assert ax.yaxis_inverted()
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [r"a_\$1", "b"]


def test_small_maps_have_numbers() -> None:
    for n in (2, 13):
        figure = Figure()
        ax = figure.subplots()
        share_map(ax, [f"c{i}" for i in range(n)], np.full((n, n), 60.0), "share [%]")
        assert len(ax.texts) == (n * n if n == 2 else 0)
        assert figure.axes[1].get_ylabel() == "share [%]"
