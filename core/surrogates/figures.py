"""Figures of surrogates' pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from terranova.figures.axis import plain
from terranova.figures.panels import panels
from terranova.figures.scatter import against_truth, dots
from terranova.figures.style import OTHERS, PAGE_WIDTH, new_figure
from terranova.types import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from terranova.surrogates.validation import Quality

SHOWN = 1500
"""Points drawn in a panel at most: each is an element of the SVG."""

PANELS = 9


def predicted_against_true(qualities: Sequence[Quality]) -> Figure:
    """One panel for each prediction."""
    shown = qualities[:PANELS]
    figure, every = panels(len(shown), 3, 3.2, 3.0)
    for ax, quality in zip(every, shown, strict=True):
        against_truth(ax, quality.pairs[:SHOWN, 0], quality.pairs[:SHOWN, 1])
        ax.set_title(plain(quality.name))
    return figure


def shap_summary(names: Sequence[str], values: Floats, u: Floats) -> Figure:
    """A line of dots for each parameter, the strongest on top; colour is its value within the prior."""
    order = np.argsort(np.abs(values).mean(axis=0))
    figure = new_figure(7.0, 0.9 + 0.42 * len(names))
    ax = figure.subplots()
    jitter = np.random.default_rng(0).uniform(-0.28, 0.28, len(values))
    for place, i in enumerate(order):
        points = ax.scatter(values[:, i], place + jitter, c=u[:, i], s=4.0, vmin=0.0, vmax=1.0, linewidths=0.0)
    ax.axvline(0.0, color=OTHERS, linewidth=0.8)
    ax.set_yticks(range(len(names)), [plain(names[i]) for i in order])
    ax.set_xlabel("SHAP value: what the parameter adds to the prediction")
    bar = figure.colorbar(points, ax=ax, ticks=[0.0, 1.0])
    bar.ax.set_yticklabels(["low", "high"])
    bar.set_label("parameter, within its prior")
    return figure


def shap_dependence(names: Sequence[str], values: Floats, x: Floats, scales: Sequence[str]) -> Figure:
    """SHAP value against the parameter, for the three strongest."""
    order = np.argsort(-np.abs(values).mean(axis=0))[:3]
    figure = new_figure(PAGE_WIDTH, 3.0)
    for ax, i in zip(figure.subplots(1, len(order), squeeze=False).flat, order, strict=True):
        dots(ax, x[:, i], values[:, i], size=2.5)
        if scales[i] == "symlog":
            ax.set_xscale("symlog", linthresh=float(np.abs(x[:, i]).min()) or 1.0)
        else:
            ax.set_xscale(scales[i])
        ax.set_xlabel(plain(names[i]))
        ax.set_ylabel("SHAP value")
    return figure
