"""Figures of the points themselves: projections on two quantities, and histograms of one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from terranova.pages.axis import Quantity, can_be_set, plain
from terranova.pages.svg import COLOURS, KINDS, OTHERS, SCATTER_PANEL, VALID, WINDOW, drawn, new_figure
from terranova.reporting.projections import Projection
from terranova.types import Floats

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_ACROSS = 3
_HISTOGRAMS_ACROSS = 4
_BINS = 40


@drawn
def projections(
    points: pd.DataFrame,
    panels: Sequence[Projection],
    axes_of: Mapping[str, Quantity],
    categories: Mapping[str, Sequence[str]],
) -> Figure:
    """Scatter plots of points on pairs of quantities, coloured by a third.

    Args:
        points: what is shown.
        panels: which columns.
        axes_of: column -> its axis.
        categories: column -> what its values 0, 1, 2, ... mean: such a colour gets a legend.
    """
    return _panels(points, panels, axes_of, categories, {})


@drawn
def planes(
    points: pd.DataFrame,
    panels: Sequence[Projection],
    axes_of: Mapping[str, Quantity],
    categories: Mapping[str, Sequence[str]],
    windows: Mapping[str, tuple[float, float]],
) -> Figure:
    """The same on planes of the model; `windows` are intervals of columns whose ends are marked."""
    return _panels(points, panels, axes_of, categories, windows)


def _panels(
    points: pd.DataFrame,
    panels: Sequence[Projection],
    axes_of: Mapping[str, Quantity],
    categories: Mapping[str, Sequence[str]],
    windows: Mapping[str, tuple[float, float]],
) -> Figure:
    rows = -(-len(panels) // _ACROSS)
    across = min(_ACROSS, len(panels))
    figure = new_figure(9.6 if across == _ACROSS else 3.6 * across, 2.75 * rows, gap=0.06)
    grid = figure.subplots(rows, across, squeeze=False)
    # In random order, so that no colour lies on top because it came last.
    shuffled = points.iloc[np.random.default_rng(0).permutation(len(points))]
    for axes, panel in zip(grid.flat, panels, strict=False):
        _scatter(figure, axes, shuffled, panel, axes_of, categories)
        _mark_windows(axes, panel, axes_of, windows)
    for axes in list(grid.flat)[len(panels) :]:
        axes.remove()
    _one_legend(figure)
    return figure


def _scatter(
    figure: Any,
    axes: Any,
    points: pd.DataFrame,
    panel: Projection,
    axes_of: Mapping[str, Quantity],
    categories: Mapping[str, Sequence[str]],
) -> None:
    from matplotlib.colors import LogNorm, Normalize

    axes.set_facecolor(SCATTER_PANEL)
    axes.grid(color=OTHERS, alpha=0.3)
    x, y = axes_of[panel.x], axes_of[panel.y]
    size = float(np.clip(2000.0 / max(len(points), 1), 1.6, 14.0))
    look: dict[str, Any] = {"s": size, "linewidths": 0, "alpha": 0.8, "rasterized": True}
    # (points never stick out of their axes, and measuring that for the layout takes seconds)
    colour = axes_of.get(panel.colour)
    if colour is None:
        axes.scatter(points[panel.x], points[panel.y], color=VALID, **look).set_in_layout(False)
    elif panel.colour in categories:
        _kinds(axes, points, panel, categories[panel.colour], look)
    else:
        values = points[panel.colour].to_numpy()
        low, high = _robust_range(values)
        log = low > 0 and high / low > 100
        norm = LogNorm(low, high) if log else Normalize(low, high)
        drawn = axes.scatter(points[panel.x], points[panel.y], c=values, cmap=COLOURS, norm=norm, **look)
        drawn.set_in_layout(False)
        bar = figure.colorbar(drawn, ax=axes, pad=0.02, aspect=24, extend="neither")
        bar.outline.set_visible(False)
        bar.set_label(colour.label, fontsize=8.5)
        bar.solids.set_alpha(1.0)
        _colour_ticks(bar, log=log)
    x.apply(axes.xaxis, ticks=4)
    y.apply(axes.yaxis, ticks=5)
    axes.set_xlabel(x.label)
    axes.set_ylabel(y.label)


def _kinds(
    axes: Any, points: pd.DataFrame, panel: Projection, names: Sequence[str], look: Mapping[str, Any]
) -> None:
    """Points in a colour for each category, in one random order, named for the legend."""
    kinds = points[panel.colour].to_numpy()
    colours = np.array([KINDS[k % len(KINDS)] for k in range(len(names))])
    known = np.isin(kinds, np.arange(len(names)))
    shown, which = points[known], kinds[known].astype(int)
    axes.scatter(shown[panel.x], shown[panel.y], c=colours[which], **look).set_in_layout(False)
    for k in np.unique(which):
        label = names[k] if can_be_set(names[k]) else plain(names[k])
        axes.scatter([], [], c=colours[k], s=18, linewidths=0, label=label)


def _mark_windows(
    axes: Any, panel: Projection, axes_of: Mapping[str, Quantity], windows: Mapping[str, tuple[float, float]]
) -> None:
    for name, line in ((panel.x, axes.axvline), (panel.y, axes.axhline)):
        for end in windows.get(name, ()):
            if axes_of[name].low < end < axes_of[name].high:
                line(end, color=WINDOW, linewidth=0.9, linestyle="--")


def _colour_ticks(bar: Any, *, log: bool) -> None:
    from matplotlib import ticker

    bar.minorticks_off()
    if log:
        bar.locator = ticker.LogLocator(numticks=5)
    else:
        bar.locator = ticker.MaxNLocator(nbins=5)
        bar.formatter.set_useMathText(True)
        bar.formatter.set_powerlimits((-3, 4))
    bar.update_ticks()


def _robust_range(values: Floats) -> tuple[float, float]:
    """The range of colours: without the outermost percent, and never empty."""
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 1.0
    low, high = np.quantile(known, (0.01, 0.99)).tolist()
    if low == high:
        margin = max(abs(low), 1e-9) * 0.05
        return low - margin, high + margin
    return low, high


@drawn
def parameter_histograms(valid: pd.DataFrame, every: pd.DataFrame, quantities: Sequence[Quantity]) -> Figure:
    """Histograms of parameters: valid points, and all points of the scan."""
    return _histograms(valid, every, quantities, {})


@drawn
def observable_histograms(
    valid: pd.DataFrame,
    every: pd.DataFrame,
    quantities: Sequence[Quantity],
    windows: Mapping[str, tuple[float, float]],
) -> Figure:
    """The same of observables, with the windows of their constraints as shaded bands."""
    return _histograms(valid, every, quantities, windows)


def _histograms(
    valid: pd.DataFrame,
    every: pd.DataFrame,
    quantities: Sequence[Quantity],
    windows: Mapping[str, tuple[float, float]],
) -> Figure:
    across = min(_HISTOGRAMS_ACROSS, len(quantities))
    rows = -(-len(quantities) // across)
    figure = new_figure(2.4 * across, 1.75 * rows + 0.35)
    grid = figure.subplots(rows, across, squeeze=False)
    for axes, quantity in zip(grid.flat, quantities, strict=False):
        _histogram(axes, valid, every, quantity, windows.get(quantity.name))
    for axes in list(grid.flat)[len(quantities) :]:
        axes.remove()
    _one_legend(figure)
    return figure


def _one_legend(figure: Any) -> None:
    """A legend above all panels, of what any of them names."""
    handles: dict[str, Any] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if handles:
        figure.legend(handles.values(), handles.keys(), loc="outside upper left", ncols=4)


def _histogram(
    axes: Any,
    valid: pd.DataFrame,
    every: pd.DataFrame,
    quantity: Quantity,
    window: tuple[float, float] | None,
) -> None:
    edges = quantity.edges(_BINS)
    if window is not None:
        low = window[0] if math.isfinite(window[0]) else quantity.low
        high = window[1] if math.isfinite(window[1]) else quantity.high
        axes.axvspan(low, high, color=WINDOW, alpha=0.16, linewidth=0, label="accepted by the constraints")
        for end in window:
            if quantity.low < end < quantity.high:
                axes.axvline(end, color=WINDOW, linewidth=0.9)
    peak = 0.0
    for points, name in ((every, "all points"), (valid, "valid points")):
        heights = _shares(points[quantity.name].to_numpy(), edges)
        if heights is None:
            continue
        peak = max(peak, float(heights.max()))
        if name == "valid points":
            axes.stairs(heights, edges, fill=True, color=VALID, alpha=0.75, linewidth=0, label=name)
        else:
            axes.stairs(heights, edges, color=OTHERS, linewidth=1.3, label=name)
    quantity.apply(axes.xaxis, ticks=4)
    axes.set_xlabel(quantity.label, labelpad=2)
    axes.set_yticks([])
    axes.set_ylim(0, 1.08 * peak if peak else 1.0)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)


def _shares(values: Floats, edges: Floats) -> Floats | None:
    """Share of the points in each bin; None without points."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    return np.histogram(known, edges)[0] / len(known)
