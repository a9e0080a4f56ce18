"""Figure of how a run went on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from terranova.pages.svg import OTHERS, VALID, WINDOW, drawn, new_figure
from terranova.reporting.queries import Progress
from terranova.types import Floats, Ints

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BAND = (0.1, 0.9)


@drawn
def progress_curves(progress: Progress) -> Figure:
    """Valid points, best violation and coverage against evaluations, with the spread over islands."""
    panels = 3 if progress.coverage is not None else 2
    figure = new_figure(9.6, 2.9)
    axes = figure.subplots(1, panels)
    x = np.concatenate([[0], progress.evaluations])
    _valid_panel(axes[0], x, progress)
    _violation_panel(axes[1], progress)
    if progress.coverage is not None:
        axes[2].plot(x, np.concatenate([[0.0], progress.coverage]), color=WINDOW)
        axes[2].set_title("Coverage by valid points")
        axes[2].set_ylabel("occupied bins of 400")
        axes[2].set_ylim(0, max(1.0, 1.08 * float(progress.coverage[-1])))
    for one, log in zip(axes, (False, True, False), strict=False):
        _evaluations_axis(one, progress.evaluations, log=log)
    return figure


def _valid_panel(axes: Any, x: Floats, progress: Progress) -> None:
    valid = progress.valid
    total = valid.sum(axis=0)
    axes.plot(x, np.concatenate([[0], total]), color=VALID, label="all islands")
    if len(valid) > 2 and total[-1] > 0:
        low, high = (np.concatenate([[0], q]) for q in np.quantile(valid, _BAND, axis=0) * len(valid))
        axes.fill_between(
            x,
            low,
            high,
            color=VALID,
            alpha=0.18,
            linewidth=0,
            label="if all were as the\n10th–90th percentile",
        )
        axes.legend(loc="upper left")
    axes.set_title("Valid points")
    axes.set_ylabel("valid points")
    axes.set_ylim(0, max(1.0, 1.08 * max(float(line.get_ydata().max()) for line in axes.lines)))
    axes.yaxis.set_major_formatter(_short)


def _violation_panel(axes: Any, progress: Progress) -> None:
    """Best total violation of the islands; zero has no place on a logarithmic axis and ends the curve."""
    best = progress.violation
    x = progress.evaluations
    everyone = best.min(axis=0)
    positive = best[np.isfinite(best) & (best > 0)]
    axes.set_title("Smallest total violation")
    axes.set_ylabel("total violation")
    if not len(positive):
        note = "every point stored is valid" if np.isfinite(best).any() else "every point failed"
        axes.text(0.5, 0.5, note, ha="center", va="center", transform=axes.transAxes)
        axes.set_yticks([])
        return
    axes.set_yscale("log")
    floor = float(positive.min()) / 3
    axes.set_ylim(floor, float(positive.max()) * 2)
    shown = np.where(np.isfinite(best), np.maximum(best, floor * 1e-3), float(positive.max()) * 1e3)
    if len(best) > 2:
        low, middle, high = np.quantile(shown, (_BAND[0], 0.5, _BAND[1]), axis=0, method="nearest")
        axes.fill_between(x, low, high, color=OTHERS, alpha=0.25, linewidth=0, label="islands, 10–90 %")
        axes.plot(x, middle, color=OTHERS, label="median island")
    axes.plot(
        x,
        np.where(everyone > 0, everyone, np.nan),
        color=VALID,
        marker="." if len(x) < 4 else "",
        label="best of all",
    )
    if (everyone == 0).any():
        first = x[int(np.argmax(everyone == 0))]
        axes.axvline(first, color=WINDOW, linewidth=1.2, linestyle=(0, (4, 2)), label="first valid point")
    axes.legend(loc="lower left")


def _evaluations_axis(axes: Any, evaluations: Ints, *, log: bool) -> None:
    """Label the axis; logarithmic for what happens mostly at the beginning."""
    from matplotlib import ticker

    first, last = int(evaluations[0]), int(evaluations[-1])
    axes.set_xlabel("evaluations")
    if log and last > 20 * max(first, 1):
        axes.set_xscale("log")
        axes.set_xlim(max(first, 1), last)
        axes.xaxis.set_major_locator(ticker.LogLocator(numticks=6))
        axes.xaxis.set_minor_locator(ticker.NullLocator())
    else:
        axes.set_xlim(0, max(1, last))
        axes.xaxis.set_major_locator(ticker.MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(_short)


def _short(value: float, _position: int | None = None) -> str:
    """A count in few characters: 500, 50k, 1.5M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
