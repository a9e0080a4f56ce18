"""Axes of profiles: bins in the coordinate in which they are equally wide."""

from __future__ import annotations

import numpy as np
import pytest
from support.fit_problems import likelihood, measured, problem

from terranova.fitting.axes import make_axis
from terranova.fitting.best import find_best
from terranova.fitting.intervals import intervals, threshold
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.profile import profile

pytestmark = pytest.mark.integration

LEVELS = (0.68, 0.95)


def _found(known: Likelihood, name: str, bins: int = 24, **more: object) -> tuple[list, float]:
    """The intervals of one quantity, and the best value of ln L."""
    rng = np.random.default_rng(5)
    best = find_best(known, rng, starts=4)
    curve = profile(known, [make_axis(known, name, bins, more.pop("limits", None), **more)], rng)
    return intervals(known, curve, LEVELS, rng), best.loglike


@pytest.mark.parametrize(("name", "scale"), [("size", "linear"), ("scale", "log")])
def test_logarithmic_quantity(name: str, scale: str) -> None:
    """As a parameter with a logarithmic prior, and as an observable on a logarithmic axis."""
    constraints = [measured("decades", 1.0, 0.25)]
    known = likelihood(problem({"name": "fit-simple"}, constraints, parameters={"phi": 0, "x": 0}))
    limits = {} if scale == "linear" else {"limits": (1e-1, 1e3), "log": True}
    found, _ = _found(known, name, bins=48, **limits)
    ((low, high),) = found[1].parts
    assert np.log10(low) == pytest.approx(1.0 - 0.25 * threshold(0.95) ** 0.5, abs=5e-3)
    assert np.log10(high) == pytest.approx(1.0 + 0.25 * threshold(0.95) ** 0.5, abs=5e-3)
