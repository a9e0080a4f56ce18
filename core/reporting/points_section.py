"""The sections that show where the points are: projections on two quantities, and histograms of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from terranova.errors import RunError, did_you_mean
from terranova.evaluation.problem import Problem
from terranova.figures.axis import Quantity, observable_axis, parameter_axis
from terranova.interfaces.constraint import acceptance
from terranova.interfaces.model import Observable
from terranova.interfaces.priors import Fixed
from terranova.pages.blocks import Picture, Section
from terranova.pages.text import count, number
from terranova.reporting.point_figures import histograms, projections
from terranova.reporting.projections import Projection, choose_projections
from terranova.reporting.queries import MANY_OBSERVABLES, closest, interesting_observables, sample
from terranova.runs.diagnosis import Kills
from terranova.runs.run import Run
from terranova.store import Field

if TYPE_CHECKING:
    import pandas as pd

MOST_PARAMETERS = 32
MOST_OBSERVABLES = 24

_EXTRA = (
    Field("loglike", latex=r"\ln L"),
    Field("total_violation", description="sum of all violations"),
)
"""Columns that may be axes or colours without being parameters or observables."""


@dataclass(frozen=True)
class Points:
    """Samples of a run's points, and how their columns are drawn.

    Attributes:
        valid: of the valid points.
        every: of all points.
        nearest: the points of smallest total violation, when none is valid.
        parameters, observables: names of the columns that vary, in order.
        foremost: the observables that get a histogram.
        windows: observable -> what its constraints accept.
        fields: of every column in the samples.
        axes: of every column, for histograms.
        declared: observables as the model declares them; empty when it is not installed.
    """

    valid: pd.DataFrame
    every: pd.DataFrame
    nearest: pd.DataFrame
    parameters: Sequence[str]
    observables: Sequence[str]
    foremost: Sequence[str]
    windows: Mapping[str, tuple[float, float]]
    fields: Mapping[str, Field]
    axes: Mapping[str, Quantity]
    declared: Mapping[str, Observable]

    @property
    def shown(self) -> pd.DataFrame:
        """What projections show: the valid points, or else those that come closest."""
        return self.valid if len(self.valid) else self.nearest


def gather_points(run: Run, problem: Problem | None, kills: Kills) -> Points | None:
    """Sample a run's points; None when nothing is stored."""
    if not run.count:
        return None
    parameters = [p.name for p in run.parameters]
    observables = interesting_observables(run, problem, kills, MANY_OBSERVABLES)
    columns = [*parameters, *observables]
    valid = sample(run, columns, run.found)
    every = sample(run, columns, "true")
    nearest = every.iloc[:0] if len(valid) else closest(run, columns)
    windows = {} if problem is None else acceptance(problem.constraints)
    declared = {} if problem is None else {p.name: p for p in problem.model.space}
    fields = {f.name: f for f in (*run.parameters, *run.observables, *_EXTRA) if f.name in every}
    kinds = {} if problem is None else {o.name: o for o in problem.model.observables}
    best = valid if len(valid) else nearest
    axes = {}
    for name, field in fields.items():
        values, others = best[name].to_numpy(), every[name].to_numpy()
        if name in parameters:
            axes[name] = parameter_axis(declared.get(name), field, others)
        else:
            window = windows.get(name, (-float("inf"), float("inf")))
            axes[name] = observable_axis(field, values, others, window, _scale_of(kinds, name))
    fixed = {name for name, p in declared.items() if isinstance(p.prior, Fixed)}
    return Points(
        valid,
        every,
        nearest,
        [name for name in parameters if name not in fixed],
        observables,
        interesting_observables(run, problem, kills, MOST_OBSERVABLES),
        windows,
        fields,
        axes,
        kinds,
    )


def _scale_of(declared: Mapping[str, Observable], name: str) -> str:
    return declared[name].scale if name in declared else ""


def plane_section(run: Run, problem: Problem | None, points: Points) -> Section | None:
    """Return the section of the planes that the model names; None when it names none that could be drawn."""
    if problem is None or not len(points.shown):
        return None
    stored = {f.name for f in (*run.parameters, *run.observables)}
    fixed = {p.name for p in problem.model.space if isinstance(p.prior, Fixed)}
    panels = [
        Projection(x, y, colour[0] if colour else "")
        for x, y, *colour in problem.model.plugin.planes
        if {x, y, *colour} <= stored and not {x, y} & fixed
    ]
    points = _with_columns(run, points, panels)
    panels = [p for p in panels if points.shown[[p.x, p.y]].notna().all(axis=1).any()]
    if not panels:
        return None
    caption = (
        f"Shown: {_which(run, points)}. The planes are those that the model names. Dashed: ends of what the "
        "constraints on that observable alone accept. The density of points shows where the sampler went, not what "
        "is likely."
    )
    draw = partial(
        projections, points.shown, panels, _axes_of_projections(points), _categories(points), points.windows
    )
    return Section("planes", "Planes of the model", [Picture(draw, caption)])


def _categories(points: Points) -> dict[str, tuple[str, ...]]:
    return {name: observable.categories for name, observable in points.declared.items() if observable.categories}


def _which(run: Run, points: Points) -> str:
    """Say which points a scatter plot shows."""
    total, drawn = run.valid_count, len(points.shown)
    if not len(points.valid):
        return f"the {count(drawn, 'point')} of smallest total violation; none is valid"
    if drawn == total:
        return f"all {count(total, 'valid point')}"
    return f"{number(drawn)} of {number(total)} valid points, evenly drawn"


def projection_section(run: Run, points: Points, panels: Sequence[Projection] | None) -> Section | None:
    """Return the section of scatter plots; None when there is nothing to plot against one another."""
    if panels is not None:
        points = _with_columns(run, points, panels)
    elif len(points.valid):
        panels = choose_projections(points.valid, points.parameters, points.observables)
    else:
        pairs = choose_projections(points.nearest, points.parameters, [], panels=9)
        panels = [Projection(p.x, p.y, "total_violation") for p in pairs]
    if not panels or not len(points.shown):
        return None
    if len(points.valid):
        title = "Where the valid points are"
        colour = "the observable named at the bar, of those that vary most over the panel"
    else:
        title = "Where the closest points are"
        colour = "total violation"
    how = (
        "the pairs of parameters and observables with the largest mutual information"
        if len(points.valid)
        else "pairs of parameters"
    )
    caption = (
        f"Shown: {_which(run, points)}. Axes: {how}, with the scales and ranges of the priors; colour: {colour}, "
        "without its outermost percent. The density of points shows where the sampler went, not what is likely."
    )
    draw = partial(projections, points.shown, panels, _axes_of_projections(points), _categories(points))
    return Section("projections", title, [Picture(draw, caption)])


def _with_columns(run: Run, points: Points, panels: Sequence[Projection]) -> Points:
    """Make sure that the columns asked for exist and are in the samples."""
    asked = {name for panel in panels for name in (panel.x, panel.y, panel.colour) if name}
    known = {f.name: f for f in (*run.parameters, *run.observables, *_EXTRA)}
    for name in sorted(asked - set(known)):
        raise RunError(f"A projection asks for {name!r}, which the points do not have{did_you_mean(name, known)}.")
    missing = sorted(asked - set(points.fields))
    if not missing:
        return points
    columns = [*(name for name in points.fields if name not in {f.name for f in _EXTRA}), *missing]
    valid = sample(run, columns, run.found)
    nearest = points.nearest if len(valid) else closest(run, columns)
    fields = {**points.fields, **{name: known[name] for name in missing}}
    return replace(points, valid=valid, nearest=nearest, fields=fields)


def _axes_of_projections(points: Points) -> dict[str, Quantity]:
    """Parameters over all of their priors, everything else over the points shown."""
    axes = {}
    for name, field in points.fields.items():
        values = points.shown[name].to_numpy()
        if name in points.parameters:
            axes[name] = points.axes[name]
        else:
            axes[name] = observable_axis(field, values, values, scale=_scale_of(points.declared, name))
    return axes


def histogram_section(run: Run, points: Points) -> Section:
    """Return the section of histograms."""
    parameters = [points.axes[name] for name in points.parameters][:MOST_PARAMETERS]
    observables = [points.axes[name] for name in points.foremost if points.every[name].notna().any()]
    samples = f"{number(len(points.every))} of {number(run.count)} stored points (grey line)"
    if len(points.valid):
        samples = f"{number(len(points.valid))} of {number(run.valid_count)} valid points (blue) and {samples}"
    pictures = []
    if parameters:
        some = (
            f", the first {len(parameters)} of {len(points.parameters)}"
            if len(parameters) < len(points.parameters)
            else ""
        )
        pictures.append(
            Picture(
                partial(histograms, points.valid, points.every, parameters),
                f"Parameters{some}: {samples}. All histograms add up to one; bins are equally wide on the scale of "
                "the prior.",
                narrow=len(parameters) < 3,
            )
        )
    if observables:
        fewer = len(observables) < len(run.observables)
        some = f", {len(observables)} of {len(run.observables)}, read by the constraints that most points violate"
        band = " Green bands: what the constraints on that observable alone accept." if points.windows else ""
        pictures.append(
            Picture(
                partial(histograms, points.valid, points.every, observables, points.windows),
                f"Observables{some if fewer else ''}: {samples}.{band} "
                "Points beyond the range shown count in the normalisation.",
                narrow=len(observables) < 3,
            )
        )
    return Section("histograms", "Parameters and observables", pictures)
