"""What lies at an end of its prior: there, the prior says more than the data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from terranova.interfaces.parameters import Parameter
from terranova.interfaces.priors import SignedLogUniform
from terranova.types import Floats

if TYPE_CHECKING:
    from terranova.evaluation.problem import Problem
    from terranova.fitting.posterior import Posterior

NEAR = 1e-4
"""Share of a prior: what is nearer to its end lies at it. Searches end no nearer than that to where they lead."""

_DENSITY = math.exp(-2.0)
"""A density at an end that is larger, relative to the largest, has not fallen by two standard deviations."""

_BINS = 20


def best_at_ends(problem: Problem, u: Floats) -> dict[str, str]:
    """Return which free parameters lie at an end of their priors, at a point u (d,) of the unit cube.

    Returns:
        name -> "lower" or "upper"; "inner" at the smallest size of a prior of both signs. A periodic prior has no
        end, neither has one without bounds.
    """
    found = {}
    for parameter, place in zip(problem.model.space.free, u.tolist(), strict=True):
        for end, at in _ends(parameter).items():
            if abs(place - at) <= NEAR:
                found[parameter.name] = end
    return found


def posterior_at_ends(problem: Problem, posterior: Posterior) -> dict[str, str]:
    """Return of which free parameters the posterior has not fallen off before an end of the prior.

    Returns:
        name -> "lower", "upper" or "both".
    """
    found = {}
    space = problem.model.space
    places = space.to_unit(np.column_stack([posterior.column(name) for name in space.names]))
    for axis, parameter in enumerate(space.free):
        u = places[:, axis]
        low, high = float(u.min()), float(u.max())
        if high <= low:
            continue
        heights, _ = np.histogram(u, _BINS, weights=posterior.weights)
        piled = heights[[0, -1]] > _DENSITY * heights.max()
        width = (high - low) / _BINS
        ends = [
            end
            for end, reached, there in (("lower", low, piled[0]), ("upper", 1.0 - high, piled[1]))
            if end in _ends(parameter) and there and reached < width
        ]
        if ends:
            found[parameter.name] = "both" if len(ends) == 2 else ends[0]
    return found


def end_text(end: str) -> str:
    """Return an end in words, "at the lower end of its prior"; "" for no end."""
    return f"at the {end} end of its prior" if end else ""


def ends_sentences(ends: Mapping[str, str]) -> list[str]:
    """Say what it means that the best fit lies at ends of priors; nothing where it does not."""
    if not ends:
        return []
    what = ", ".join(f"{name} {end_text(end)}" for name, end in ends.items())
    return [
        f"The best fit has {what}: the likelihood may be larger beyond, and the p-value and intervals by Wilks' "
        "theorem are not what they seem. Widen the prior, or say that it is a bound."
    ]


def reaching_sentences(ends: Mapping[str, str]) -> list[str]:
    """Say what it means that posteriors reach ends of priors; nothing where they do not."""
    if not ends:
        return []
    what = ", ".join(f"{name} ({end})" for name, end in ends.items())
    return [
        f"The posterior has not fallen off at an end of the prior of {what}: its mean and its central intervals "
        "depend on where the prior ends."
    ]


def _ends(parameter: Parameter) -> dict[str, float]:
    """Return the ends of a prior, and where they are in the unit cube."""
    prior = parameter.prior
    if prior.periodic:
        return {}
    ends = {}
    low, high = prior.support
    if math.isfinite(low):
        ends["lower"] = 0.0
    if math.isfinite(high):
        ends["upper"] = 1.0
    if isinstance(prior, SignedLogUniform):
        ends["inner"] = 0.5
    return ends
