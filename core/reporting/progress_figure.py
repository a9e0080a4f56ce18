"""Figure of how a run went on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from terranova.figures.curves import band
from terranova.figures.style import OTHERS, PAGE_WIDTH, VALID, WINDOW, new_figure
from terranova.figures.ticks import evaluations, short_count
from terranova.reporting.queries import Progress
from terranova.types import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BAND = (0.1, 0.9)


def progress_curves(progress: Progress) -> Figure:
    """Valid points, best violation and coverage against evaluations, with the spread over islands."""
    panels = 3 if progress.coverage is not None else 2
    figure = new_figure(PAGE_WIDTH, 2.9)
    every = figure.subplots(1, panels)
    x = np.concatenate([[0], progress.evaluations])
    _valid_panel(every[0], x, progress)
    _violation_panel(every[1], progress)
    if progress.coverage is not None:
        every[2].plot(x, np.concatenate([[0.0], progress.coverage]), color=WINDOW)
        every[2].set_title("Coverage by valid points")
        every[2].set_ylabel("occupied bins of 400")
        every[2].set_ylim(0, max(1.0, 1.08 * float(progress.coverage[-1])))
    first, last = int(progress.evaluations[0]), int(progress.evaluations[-1])
    for ax, log in zip(every, (False, True, False), strict=False):
        evaluations(ax, first, last, log=log)
    return figure


def _valid_panel(ax: Any, x: Floats, progress: Progress) -> None:
    valid = progress.valid
    total = valid.sum(axis=0)
    ax.plot(x, np.concatenate([[0], total]), color=VALID, label="all islands")
    if len(valid) > 2 and total[-1] > 0:
        low, high = (np.concatenate([[0], q]) for q in np.quantile(valid, _BAND, axis=0) * len(valid))
        band(ax, x, low, high, VALID, alpha=0.18, label="if all were as the\n10th–90th percentile")
        ax.legend(loc="upper left")
    ax.set_title("Valid points")
    ax.set_ylabel("valid points")
    ax.set_ylim(0, max(1.0, 1.08 * max(float(line.get_ydata().max()) for line in ax.lines)))
    ax.yaxis.set_major_formatter(short_count)


def _violation_panel(ax: Any, progress: Progress) -> None:
    """Best total violation of the islands; zero has no place on a logarithmic axis and ends the curve."""
    best = progress.violation
    x = progress.evaluations
    everyone = best.min(axis=0)
    positive = best[np.isfinite(best) & (best > 0)]
    ax.set_title("Smallest total violation")
    ax.set_ylabel("total violation")
    if not len(positive):
        note = "every point stored is valid" if np.isfinite(best).any() else "every point failed"
        ax.text(0.5, 0.5, note, ha="center", va="center", transform=ax.transAxes)
        ax.set_yticks([])
        return
    ax.set_yscale("log")
    floor = float(positive.min()) / 3
    ax.set_ylim(floor, float(positive.max()) * 2)
    shown = np.where(np.isfinite(best), np.maximum(best, floor * 1e-3), float(positive.max()) * 1e3)
    if len(best) > 2:
        low, middle, high = np.quantile(shown, (_BAND[0], 0.5, _BAND[1]), axis=0, method="nearest")
        band(ax, x, low, high, OTHERS, alpha=0.25, label="islands, 10–90 %")
        ax.plot(x, middle, color=OTHERS, label="median island")
    ax.plot(
        x,
        np.where(everyone > 0, everyone, np.nan),
        color=VALID,
        marker="." if len(x) < 4 else "",
        label="best of all",
    )
    if (everyone == 0).any():
        first = x[int(np.argmax(everyone == 0))]
        ax.axvline(first, color=WINDOW, linewidth=1.2, linestyle=(0, (4, 2)), label="first valid point")
    ax.legend(loc="lower left")
