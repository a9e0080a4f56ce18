"""Figures of surrogates' pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from terranova.pages.svg import drawn, new_figure
from terranova.types import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from terranova.surrogates.validation import Quality

SHOWN = 1500
"""Points drawn in a panel at most: each is an element of the SVG."""

PANELS = 9
DOT = "#0072B2"


@drawn
def predicted_against_true(qualities: Sequence[Quality]) -> Figure:
    """One panel for each prediction."""
    shown = list(qualities[:PANELS])
    columns = min(3, len(shown))
    lines = math.ceil(len(shown) / columns)
    figure = new_figure(3.2 * columns, 3.0 * lines)
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for panel, quality in zip(panels, shown, strict=False):
        pairs = quality.pairs[:SHOWN]
        positive = bool((pairs > 0.0).all()) and pairs.max() > 30.0 * pairs.min()
        low, high = float(pairs[:, 0].min()), float(pairs[:, 0].max())
        panel.plot([low, high], [low, high], color="#8C8C8C", linewidth=0.8)
        panel.plot(pairs[:, 0], pairs[:, 1], ".", markersize=2.0, alpha=0.5, color=DOT)
        if positive:
            panel.set_xscale("log")
            panel.set_yscale("log")
        panel.set_title(quality.name)
        panel.set_xlabel("true")
        panel.set_ylabel("predicted")
    for panel in panels[len(shown) :]:
        panel.set_axis_off()
    return figure


@drawn
def shap_summary(names: Sequence[str], values: Floats, u: Floats) -> Figure:
    """A line of dots for each parameter, the strongest on top; colour is its value within the prior."""
    order = np.argsort(np.abs(values).mean(axis=0))
    figure = new_figure(7.0, 0.9 + 0.42 * len(names))
    panel = figure.subplots()
    jitter = np.random.default_rng(0).uniform(-0.28, 0.28, len(values))
    for place, i in enumerate(order):
        dots = panel.scatter(values[:, i], place + jitter, c=u[:, i], s=4.0, vmin=0.0, vmax=1.0, linewidths=0.0)
    panel.axvline(0.0, color="#8C8C8C", linewidth=0.8)
    panel.set_yticks(range(len(names)), [names[i] for i in order])
    panel.set_xlabel("SHAP value: what the parameter adds to the prediction")
    bar = figure.colorbar(dots, ax=panel, ticks=[0.0, 1.0])
    bar.ax.set_yticklabels(["low", "high"])
    bar.set_label("parameter, within its prior")
    return figure


@drawn
def shap_dependence(names: Sequence[str], values: Floats, x: Floats, logarithmic: Sequence[str]) -> Figure:
    """SHAP value against the parameter, for the three strongest."""
    order = np.argsort(-np.abs(values).mean(axis=0))[:3]
    figure = new_figure(9.6, 3.0)
    panels = figure.subplots(1, len(order), squeeze=False).ravel()
    for panel, i in zip(panels, order, strict=True):
        panel.plot(x[:, i], values[:, i], ".", markersize=2.5, alpha=0.5, color=DOT)
        if logarithmic[i] == "symlog":
            panel.set_xscale("symlog", linthresh=float(np.abs(x[:, i]).min()) or 1.0)
        else:
            panel.set_xscale(logarithmic[i])
        panel.set_xlabel(names[i])
        panel.set_ylabel("SHAP value")
    return figure
