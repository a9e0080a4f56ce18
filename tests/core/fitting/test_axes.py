"""Axes of profiles: bins in the coordinate in which they are equally wide."""

from __future__ import annotations

import numpy as np
import pytest
from support.fit_problems import likelihood, measured, problem

from terranova.fitting.axes import make_axis, profile_stem
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


def test_any_name_of_a_quantity_can_be_in_the_name_of_a_file() -> None:
    assert profile_stem(["m_H", "a.1"]) == "profile-m_H-a.1", "as it always was"
    odd = [["a/b"], ["a_b"], ["a", "b"], ["../../etc/x"], ["é" * 100, "ü" * 100], ["é" * 100, "ü" * 99 + "u"]]
    stems = [profile_stem(names) for names in odd]
    assert len(set(stems)) == len(odd)
    for stem in stems:
        assert "/" not in stem
        assert len(f"{stem}.csv.tmp".encode()) < 255
