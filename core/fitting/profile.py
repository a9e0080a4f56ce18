"""Profile likelihoods: the best that all other parameters can do, for each value of one or two quantities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from terranova.fitting.axes import FAR, Axis, named
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.metric import Metric
from terranova.fitting.optimise import Cost, minimise
from terranova.fitting.progress import Say
from terranova.types import Bools, Floats, Ints

GENERATIONS, GENERATIONS_2D = 120, 60
SPREAD = 0.08
"""First step of the search from the best known point of a bin, in units of the cube."""

FINEST = 0.02
"""Least first step of later searches."""

SWEEPS = 8
"""At most so often is every bin searched again, from the best that it and its neighbours have by then."""

_GAIN = 0.02
"""Bins that gained less ln L than this in a sweep, and whose neighbours did, are finished."""

_HELD = 1e-9
"""A parameter this near to a value, in the unit cube, counts as held there."""

_PULL = 0.1
"""An observable outside its bin costs ((distance / bin width) / _PULL)^2 / 2."""


@dataclass(frozen=True)
class Profile:
    """A profile likelihood over one or two axes.

    Attributes:
        axes: the quantities.
        loglike: (bins,) or (bins, bins), the largest found; -inf where nothing is allowed.
        at: physical values (bins, 1) or (bins, bins, 2) of the quantities at the best point of each bin.
        evaluations: spent on it.
    """

    axes: tuple[Axis, ...]
    loglike: Floats
    at: Floats
    evaluations: int

    def delta_chi2(self, top: float) -> Floats:
        """Return 2 (ln L_max - ln L) in every bin, for the largest log-likelihood `top` of the whole fit."""
        return np.asarray(2.0 * (top - self.loglike))


def profile(
    likelihood: Likelihood,
    axes: Sequence[Axis],
    rng: np.random.Generator,
    *,
    generations: int | None = None,
    say: Say = lambda _: None,
) -> Profile:
    """Maximise the likelihood in every bin, starting from the best points known, then from those of neighbours."""
    before = likelihood.evaluations
    if generations is None:
        generations = GENERATIONS if len(axes) == 1 else GENERATIONS_2D
    shape = tuple(len(axis.centres) for axis in axes)
    held = np.full(int(np.prod(shape)), -np.inf)
    improved = np.ones(len(held), dtype=bool)
    for sweep in range(SWEEPS):
        u, best = _best_known(likelihood, axes, shape)
        top = likelihood.loglikes.max()
        nearly = 1.0 if sweep % 2 == 0 else 0.0  # every other sweep tries any neighbour that is better
        far = FAR + 10.0 if sweep == 0 else FAR
        chosen, starts = _starts(u, best, shape, top, everything=len(axes) == 1, nearly=nearly, far=far)
        wanted = improved[chosen] | beside(improved, shape)[chosen]
        if not wanted.any():
            break
        sweep_text = f"{named(axes)}: sweep {sweep + 1} of at most {SWEEPS}"
        search(
            likelihood,
            axes,
            chosen[wanted],
            starts[wanted],
            rng,
            generations=generations,
            sigma=max(SPREAD * 0.6**sweep, FINEST),
            say=_after(sweep_text, say),
        )
        rows = best_rows(likelihood, axes, shape, held=True)
        now = np.where(rows >= 0, likelihood.loglikes[rows], -np.inf)
        matters = now > top - FAR / 2 - 10.0
        with np.errstate(invalid="ignore"):
            improved = matters & ~(now - held < _GAIN)
        held = now
    return gather(likelihood, axes, likelihood.evaluations - before)


def _after(beginning: str, say: Say) -> Say:
    return lambda rest: say(f"{beginning}, {rest}")


def gather(likelihood: Likelihood, axes: Sequence[Axis], evaluations: int) -> Profile:
    """Return the profile that the points known amount to."""
    shape = tuple(len(axis.centres) for axis in axes)
    rows = best_rows(likelihood, axes, shape, held=True)
    if len(axes) > 1:  # a cell that holds a point is not drawn as excluded because its middle is
        rows = np.where(rows >= 0, rows, best_rows(likelihood, axes, shape))
    best, values = np.full(len(rows), -np.inf), np.full((len(rows), len(axes)), np.nan)
    best[rows >= 0] = likelihood.loglikes[rows[rows >= 0]]
    values[rows >= 0] = likelihood.columns([axis.name for axis in axes])[rows[rows >= 0]]
    return Profile(tuple(axes), best.reshape(shape), values.reshape(*shape, len(axes)), evaluations)


def search(
    likelihood: Likelihood,
    axes: Sequence[Axis],
    cells: Ints,
    starts: Floats,
    rng: np.random.Generator,
    *,
    generations: int,
    sigma: float,
    say: Say = lambda _: None,
) -> None:
    """Maximise in the given cells, all side by side; what is found is among the known points of the likelihood."""
    shape = tuple(len(axis.centres) for axis in axes)
    places = np.stack(np.unravel_index(cells, shape), axis=1)
    held = [axis.column for axis in axes if axis.column is not None]
    free: Ints = np.array([i for i in range(likelihood.dimension) if i not in held], dtype=np.int64)
    periodic: Bools = likelihood.problem.model.space.periodic[free]
    cost = cost_in(likelihood, axes, places, free)

    def cost_with_progress(inner: Floats, which: Ints) -> Floats:
        say(f"{len(np.unique(which))} of {len(cells)} bins go on, {likelihood.evaluations:,} evaluations so far")
        return cost(inner, which)

    minimise(
        cost_with_progress,
        starts[:, free],
        sigma,
        periodic,
        rng,
        generations=generations,
        shape=Metric(likelihood, free, axes, places),
    )


def cost_in(likelihood: Likelihood, axes: Sequence[Axis], places: Ints, free: Ints) -> Cost:
    """Return the cost of points whose `free` columns are given, each in its cell `places` (cells, axes)."""

    def cost(inner: Floats, which: Ints) -> Floats:
        u = np.empty((len(inner), likelihood.dimension))
        u[:, free] = inner
        for i, axis in enumerate(axes):
            if axis.column is not None:
                u[:, axis.column] = axis.middle[places[which, i]]
        batch = likelihood.batch(u)
        paid = likelihood.cost(batch)
        names = likelihood.names[len(likelihood.problem.model.space.names) :]
        for i, axis in enumerate(axes):
            if axis.column is None:
                values = axis.coordinate(batch.observables[:, names.index(axis.name)])
                bins = places[which, i]
                low, high = axis.within(bins)
                outside = np.maximum(0.0, np.maximum(low - values, values - high)) / (high - low)
                paid = paid + np.where(np.isfinite(outside), 0.5 * (outside / _PULL) ** 2, 0.0)
        return paid

    return cost


def _cell_of(likelihood: Likelihood, axes: Sequence[Axis], shape: tuple[int, ...], *, held: bool) -> Ints:
    """Return the flat number of the cell (n,) of every point known, -1 outside all.

    With `held`, only points whose parameters sit at the centres of their bins are in a cell.
    """
    cell: Ints = np.zeros(len(likelihood.loglikes), dtype=np.int64)
    outside = np.zeros(len(cell), dtype=bool)
    for axis, bins in zip(axes, shape, strict=True):
        place = axis.places(likelihood)
        with np.errstate(invalid="ignore"):
            number = np.searchsorted(axis.edges, place, side="right") - 1
            number[place == axis.edges[-1]] = bins - 1
            outside |= ~((place >= axis.edges[0]) & (place <= axis.edges[-1]))
        number = np.clip(number, 0, bins - 1)
        if axis.inset:
            low, high = axis.within(number)
            outside |= ~((place >= low) & (place <= high))
        if held and axis.column is not None:
            outside |= np.abs(place - axis.middle[number]) > _HELD
        cell = cell * bins + number
    cell[outside] = -1
    return cell


def best_rows(likelihood: Likelihood, axes: Sequence[Axis], shape: tuple[int, ...], *, held: bool = False) -> Ints:
    """Return the row of the best point known in each cell, -1 where there is none."""
    cell, loglike = _cell_of(likelihood, axes, shape, held=held), likelihood.loglikes
    rows: Ints = np.full(int(np.prod(shape)), -1, dtype=np.int64)
    inside = np.flatnonzero((cell >= 0) & np.isfinite(loglike))
    order = inside[np.argsort(loglike[inside], kind="stable")]
    rows[cell[order]] = order  # the last, which is the best, stays
    return rows


def several_rows(
    likelihood: Likelihood, axes: Sequence[Axis], shape: tuple[int, ...], wanted: int
) -> list[tuple[int, int]]:
    """Return (cell, row) of up to `wanted` good points of scans in each cell, far from one another."""
    scanned = likelihood.scanned
    cell = _cell_of(likelihood, axes, shape, held=False)[:scanned]
    inside: Ints = np.flatnonzero((cell >= 0) & np.isfinite(likelihood.loglikes[:scanned]))
    inside = inside[np.argsort(cell[inside], kind="stable")]
    cells, begin = np.unique(cell[inside], return_index=True)
    found = []
    for number, rows in zip(cells.tolist(), np.split(inside, begin[1:]), strict=False):
        found += [(number, row) for row in good_and_apart(likelihood, rows, wanted).tolist()]
    return found


def good_and_apart(likelihood: Likelihood, rows: Ints, wanted: int) -> Ints:
    """Choose of the best of some rows up to `wanted`: the best one, then those farthest from the ones before."""
    loglike = likelihood.loglikes[rows]
    good = np.argsort(-loglike, kind="stable")[: 50 * wanted]
    near = rows[good[loglike[good] > loglike[good[0]] - 25.0]]
    u = likelihood.u[near]
    chosen = [0]
    distance = ((u - u[0]) ** 2).sum(axis=1)
    while len(chosen) < min(wanted, len(u)) and distance.max() > 0.0:
        chosen.append(int(distance.argmax()))
        np.minimum(distance, ((u - u[chosen[-1]]) ** 2).sum(axis=1), out=distance)
    return np.asarray(near[chosen])


def _best_known(likelihood: Likelihood, axes: Sequence[Axis], shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return u (cells, d), NaN where none, and the log-likelihood (cells,) of the best point of each cell."""
    rows = best_rows(likelihood, axes, shape)
    known = rows >= 0
    u = np.full((len(rows), likelihood.dimension), np.nan)
    best = np.full(len(rows), -np.inf)
    u[known], best[known] = likelihood.u[rows[known]], likelihood.loglikes[rows[known]]
    return u, best


def beside(cells: Bools, shape: tuple[int, ...]) -> Bools:
    """Return (cells,) True for the neighbours of the given cells."""
    grid = cells.reshape(shape)
    neighbours = np.zeros(shape, dtype=bool)
    for axis in range(len(shape)):
        inner, outer = [slice(None)] * len(shape), [slice(None)] * len(shape)
        inner[axis], outer[axis] = slice(1, None), slice(None, -1)
        neighbours[tuple(inner)] |= grid[tuple(outer)]
        neighbours[tuple(outer)] |= grid[tuple(inner)]
    return neighbours.reshape(-1)


def _starts(
    u: Floats, best: Floats, shape: tuple[int, ...], top: float, *, everything: bool, nearly: float, far: float
) -> tuple[Ints, Floats]:
    """Choose which cells are searched, and from where: their best point, or that of the best neighbour.

    A neighbour is better by more than `nearly` in chi2. Cells of a plane count up to `far`, their neighbours too.
    """
    delta = 2.0 * (top - best).reshape(shape)
    source = np.arange(len(best)).reshape(shape)
    lowest = delta.copy()
    for axis in range(len(shape)):
        for step in (1, -1):
            shifted = np.roll(delta, step, axis=axis)
            origin = np.roll(np.arange(len(best)).reshape(shape), step, axis=axis)
            edge = [slice(None)] * len(shape)
            edge[axis] = slice(0, 1) if step == 1 else slice(-1, None)
            shifted[tuple(edge)] = np.inf
            better = shifted < lowest - nearly
            lowest = np.where(better, shifted, lowest)
            source = np.where(better, origin, source)
    source = source.reshape(-1)
    if everything and not np.isfinite(lowest).all() and np.isfinite(best).any():
        # One axis: every bin is searched, from the nearest bin that has a point.
        known = np.flatnonzero(np.isfinite(best))
        for cell in np.flatnonzero(~np.isfinite(lowest.reshape(-1))):
            source[cell] = known[np.argmin(np.abs(known - cell))]
        chosen = np.arange(len(best))
    else:
        chosen = np.flatnonzero(np.isfinite(lowest.reshape(-1)) & (lowest.reshape(-1) < far))
    chosen = chosen[np.isfinite(u[source[chosen]]).all(axis=1)]
    return chosen, u[source[chosen]]
