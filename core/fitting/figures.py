"""Figures of a fit, for its page and, as vector PDF, for a paper: labels in LaTeX with units."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from terranova.figures.axis import label_of
from terranova.figures.curves import delta_chi2_curve, delta_chi2_regions
from terranova.figures.histograms import density, ranks
from terranova.figures.output import save_pdf
from terranova.figures.panels import panels
from terranova.figures.style import COLUMN_WIDTH, new_figure
from terranova.figures.ticks import set_scale
from terranova.fitting.axes import Axis, profile_stem
from terranova.fitting.intervals import threshold

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from terranova.fitting.findings import Findings, ProfileResult
    from terranova.fitting.posterior import Posterior

_log = logging.getLogger(__name__)
_UNKNOWN = 1e3
"""Delta chi2 drawn for a bin without an allowed point: far above what is shown."""


def write_figures(fit: Findings) -> list[Path]:
    """Draw every profile and posterior of a fit into its directory; return the files.

    One that cannot be drawn is left out: numbers and page do not depend on it.

    Raises:
        OSError: a file cannot be written.
    """
    files = []
    for name, draw in _named_figures(fit):
        try:
            files.append(save_pdf(draw, fit.directory / f"{name}.pdf"))
        except OSError:
            raise
        except Exception as error:  # matplotlib and fonts fail in many ways
            _log.warning("%s.pdf could not be drawn: %s", name, error)
    return files


def _named_figures(fit: Findings) -> Iterator[tuple[str, Callable[[], Figure]]]:
    for result in fit.profiles:
        yield profile_stem([axis.name for axis in result.profile.axes]), partial(draw_profile, fit, result)
    for posterior in fit.posteriors:
        yield f"posterior-{posterior.method}", partial(draw_posterior, fit, posterior)
        if posterior.diagnoses:
            yield f"ranks-{posterior.method}", partial(draw_ranks, fit, posterior)


def label(fit: Findings, name: str) -> str:
    """Return the axis label of a quantity: its LaTeX name and unit."""
    return label_of(fit.about[name])


def draw_profile(fit: Findings, result: ProfileResult) -> Figure:
    """A profile likelihood: of one quantity as a curve, of two as regions."""
    return draw_plane(fit, result) if len(result.profile.axes) == 2 else draw_curve(fit, result)


def draw_curve(fit: Findings, result: ProfileResult) -> Figure:
    """Delta chi2 against one quantity, with the confidence levels."""
    profile = result.profile
    axis = profile.axes[0]
    x = axis.centres
    if axis.column is None:
        x = np.where(np.isfinite(profile.at[:, 0]), profile.at[:, 0], x)
    y = np.minimum(profile.delta_chi2(fit.best.loglike), _UNKNOWN)
    if axis.name in fit.best.values and x.min() < fit.best.values[axis.name] < x.max():
        x, y = np.append(x, fit.best.values[axis.name]), np.append(y, 0.0)
    figure = new_figure(COLUMN_WIDTH, 2.5)
    ax = figure.subplots()
    delta_chi2_curve(ax, x, y, {f"{100 * level:g} %": threshold(level) for level in fit.about.levels})
    set_scale(ax.xaxis, _scale(fit, axis))
    ax.set_xlabel(label(fit, axis.name))
    return figure


def draw_plane(fit: Findings, result: ProfileResult) -> Figure:
    """Regions of two quantities at the confidence levels, and the best fit."""
    first, second = result.profile.axes
    best = fit.best.values
    figure = new_figure(COLUMN_WIDTH, 2.9)
    ax = figure.subplots()
    delta_chi2_regions(
        ax,
        first.centres,
        second.centres,
        result.profile.delta_chi2(fit.best.loglike),
        [threshold(level, 2) for level in fit.about.levels],
        (best[first.name], best[second.name]),
    )
    for drawn, axis in ((ax.xaxis, first), (ax.yaxis, second)):
        set_scale(drawn, _scale(fit, axis))
        drawn.set_label_text(label(fit, axis.name))
    return figure


def _scale(fit: Findings, axis: Axis) -> str:
    return "log" if axis.log or (axis.column is not None and fit.about[axis.name].log) else "linear"


def _shown(fit: Findings) -> list[str]:
    """The free parameters, and the profiled quantities."""
    profiled = [axis.name for result in fit.profiles for axis in result.profile.axes]
    return list(dict.fromkeys([*(p.name for p in fit.about.free), *profiled]))


def draw_ranks(fit: Findings, posterior: Posterior) -> Figure:
    """Ranks of every quantity, ensemble by ensemble (arXiv:1903.08008, section 5): a panel for each quantity."""
    known = {one.name for one in posterior.diagnoses}
    names = [name for name in _shown(fit) if name in known]
    walkers = int(posterior.chain.max()) + 1
    ensemble = posterior.chain * posterior.ensembles // walkers
    figure, every = panels(len(names), 3, 2.2, 1.8)
    for ax, name in zip(every, names, strict=True):
        ranks(ax, posterior.column(name), ensemble)
        ax.set_xlabel(label(fit, name))
    return figure


def draw_posterior(fit: Findings, posterior: Posterior) -> Figure:
    """Marginal densities of the free parameters, and of the profiled quantities."""
    names = _shown(fit)
    figure, every = panels(len(names), 3, 2.2, 1.8)
    for ax, name in zip(every, names, strict=True):
        _density(fit, posterior, name, ax)
    return figure


def _density(fit: Findings, posterior: Posterior, name: str, ax: Any) -> None:
    values = posterior.column(name)
    quantity = fit.about[name]
    log = quantity.role == "free" and quantity.log
    profiled = [axis for result in fit.profiles for axis in result.profile.axes if axis.name == name]
    log |= any(axis.log for axis in profiled) and bool((values > 0.0).all())
    density(ax, values, posterior.weights, posterior.credible(name, 0.95), log=log)
    set_scale(ax.xaxis, "log" if log else "linear")
    ax.set_xlabel(label(fit, name))
