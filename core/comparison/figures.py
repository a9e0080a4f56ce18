"""The figures of a comparison's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from terranova.comparison.results import Comparison, ProblemResults
from terranova.comparison.statistics import data_profile, mean, performance_profile
from terranova.figures.axis import plain
from terranova.figures.curves import band
from terranova.figures.style import PAGE_WIDTH, line_style, new_figure
from terranova.figures.ticks import log_counts
from terranova.types import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def coverage_curves(problem: ProblemResults) -> Figure:
    """Coverage against evaluations: mean over seeds with its interval; on the right each seed's end."""
    figure = new_figure(PAGE_WIDTH, 3.6)
    left, right = figure.subplots(1, 2, width_ratios=[1.6, 1.0])
    order = [row.sampler for row in problem.rows]
    for sampler in order:
        _mean_curve(left, problem, sampler)
    left.set_xlabel("evaluations")
    left.set_ylabel("occupied bins of 400")
    left.set_title("Coverage of parameters")
    left.set_xlim(left=0)
    left.set_ylim(bottom=0)
    if left.lines:  # none while no trial has ended
        left.legend(loc="upper left")
    for place, sampler in enumerate(reversed(order)):
        values = problem.values(sampler, "coverage")
        values = values[np.isfinite(values)]
        colour = _style(problem.labels, sampler)["color"]
        right.plot(values, np.full(len(values), place), "o", color=colour, alpha=0.6, markersize=4)
        means = [values.mean()] if len(values) else []
        right.plot(means, [place] * len(means), "|", color=colour, markersize=16)
    right.set_yticks(range(len(order)), list(reversed(order)))
    right.set_ylim(-0.6, len(order) - 0.4)
    right.set_xlim(left=0)
    right.set_xlabel("occupied bins of 400")
    right.set_title("Each seed")
    return figure


def _mean_curve(ax: Any, problem: ProblemResults, sampler: str) -> None:
    curves, evaluations = problem.curves(sampler, "coverage"), problem.curves(sampler, "evaluations")
    if not len(curves):
        return
    look = _style(problem.labels, sampler)
    estimates = [mean(curves[:, i]) for i in range(curves.shape[1])]
    at = np.concatenate([[0.0], evaluations.mean(axis=0)])
    middle, low, high = (
        np.array([0.0, *(getattr(estimate, end) for estimate in estimates)]) for end in ("value", "low", "high")
    )
    ax.plot(at, middle, label=plain(sampler), **look)
    band(ax, at, low, high, look["color"])


def _style(labels: list[str], sampler: str) -> dict[str, Any]:
    """Colour and dashes of a sampler: the same in every figure."""
    return line_style(labels.index(sampler))


def profiles(comparison: Comparison) -> Figure:
    """Trials solved against evaluations, and against the factor to the fastest sampler of the same trial."""
    figure = new_figure(PAGE_WIDTH, 3.4)
    left, right = figure.subplots(1, 2)
    first = comparison.first_valid()
    labels = [entry.label for entry in comparison.config.samplers]
    solved = first[np.isfinite(first)]
    start, stop = (float(solved.min()), float(solved.max())) if len(solved) else (1.0, 10.0)
    at: Floats = np.geomspace(max(1.0, 0.8 * start), 1.25 * stop, 300)
    factors: Floats = np.geomspace(1.0, max(2.0, 1.25 * stop / start), 300)
    shares = performance_profile(first, factors)
    for i, label in enumerate(labels):
        left.step(at, data_profile(first[i], at), where="post", label=plain(label), **line_style(i))
        right.step(factors, shares[i], where="post", **line_style(i))
    left.set_xlabel("evaluations")
    left.set_ylabel("share of trials with a valid point")
    left.set_title("Data profile")
    right.set_xlabel("factor to the fastest sampler on the same problem and seed")
    right.set_title("Performance profile")
    for ax in (left, right):
        log_counts(ax.xaxis)
        ax.set_ylim(-0.02, 1.04)
    figure.legend(*left.get_legend_handles_labels(), loc="outside right upper")
    return figure
