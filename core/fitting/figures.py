"""Figures of a fit for a paper: vector PDF, labels in LaTeX with units."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from terranova.fitting.axes import Axis
from terranova.fitting.intervals import threshold
from terranova.types import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from terranova.fitting.posterior import Posterior
    from terranova.fitting.steps import Fit, ProfileResult

WIDTH = 3.4
"""Inches: a column of a two-column paper."""

_STYLE: Mapping[str, Any] = {
    "font.family": "serif",
    "mathtext.fontset": "cm",
    "font.serif": ["DejaVu Serif"],
    "font.size": 9.0,
    "axes.linewidth": 0.7,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "legend.frameon": False,
    "pdf.fonttype": 42,
}
_LINE, _FILL, _STAR = "#0072B2", ("#0B4F7D", "#4F93BF", "#BFD9EA"), "#D55E00"
_HIGHEST = 12.0
"""Delta chi2 shown."""


def write_figures(fit: Fit) -> list[Path]:
    """Draw every profile and posterior of a fit into its directory; return the files."""
    from matplotlib import rc_context

    files = []
    with rc_context(dict(_STYLE)):
        for result in fit.profiles:
            names = [axis.name for axis in result.profile.axes]
            figure = draw_curve(fit, result) if len(names) == 1 else draw_plane(fit, result)
            files.append(_save(figure, fit.config.output / f"profile-{'-'.join(names)}.pdf"))
        for found in fit.posteriors:
            files.append(_save(draw_posterior(fit, found), fit.config.output / f"posterior-{found.method}.pdf"))
    return files


def _save(figure: Figure, path: Path) -> Path:
    logging.getLogger("fontTools").setLevel(logging.ERROR)  # it warns of the dates within matplotlib's fonts
    temporary = path.with_name(path.name + ".tmp")
    figure.savefig(temporary, format="pdf", metadata={"CreationDate": None})
    temporary.replace(path)
    return path


def label(fit: Fit, name: str) -> str:
    """Return the axis label of a quantity: its LaTeX name and unit."""
    things = (*fit.problem.model.space, *fit.problem.model.observables)
    thing = next(t for t in things if t.name == name)
    text = f"${thing.latex}$" if thing.latex else name
    return text if thing.unit == "1" else f"{text} [{_unit(thing.unit)}]"


def _unit(unit: str) -> str:
    """Return a unit with its powers raised: GeV^2 as GeV$^{2}$."""
    base, _, power = unit.partition("^")
    return f"{base}$^{{{power}}}$" if power else unit


def _new(height: float) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.subplots()


def _scale(fit: Fit, axis: Axis) -> str:
    from terranova.interfaces.priors import LogUniform

    if axis.column is None:
        return "log" if axis.log else "linear"
    return "log" if isinstance(fit.problem.model.space.free[axis.column].prior, LogUniform) else "linear"


def _set_scale(axes: Any, which: str, scale: str) -> None:
    """Scale an axis; on a logarithmic one of more than a decade only powers of ten are labelled."""
    from matplotlib.ticker import NullFormatter

    getattr(axes, f"set_{which}scale")(scale)
    low, high = getattr(axes, f"get_{which}lim")()
    if scale == "log" and low > 0.0 and high > 10.0 * low:
        getattr(axes, f"{which}axis").set_minor_formatter(NullFormatter())


def draw_curve(fit: Fit, result: ProfileResult) -> Figure:
    """Delta chi2 against one quantity, with the confidence levels."""
    found = result.profile
    axis = found.axes[0]
    figure, axes = _new(2.5)
    x = axis.centres
    if axis.column is None:
        x = np.where(np.isfinite(found.at[:, 0]), found.at[:, 0], x)
    y = np.minimum(found.delta_chi2(fit.best.loglike), 1e3)
    if axis.name in fit.best.values and x.min() < fit.best.values[axis.name] < x.max():
        x, y = np.append(x, fit.best.values[axis.name]), np.append(y, 0.0)
    order = np.argsort(x, kind="stable")
    axes.plot(x[order], y[order], color=_LINE, linewidth=1.3)
    ends = y[order][[0, -1]]
    for level in fit.config.levels:
        axes.axhline(threshold(level), color="0.6", linewidth=0.6, linestyle=(0, (4, 3)))
        right = bool(abs(ends[1] - threshold(level)) >= abs(ends[0] - threshold(level)))  # where the curve is not
        axes.annotate(
            f"{100 * level:g} %",
            (float(right), threshold(level)),
            xycoords=("axes fraction", "data"),
            xytext=(-3 if right else 3, 2),
            textcoords="offset points",
            ha="right" if right else "left",
            fontsize=7,
            color="0.4",
        )
    axes.set_xlim(float(np.min(x)), float(np.max(x)))
    _set_scale(axes, "x", _scale(fit, axis))
    axes.set_ylim(0.0, _HIGHEST)
    axes.set_xlabel(label(fit, axis.name))
    axes.set_ylabel(r"$\Delta\chi^2$")
    return figure


def draw_plane(fit: Fit, result: ProfileResult) -> Figure:
    """Regions of two quantities at the confidence levels, and the best fit."""
    from matplotlib.colors import LinearSegmentedColormap

    found = result.profile
    figure, axes = _new(2.9)
    first, second = found.axes
    edges = [0.0, *(threshold(level, 2) for level in fit.config.levels)]
    # The root is nearly straight between cells; beyond the last level its size does not matter.
    depth = np.sqrt(np.clip(found.delta_chi2(fit.best.loglike), 0.0, 4.0 * edges[-1]))
    levels = np.sqrt(edges)
    shades = LinearSegmentedColormap.from_list("levels", _FILL)(np.linspace(0.0, 1.0, len(fit.config.levels)))
    if depth.min() < levels[-1]:
        axes.contourf(first.centres, second.centres, depth.T, levels=levels, colors=shades)
        drawn = [level for level in levels[1:] if level > depth.min()]
        axes.contour(first.centres, second.centres, depth.T, levels=drawn, colors="#08324F", linewidths=0.8)
    best = fit.best.values
    axes.plot(best[first.name], best[second.name], marker="*", color=_STAR, markersize=8, linestyle="none")
    for which, axis in (("x", first), ("y", second)):
        _set_scale(axes, which, _scale(fit, axis))
        getattr(axes, f"set_{which}label")(label(fit, axis.name))
        # The best fit may lie outside the range that was asked for.
        getattr(axes, f"set_{which}lim")(float(axis.centres[0]), float(axis.centres[-1]))
    return figure


def draw_posterior(fit: Fit, found: Posterior) -> Figure:
    """Marginal densities of the free parameters, and of the profiled quantities."""
    from matplotlib.figure import Figure

    wanted = [axis.name for result in fit.profiles for axis in result.profile.axes]
    names = list(dict.fromkeys([*(p.name for p in fit.problem.model.space.free), *wanted]))
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(2.2 * columns, 1.8 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for i, axes in enumerate(grid.flat):
        if i >= len(names):
            axes.set_axis_off()
            continue
        _density(fit, found, names[i], axes)
    return figure


def _density(fit: Fit, found: Posterior, name: str, axes: Any) -> None:
    from terranova.interfaces.priors import LogUniform

    values = found.column(name)
    free = {p.name: p for p in fit.problem.model.space.free}
    logarithmic = name in free and isinstance(free[name].prior, LogUniform)
    profiled = [axis for result in fit.profiles for axis in result.profile.axes if axis.name == name]
    logarithmic |= any(axis.log for axis in profiled) and bool((values > 0.0).all())
    flat: Floats = np.log10(values) if logarithmic else values
    density, edges = np.histogram(flat, bins=30, weights=found.weights, density=True)
    edges = 10.0**edges if logarithmic else edges
    axes.stairs(density, edges, color=_LINE, fill=True, alpha=0.35)
    axes.stairs(density, edges, color=_LINE, linewidth=1.0)
    for end in found.credible(name, 0.95):
        axes.axvline(end, color="0.5", linewidth=0.6, linestyle=(0, (4, 3)))
    _set_scale(axes, "x", "log" if logarithmic else "linear")
    axes.set_yticks([])
    axes.set_xlabel(label(fit, name))
