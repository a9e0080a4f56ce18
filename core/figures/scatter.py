"""Scatter plots: points coloured by a quantity or by a category, and values against others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from terranova.figures.axis import Quantity, can_be_set, plain
from terranova.figures.style import COLOUR_MAP, COLOURS, OTHERS, SCATTER_PANEL, VALID
from terranova.types import Array, Floats


def scatter(
    ax: Any,
    x: Floats,
    y: Floats,
    axes: tuple[Quantity, Quantity],
    colour: Floats | None = None,
    *,
    label: str = "",
    categories: Sequence[str] = (),
) -> None:
    """Draw points (n,) on two quantities; give them in random order, so that none lies on top because it came last.

    Args:
        ax: matplotlib axes; gets the scales, ranges and labels of `axes`.
        x, y: places.
        axes: horizontal and vertical.
        colour: (n,) a third quantity; None for one colour.
        label: of the bar that shows what the colours mean.
        categories: what the values 0, 1, 2, ... of `colour` mean: named for a legend, instead of a bar.
    """
    ax.set_facecolor(SCATTER_PANEL)
    ax.grid(color=OTHERS, alpha=0.3)
    size = float(np.clip(2000.0 / max(len(x), 1), 1.6, 14.0))
    look: dict[str, Any] = {"s": size, "linewidths": 0, "alpha": 0.8, "rasterized": True}
    # (points never stick out of their axes, and measuring that for the layout takes seconds)
    if colour is None:
        ax.scatter(x, y, color=VALID, **look).set_in_layout(False)
    elif categories:
        known = np.isin(colour, np.arange(len(categories)))
        which = colour[known].astype(int)
        colours = np.array([COLOURS[k % len(COLOURS)] for k in range(len(categories))])
        ax.scatter(x[known], y[known], c=colours[which], **look).set_in_layout(False)
        for k in np.unique(which):
            name = categories[k] if can_be_set(categories[k]) else plain(categories[k])
            ax.scatter([], [], c=colours[k], s=18, linewidths=0, label=name)
    else:
        _coloured(ax, x, y, colour, label, look)
    for quantity, axis, ticks in zip(axes, (ax.xaxis, ax.yaxis), (4, 5), strict=True):
        quantity.apply(axis, ticks=ticks)
        axis.set_label_text(quantity.label)


def _coloured(ax: Any, x: Floats, y: Floats, colour: Floats, label: str, look: dict[str, Any]) -> None:
    from matplotlib.colors import LogNorm, Normalize

    low, high = _robust_range(colour)
    log = low > 0 and high / low > 100
    norm = LogNorm(low, high) if log else Normalize(low, high)
    points = ax.scatter(x, y, c=colour, cmap=COLOUR_MAP, norm=norm, **look)
    points.set_in_layout(False)
    bar = ax.figure.colorbar(points, ax=ax, pad=0.02, aspect=24, extend="neither")
    bar.outline.set_visible(False)
    bar.set_label(label, fontsize=8.5)
    bar.solids.set_alpha(1.0)
    _colour_ticks(bar, log=log)


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


def dots(ax: Any, x: Floats, y: Floats, size: float = 2.0) -> None:
    """Draw points (n,) of one colour, small enough to see where they are many."""
    ax.plot(x, y, ".", markersize=size, alpha=0.5, color=VALID)


def against_truth(ax: Any, true: Floats, predicted: Floats) -> None:
    """Draw predictions (n,) against the truth (n,), with the line on which they agree; log if both span much."""
    low, high = float(true.min()), float(true.max())
    both: Array = np.concatenate([true, predicted])
    ax.plot([low, high], [low, high], color=OTHERS, linewidth=0.8)
    dots(ax, true, predicted)
    if bool((both > 0.0).all()) and both.max() > 30.0 * both.min():
        ax.set_xscale("log")
        ax.set_yscale("log")
    ax.set_xlabel("true")
    ax.set_ylabel("predicted")
