"""Many minimisations side by side, so that each step of all of them is one call of the model."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from terranova.types import Bools, Floats, Ints

Cost = Callable[[Floats, Ints], Floats]
"""(u (n, d), which (n,)) -> cost (n,): what the minimisation number `which` pays at u."""

Shape = Callable[[Floats, Ints], Floats]
"""(u (k, d), which (k,)) -> T (k, d, d): steps from u are T z, with z of one size in all directions."""

_CYCLE = 150
"""A run that is still on its way after so many generations begins again from its best point, with a new shape."""

_OUTSIDE = 1e3
"""Beyond the cube the cost of the nearest point within holds, and this times the distance squared on top."""

STEP = 1e-6
"""Of central differences, in units of the cube."""

_TOLERANCE = 1e-4
"""A run ends when its last generations differ by less than this in cost: 2e-4 in chi2."""


def minimise(
    cost: Cost,
    starts: Floats,
    sigma: float,
    periodic: Bools,
    rng: np.random.Generator,
    *,
    generations: int,
    popsize: int = 0,
    shape: Shape | None = None,
) -> tuple[Floats, Floats]:
    """Run CMA-ES from each start, all in step, and return the best of each.

    Source: N. Hansen, arXiv:1604.00772; the implementation is pycma.

    Args:
        cost: of all minimisations.
        starts: (k, d) where each begins.
        sigma: first step size, in units of the shape.
        periodic: (d,) axes that wrap.
        rng: of all random numbers.
        generations: at most.
        popsize: points of a generation; the larger of 4 + 3 ln d and 2 d if 0.
        shape: of the first steps, found anew where a run begins again; the unit cube if None.

    Returns:
        u (k, d) and cost (k,) of the best points seen.
    """
    k, d = starts.shape
    best_u, best = starts.copy(), cost(starts, np.arange(k))
    if d == 0:
        return best_u, best
    size = popsize or max(4 + int(3 * math.log(d)), 2 * d)
    alive: Ints = np.arange(k)
    while generations > 0 and len(alive):
        centres = best_u[alive]
        steps = np.broadcast_to(np.eye(d), (len(alive), d, d)) if shape is None else shape(centres, alive)
        runs = [_pycma(d, sigma, size, child) for child in rng.spawn(len(alive))]
        for _ in range(min(generations, _CYCLE)):
            going = [i for i, run in enumerate(runs) if not run.stop()]
            if not going:
                break
            proposed = [np.asarray(runs[i].ask()) for i in going]
            moved = np.concatenate([centres[i] + z @ steps[i].T for i, z in zip(going, proposed, strict=True)])
            u = np.where(periodic, np.mod(moved, 1.0), np.clip(moved, 0.0, 1.0))
            paid = cost(u, np.repeat(alive[going], size))
            penalised = paid + np.where(periodic, 0.0, _OUTSIDE * (moved - u) ** 2).sum(axis=1)
            for place, i in enumerate(going):
                mine = slice(place * size, (place + 1) * size)
                runs[i].tell(list(proposed[place]), penalised[mine].tolist())
                first = int(np.argmin(paid[mine]))
                if paid[mine][first] < best[alive[i]]:
                    best[alive[i]], best_u[alive[i]] = paid[mine][first], u[mine][first]
        alive = alive[[i for i, run in enumerate(runs) if not run.stop()]]
        generations -= _CYCLE
    return best_u, best


def polish(cost: Cost, u: Floats, which: int, periodic: Bools, *, calls: int = 0) -> tuple[Floats, float]:
    """Improve one minimum with MINUIT's Migrad; never returns a worse one.

    Source: F. James and M. Roos, Comput. Phys. Commun. 10 (1975) 343; the implementation is iminuit.

    Args:
        cost: of all minimisations.
        u: (d,) where it begins.
        which: number of this one.
        periodic: (d,) axes that wrap.
        calls: about so many, beside those for gradients; 200 + 60 d if 0.

    Returns:
        u (d,) and its cost.
    """
    from iminuit import Minuit

    d = len(u)
    mine: Ints = np.array([which])

    def value(place: Floats) -> float:
        return float(cost(np.asarray(place)[None], mine)[0])

    def gradient(place: Floats) -> Floats:
        at = np.asarray(place)
        steps = STEP * np.eye(d)
        around = np.concatenate([at + steps, at - steps])
        inside = np.where(periodic, around, np.clip(around, 0.0, 1.0))
        paid = cost(inside, np.full(2 * d, which))
        width = (inside[:d] - inside[d:]).sum(axis=1)
        return np.asarray((paid[:d] - paid[d:]) / width)

    before = value(u)
    minuit = Minuit(value, np.asarray(u, dtype=float), grad=gradient)
    minuit.errordef = Minuit.LIKELIHOOD
    minuit.print_level = 0
    minuit.limits = [(None, None) if wraps else (0.0, 1.0) for wraps in periodic]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        minuit.migrad(ncall=calls or 200 + 60 * d)
    end = np.array(minuit.values, dtype=float)
    end = np.where(periodic, np.mod(end, 1.0), np.clip(end, 0.0, 1.0))
    after = value(end)
    return (end, after) if after < before else (u, before)


class _Normals:
    """Normal deviates as pycma wants them: called with the shape as arguments."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def __call__(self, *shape: int) -> Floats:
        return self.rng.standard_normal(shape)


def _pycma(d: int, sigma: float, size: int, rng: np.random.Generator) -> Any:
    """Make a pycma run from zero that reads no files, uses no global random state and prints nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import cma

        options = {
            "popsize": size,
            "randn": _Normals(rng),
            "seed": math.nan,
            "signals_filename": None,
            "verbose": -9,
            "tolfun": _TOLERANCE,
            "tolx": 1e-9,
            # In one dimension pycma fails when it limits a step that has grown too large.
            "maxstd": math.inf if d == 1 else None,
        }
        return cma.CMAEvolutionStrategy(np.zeros(d), sigma, options)
