"""Figures of which constraint kills how many points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from terranova.pages.axis import plain
from terranova.pages.svg import ALONE, OTHERS, RANDOM, VALID, drawn, new_figure
from terranova.runs.diagnosis import Kills, order_of_resistance
from terranova.types import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_BARS = 30
MOST_CELLS = 24


def resisting(kills: Kills, most: int) -> Array:
    """Numbers of the constraints that any point violates, those that most do first."""
    order = order_of_resistance(kills)
    return order[kills.violated[order] > 0][:most]


@drawn
def kill_bars(kills: Kills, random: Kills | None) -> Figure:
    """Bars: share of points that violate each constraint, and number of those that violate nothing else."""
    order = resisting(kills, MOST_BARS)
    known = np.maximum(kills.points - kills.unknown[order], 1)
    rows = np.arange(len(order))
    figure = new_figure(9.6, 1.0 + 0.215 * max(len(order), 3))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.6, 1.0))
    left.barh(rows, 100 * kills.violated[order] / known, height=0.72, color=VALID, label="points of the scan")
    if random is not None and random.points:
        left.plot(
            100 * (1 - random.pass_rate[order]),
            rows,
            linestyle="none",
            marker="D",
            markersize=4.5,
            color=ALONE,
            label="random points",
        )
    left.set_xlim(0, 104)
    left.set_xlabel("violate the constraint [%]")
    left.set_yticks(rows, [plain(kills.names[i]) for i in order])
    left.set_ylim(len(order) - 0.4, -0.6)
    left.grid(axis="y", visible=False)
    left.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.2)
    right.barh(rows, kills.alone[order], height=0.72, color=RANDOM)
    right.set_xlabel("points that violate only this one")
    right.grid(axis="y", visible=False)
    right.tick_params(axis="y", length=0)
    _count_axis(right, int(kills.alone[order].max(initial=0)))
    return figure


def _count_axis(axes: Any, most: int) -> None:
    """A logarithmic axis of counts that shows zero, too."""
    from matplotlib import ticker

    x = axes.xaxis
    if most > 100:
        axes.set_xscale("symlog", linthresh=1.0, linscale=0.5)
        decades = int(np.ceil(np.log10(most)))
        x.set_major_locator(ticker.FixedLocator([0, *(10.0**k for k in range(0, decades + 1, 1 + decades // 6))]))
        x.set_minor_locator(ticker.NullLocator())
    else:
        x.set_major_locator(ticker.MaxNLocator(nbins=5, integer=True))
    axes.set_xlim(0, max(1.0, 1.3 * most))


@drawn
def kill_map(kills: Kills) -> Figure:
    """Heat map: of the points that violate the row's constraint, the share that also violates the column's."""
    order = resisting(kills, MOST_CELLS)
    joint = kills.joint[np.ix_(order, order)]
    share = 100 * joint / np.maximum(np.diag(joint), 1)[:, None]
    names = [plain(kills.names[i]) for i in order]
    size = 2.6 + 0.27 * len(order)
    figure = new_figure(min(9.6, size + 1.2), min(8.6, size))
    axes = figure.subplots()
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    image = axes.imshow(share, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    axes.set_xticks(range(len(order)), names, rotation=55, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(order)), names)
    axes.tick_params(length=0)
    if len(order) <= 12:
        for (i, j), value in np.ndenumerate(share):
            ink = "#000000" if value > 55 else "#ffffff"
            axes.text(j, i, f"{value:.0f}", ha="center", va="center", color=ink, fontsize=7.5)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label("also violate the column's constraint [%]")
    bar.outline.set_visible(False)
    return figure


@drawn
def sets_bars(sets: list[tuple[tuple[str, ...], int]], failing: int) -> Figure:
    """Bars: the smallest sets of constraints that points fail by exactly."""
    rows = np.arange(len(sets))
    figure = new_figure(9.6, 0.8 + 0.24 * max(len(sets), 2))
    axes = figure.subplots()
    counts = np.array([count for _, count in sets])
    axes.barh(rows, counts, height=0.7, color=OTHERS)
    axes.set_yticks(rows, [plain(" + ".join(names)) for names, _ in sets])
    axes.set_ylim(len(sets) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(f"points that violate exactly these (of {failing:,} with a violation)")
    return figure
