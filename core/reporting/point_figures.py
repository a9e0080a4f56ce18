"""Figures of the points themselves: projections on two quantities, and histograms of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from terranova.figures.axis import Quantity
from terranova.figures.histograms import accepted, filled, outline, shares
from terranova.figures.panels import panels as grid
from terranova.figures.panels import shared_legend
from terranova.figures.scatter import scatter
from terranova.figures.style import PAGE_WIDTH, WINDOW
from terranova.reporting.projections import Projection

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_ACROSS = 3
_HISTOGRAMS_ACROSS = 4
_BINS = 40

Windows = Mapping[str, tuple[float, float]]
_NOWHERE: Windows = MappingProxyType({})


def projections(
    points: pd.DataFrame,
    panels: Sequence[Projection],
    axes_of: Mapping[str, Quantity],
    categories: Mapping[str, Sequence[str]],
    windows: Windows = _NOWHERE,
) -> Figure:
    """Scatter plots of points on pairs of quantities, coloured by a third.

    Args:
        points: what is shown.
        panels: which columns.
        axes_of: column -> its axis.
        categories: column -> what its values 0, 1, 2, ... mean: such a colour gets a legend.
        windows: intervals of columns whose ends are marked.
    """
    width = PAGE_WIDTH / _ACROSS if len(panels) >= _ACROSS else 3.6
    figure, every = grid(len(panels), _ACROSS, width, 2.75, gap=0.06)
    # In random order, so that no colour lies on top because it came last.
    shuffled = points.iloc[np.random.default_rng(0).permutation(len(points))]
    for ax, panel in zip(every, panels, strict=True):
        colour = axes_of.get(panel.colour)
        scatter(
            ax,
            shuffled[panel.x].to_numpy(),
            shuffled[panel.y].to_numpy(),
            (axes_of[panel.x], axes_of[panel.y]),
            shuffled[panel.colour].to_numpy() if colour is not None else None,
            label=colour.label if colour is not None else "",
            categories=categories.get(panel.colour, ()),
        )
        _mark_windows(ax, panel, axes_of, windows)
    shared_legend(figure)
    return figure


def _mark_windows(ax: Any, panel: Projection, axes_of: Mapping[str, Quantity], windows: Windows) -> None:
    for name, line in ((panel.x, ax.axvline), (panel.y, ax.axhline)):
        for end in windows.get(name, ()):
            if axes_of[name].low < end < axes_of[name].high:
                line(end, color=WINDOW, linewidth=0.9, linestyle="--")


def histograms(
    valid: pd.DataFrame, every: pd.DataFrame, quantities: Sequence[Quantity], windows: Windows = _NOWHERE
) -> Figure:
    """Histograms of valid points and of all points of the scan; windows of constraints are shaded bands."""
    figure, axes = grid(len(quantities), _HISTOGRAMS_ACROSS, 2.4, 1.75, extra=0.35)
    for ax, quantity in zip(axes, quantities, strict=True):
        _histogram(ax, valid, every, quantity, windows.get(quantity.name))
    shared_legend(figure)
    return figure


def _histogram(
    ax: Any, valid: pd.DataFrame, every: pd.DataFrame, quantity: Quantity, window: tuple[float, float] | None
) -> None:
    edges = quantity.edges(_BINS)
    if window is not None:
        accepted(ax, quantity, window)
    peak = 0.0
    for points, draw, name in ((every, outline, "all points"), (valid, filled, "valid points")):
        heights = shares(points[quantity.name].to_numpy(), edges)
        if heights is not None:
            peak = max(peak, float(heights.max()))
            draw(ax, heights, edges, name)
    quantity.apply(ax.xaxis, ticks=4)
    ax.set_xlabel(quantity.label, labelpad=2)
    ax.set_yticks([])
    ax.set_ylim(0, 1.08 * peak if peak else 1.0)
    ax.spines["left"].set_visible(False)
    ax.grid(visible=False)
