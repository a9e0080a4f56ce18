"""Histograms: shares of points, and densities of weighted ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from terranova.figures.axis import Quantity
from terranova.figures.style import DASHED, OTHERS, VALID, WINDOW, line_style
from terranova.types import Floats, Ints


def shares(values: Floats, edges: Floats) -> Floats | None:
    """Share (b,) of the finite values (n,) in each bin between edges (b + 1,); None where none is finite."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    return np.histogram(known, edges)[0] / len(known)


def outline(ax: Any, heights: Floats, edges: Floats, label: str, color: str = OTHERS) -> None:
    """Draw a histogram as a line."""
    ax.stairs(heights, edges, color=color, linewidth=1.3, label=label)


def filled(ax: Any, heights: Floats, edges: Floats, label: str, color: str = VALID) -> None:
    """Draw a histogram as an area."""
    ax.stairs(heights, edges, fill=True, color=color, alpha=0.75, linewidth=0, label=label)


def accepted(ax: Any, quantity: Quantity, window: tuple[float, float]) -> None:
    """Shade the window that constraints accept on a horizontal axis, and draw its ends."""
    low = window[0] if math.isfinite(window[0]) else quantity.low
    high = window[1] if math.isfinite(window[1]) else quantity.high
    ax.axvspan(low, high, color=WINDOW, alpha=0.16, linewidth=0, label="accepted by the constraints")
    for end in window:
        if quantity.low < end < quantity.high:
            ax.axvline(end, color=WINDOW, linewidth=0.9)


def density(ax: Any, values: Floats, weights: Floats, ends: Sequence[float], *, log: bool, bins: int = 30) -> None:
    """Draw the density of weighted values (n,), with lines at the ends of an interval.

    Args:
        ax: matplotlib axes; it gets no scale, and no ticks for the density.
        values: all positive if `log`.
        weights: (n,) of the values.
        ends: where lines are drawn.
        log: the density is that of the decadic logarithm.
        bins: number of them.
    """
    flat: Floats = np.log10(values) if log else values
    heights, edges = np.histogram(flat, bins=bins, weights=weights, density=True)
    edges = 10.0**edges if log else edges
    ax.stairs(heights, edges, color=VALID, fill=True, alpha=0.35)
    ax.stairs(heights, edges, color=VALID, linewidth=1.0)
    for end in ends:
        ax.axvline(end, color="0.5", linewidth=0.6, linestyle=DASHED)
    ax.set_yticks([])


def ranks(ax: Any, values: Floats, group: Ints, bins: int = 20) -> None:
    """Draw how the ranks of values (n,) among all of them are distributed in each group (n,), relative to flat.

    Groups that are drawn from one distribution lie at 1.
    """
    from scipy import stats

    share = (stats.rankdata(values, method="average") - 0.5) / len(values)
    for i, one in enumerate(np.unique(group)):
        heights, edges = np.histogram(share[group == one], bins=bins, range=(0.0, 1.0), density=True)
        ax.stairs(heights, edges, linewidth=0.9, **line_style(i))
    ax.axhline(1.0, color="0.5", linewidth=0.6, linestyle=DASHED)
    ax.set_xlim(0.0, 1.0)
    ax.set_ylim(0.0, None)
    ax.set_xticks([0.0, 0.5, 1.0])
