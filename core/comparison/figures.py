"""The figures of a comparison's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from terranova.comparison.results import Comparison, ProblemResults
from terranova.comparison.statistics import data_profile, mean, performance_profile
from terranova.pages.svg import drawn, new_figure
from terranova.types import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C8C8C", "#7A5C00")
"""Okabe and Ito's, which the colour-blind can tell apart; with more samplers, dashes tell them apart as well."""

DASHES: tuple[Any, ...] = ("-", (0, (4, 2)), (0, (1, 1.5)))


def style(i: int) -> dict[str, Any]:
    """Return colour and dashes of the i-th sampler of the plan, the same in every figure."""
    return {"color": COLOURS[i % len(COLOURS)], "linestyle": DASHES[(i // len(COLOURS)) % len(DASHES)]}


@drawn
def coverage_curves(problem: ProblemResults) -> Figure:
    """Coverage against evaluations: mean over seeds with its interval; on the right each seed's end."""
    figure = new_figure(9.6, 3.6)
    left, right = figure.subplots(1, 2, width_ratios=[1.6, 1.0])
    order = [row.sampler for row in problem.rows]
    for label in order:
        curves, x = problem.curves(label, "coverage"), problem.curves(label, "evaluations")
        if not len(curves):
            continue
        look = style(problem.labels.index(label))
        bands = [mean(curves[:, i]) for i in range(curves.shape[1])]
        at = np.concatenate([[0.0], x.mean(axis=0)])
        left.plot(at, [0.0, *(b.value for b in bands)], label=label, **look)
        low, high = ([0.0, *(getattr(b, end) for b in bands)] for end in ("low", "high"))
        left.fill_between(at, low, high, color=look["color"], alpha=0.15, linewidth=0)
    left.set_xlabel("evaluations")
    left.set_ylabel("occupied bins of 400")
    left.set_title("Coverage of parameters")
    left.set_xlim(left=0)
    left.set_ylim(bottom=0)
    if left.lines:  # none while no trial has ended
        left.legend(loc="upper left")
    for place, label in enumerate(reversed(order)):
        values = problem.values(label, "coverage")
        values = values[np.isfinite(values)]
        colour = style(problem.labels.index(label))["color"]
        right.plot(values, np.full(len(values), place), "o", color=colour, alpha=0.6, markersize=4)
        right.plot(
            [values.mean()] if len(values) else [], [place] * bool(len(values)), "|", color=colour, markersize=16
        )
    right.set_yticks(range(len(order)), list(reversed(order)))
    right.set_ylim(-0.6, len(order) - 0.4)
    right.set_xlim(left=0)
    right.set_xlabel("occupied bins of 400")
    right.set_title("Each seed")
    return figure


@drawn
def profiles(comparison: Comparison) -> Figure:
    """Trials solved against evaluations, and against the factor to the fastest sampler of the same trial."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    figure = new_figure(9.6, 3.4)
    left, right = figure.subplots(1, 2)
    first = comparison.first_valid()
    labels = [c.label for c in comparison.config.samplers]
    solved = first[np.isfinite(first)]
    start, stop = (float(solved.min()), float(solved.max())) if len(solved) else (1.0, 10.0)
    at: Floats = np.geomspace(max(1.0, 0.8 * start), 1.25 * stop, 300)
    factors: Floats = np.geomspace(1.0, max(2.0, 1.25 * stop / start), 300)
    shares = performance_profile(first, factors)
    for i, label in enumerate(labels):
        left.step(at, data_profile(first[i], at), where="post", label=label, **style(i))
        right.step(factors, shares[i], where="post", **style(i))
    left.set_xlabel("evaluations")
    left.set_ylabel("share of trials with a valid point")
    left.set_title("Data profile")
    right.set_xlabel("factor to the fastest sampler on the same problem and seed")
    right.set_title("Performance profile")
    for axes in (left, right):
        axes.set_xscale("log")
        # Ticks at every power of ten alone would be too few for a range of a decade, nine of each too many.
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(-0.02, 1.04)
    figure.legend(*left.get_legend_handles_labels(), loc="outside right upper")
    return figure
