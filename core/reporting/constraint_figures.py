"""Figures of which constraint kills how many points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from terranova.figures.bars import named_bars, share_map
from terranova.figures.style import ALONE, OTHERS, PAGE_WIDTH, RANDOM, VALID, new_figure
from terranova.figures.ticks import counts_with_zero
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


def kill_bars(kills: Kills, random: Kills | None) -> Figure:
    """Bars: share of points that violate each constraint, and number of those that violate nothing else."""
    order = resisting(kills, MOST_BARS)
    names = [kills.names[i] for i in order]
    known = np.maximum(kills.points - kills.unknown[order], 1)
    figure = new_figure(PAGE_WIDTH, 1.0 + 0.215 * max(len(order), 3))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.6, 1.0))
    named_bars(left, names, 100 * kills.violated[order] / known, VALID, label="points of the scan")
    if random is not None and random.points:
        left.plot(
            100 * (1 - random.pass_rate[order]),
            range(len(order)),
            linestyle="none",
            marker="D",
            markersize=4.5,
            color=ALONE,
            label="random points",
        )
    left.set_xlim(0, 104)
    left.set_xlabel("violate the constraint [%]")
    left.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.2)
    named_bars(right, names, kills.alone[order], RANDOM)
    right.set_xlabel("points that violate only this one")
    right.tick_params(axis="y", length=0)
    counts_with_zero(right, int(kills.alone[order].max(initial=0)))
    return figure


def kill_map(kills: Kills) -> Figure:
    """Heat map: of the points that violate the row's constraint, the share that also violates the column's."""
    order = resisting(kills, MOST_CELLS)
    joint = kills.joint[np.ix_(order, order)]
    percent = 100 * joint / np.maximum(np.diag(joint), 1)[:, None]
    size = 2.6 + 0.27 * len(order)
    figure = new_figure(min(PAGE_WIDTH, size + 1.2), min(8.6, size))
    share_map(
        figure.subplots(), [kills.names[i] for i in order], percent, "also violate the column's constraint [%]"
    )
    return figure


def sets_bars(sets: list[tuple[tuple[str, ...], int]], failing: int) -> Figure:
    """Bars: the smallest sets of constraints that points fail by exactly."""
    figure = new_figure(PAGE_WIDTH, 0.8 + 0.24 * max(len(sets), 2))
    ax = figure.subplots()
    named_bars(ax, [" + ".join(names) for names, _ in sets], np.array([n for _, n in sets]), OTHERS, height=0.7)
    ax.set_xlabel(f"points that violate exactly these (of {failing:,} with a violation)")
    return figure
