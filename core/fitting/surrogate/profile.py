"""Profiles that a surrogate proposes and the model decides."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from terranova.fitting.axes import FAR, Axis, named
from terranova.fitting.intervals import threshold
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.optimise import polish
from terranova.fitting.profile import Profile, beside, best_rows, cost_in, gather, profile, search
from terranova.fitting.progress import Say
from terranova.fitting.surrogate.likelihood import SurrogateLikelihood
from terranova.fitting.surrogate.training import SurrogateTrainer
from terranova.types import Bools, Floats, Ints

_SWEEPS = 8
_AT_LEVEL, _CLOSE, _LOOSE = 0.01, 0.05, 0.2
"""A bin is finished when the surrogate predicts no more than this in chi2 above what was evaluated: where a curve
crosses a level, elsewhere, and where every level is clearly exceeded."""

_BEYOND = 1.5
"""By so much in Delta chi2."""

_INSET = 0.01
"""See `Axis.inset`; later as much as the surrogate's error of the observable."""

_REFINED = 40
"""Generations on the surrogate after it was trained again, from its maxima before."""

_CALLS = 15
"""Of the model for a look whether the surrogate's maximum is one, at the end of an interval."""

_WRONG = 0.5
"""A bin in which the surrogate is wrong by more in chi2 after all sweeps is searched with the model itself."""


def corrected_profile(
    trainer: SurrogateTrainer, axes: Sequence[Axis], levels: Sequence[float], rng: np.random.Generator, say: Say
) -> tuple[Profile, float, Floats]:
    """Maximise the surrogate in every bin, evaluate what it finds, train it with that, until it predicts no more.

    Bins in which it stays wrong are searched with the model; where a curve crosses a level, smaller errors count.

    Returns:
        the profile, of true evaluations only, the largest error of the surrogate in it, and (cells,) by how much in
        chi2 it still hoped for more in each, where that was not checked any more.
    """
    likelihood, before = trainer.likelihood, trainer.likelihood.evaluations
    shape = tuple(len(axis.centres) for axis in axes)
    wrong: Bools = np.zeros(int(np.prod(shape)), dtype=bool)
    hoped = np.zeros(len(wrong))
    largest_error, inset_axes = 0.0, [replace(axis, inset=_INSET if axis.column is None else 0.0) for axis in axes]
    again = ~wrong  # bins to be searched
    at = np.empty((0, likelihood.dimension))  # the surrogate's maxima
    for sweep in range(_SWEEPS):
        if not trainer.usable:
            return profile(likelihood, axes, rng, say=say), math.inf, np.zeros(len(wrong))
        surrogate_likelihood = trainer.surrogate_likelihood()
        if sweep:
            surrogate_likelihood.batch(at)
            _search(surrogate_likelihood, inset_axes, np.flatnonzero(again), rng, generations=_REFINED, sigma=0.02)
        else:
            profile(surrogate_likelihood, inset_axes, rng)
        rows = best_rows(surrogate_likelihood, inset_axes, shape, held=True)
        at = surrogate_likelihood.u[rows[rows >= 0]]
        predicted = np.where(rows >= 0, surrogate_likelihood.loglikes[rows], -np.inf)
        top = likelihood.loglikes.max()
        true = gather(likelihood, axes, 0).loglike.reshape(-1)
        tolerance = _tolerance(likelihood, axes, predicted, levels)
        with np.errstate(invalid="ignore"):
            doubtful: Ints = np.flatnonzero(
                (predicted > top - 0.5 * FAR - 1.0) & ~(2.0 * (predicted - true) < tolerance)
            )
        wrong[:], hoped[:] = False, 0.0
        if not len(doubtful):
            break
        batch = likelihood.batch(surrogate_likelihood.u[rows[doubtful]])
        inset_axes = [_inset(axis, likelihood, surrogate_likelihood, rows[doubtful]) for axis in axes]
        again = np.zeros(len(wrong), dtype=bool)
        again[doubtful] = True
        again |= beside(again, shape)
        near = batch.loglike > top - 0.5 * FAR
        error = 2.0 * np.abs(batch.loglike - predicted[doubtful])
        wrong[doubtful] = ~(error < np.where(tolerance[doubtful] > _AT_LEVEL, _WRONG, _CLOSE))
        hoped[doubtful] = np.where(error > tolerance[doubtful], error, 0.0)
        largest_error = float(error[near].max(initial=0.0))
        say(f"{named(axes)}: sweep {sweep + 1}, {len(doubtful)} of {len(wrong)} bins evaluated")
        trainer.refit()
    if wrong.any():
        say(f"{named(axes)}: {wrong.sum()} bins are searched with the model")
        held = gather(likelihood, axes, 0).loglike.reshape(-1)
        _search(likelihood, axes, np.flatnonzero(wrong), rng, generations=60, sigma=0.03)
        with np.errstate(invalid="ignore"):
            gained = 2.0 * (gather(likelihood, axes, 0).loglike.reshape(-1) - held)
        hoped[wrong] = np.nan_to_num(gained[wrong], posinf=np.inf)
        trainer.refit()
    return gather(likelihood, axes, likelihood.evaluations - before), largest_error, hoped


def _inset(axis: Axis, likelihood: Likelihood, surrogate_likelihood: SurrogateLikelihood, rows: Ints) -> Axis:
    """Return the axis, with as much left out of its bins as the error of these rows, just evaluated."""
    if axis.column is not None:
        return axis
    true = axis.coordinate(likelihood.column(axis.name)[-len(rows) :])
    error = np.abs(axis.coordinate(surrogate_likelihood.column(axis.name)[rows]) - true)
    error = error[np.isfinite(error)]
    size = float(np.quantile(error, 0.9)) / float(axis.edges[1] - axis.edges[0]) if len(error) else _INSET
    return replace(axis, inset=min(size, 0.25))


def _tolerance(likelihood: Likelihood, axes: Sequence[Axis], predicted: Floats, levels: Sequence[float]) -> Floats:
    """Return (cells,) by how much in chi2 the surrogate may predict more than was evaluated."""
    delta = 2.0 * (float(likelihood.loglikes.max()) - predicted)
    tolerance = np.where(delta > threshold(max(levels), len(axes)) + _BEYOND, _LOOSE, _CLOSE)
    if len(axes) == 1 and axes[0].column is None:  # ends of intervals are interpolated
        for level in levels:
            crossed = np.flatnonzero(np.diff(delta > threshold(level)))
            tolerance[crossed] = tolerance[crossed + 1] = _AT_LEVEL
    return tolerance


def _search(
    likelihood: Likelihood,
    axes: Sequence[Axis],
    cells: Ints,
    rng: np.random.Generator,
    *,
    generations: int,
    sigma: float,
) -> None:
    """Search cells with the model, from the best points known in them."""
    rows = best_rows(likelihood, axes, tuple(len(axis.centres) for axis in axes))[cells]
    cells, rows = cells[rows >= 0], rows[rows >= 0]
    if len(cells):
        search(likelihood, axes, cells, likelihood.u[rows], rng, generations=generations, sigma=sigma)


def climber(trainer: SurrogateTrainer, rng: np.random.Generator) -> Callable[[Axis, Floats], None]:
    """Return what maximises the likelihood where a parameter is held: the surrogate, which the model checks.

    Where it is wrong, MINUIT goes on from there with the model.
    """
    likelihood = trainer.likelihood

    def climb(cell: Axis, start: Floats) -> None:
        free: Ints = np.array([i for i in range(likelihood.dimension) if i != cell.column], dtype=np.int64)
        place: Ints = np.zeros((1, 1), dtype=np.int64)
        cost = cost_in(likelihood, [cell], place, free)
        begin = start
        if trainer.usable:
            surrogate_likelihood = trainer.surrogate_likelihood()
            search(surrogate_likelihood, [cell], np.array([0]), start[None], rng, generations=60, sigma=0.02)
            held = best_rows(surrogate_likelihood, [cell], (1,), held=True)[0]
            if held >= 0:
                begin = surrogate_likelihood.u[held]
                paid = cost(begin[None, free], np.array([0]))[0]
                if 2.0 * abs(paid + surrogate_likelihood.loglikes[held]) < _AT_LEVEL:
                    return
        if len(free):
            polish(cost, begin[free], 0, likelihood.problem.model.space.periodic[free], calls=_CALLS)
        else:
            cost(np.empty((1, 0)), np.array([0]))

    return climb
