"""Best fits: of linear models exactly, across the seam of an angle, and none where nothing is allowed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from support.fit_problems import likelihood, linear_solution, measured, problem

from terranova.fitting.axes import make_axis
from terranova.fitting.best import NoPoint, find_best
from terranova.fitting.intervals import intervals
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.profile import profile

pytestmark = pytest.mark.integration

LEVELS = (0.68, 0.95)


VALUES = np.array([1.0, -2.0, 3.0, 0.5, -1.0, 2.0])


LINEAR = {"name": "fit-linear", "free": 3, "measured": 6}


def _linear() -> Likelihood:
    return likelihood(problem(LINEAR, [measured(f"y{i}", v, unit="GeV") for i, v in enumerate(VALUES)]))


def _found(known: Likelihood, name: str, bins: int = 24, **more: object) -> tuple[list, float]:
    """The intervals of one quantity, and the best value of ln L."""
    rng = np.random.default_rng(5)
    best = find_best(known, rng, starts=4)
    curve = profile(known, [make_axis(known, name, bins, more.pop("limits", None), **more)], rng)
    return intervals(known, curve, LEVELS, rng), best.loglike


def test_best_fit_of_a_linear_model() -> None:
    best = find_best(_linear(), np.random.default_rng(1), starts=4)
    expected, _, chi2 = linear_solution(VALUES, 3)
    found = [best.values[f"a{i}"] for i in range(3)]
    np.testing.assert_allclose(found, expected, atol=2e-4)
    assert best.chi2 == pytest.approx(chi2, abs=1e-6)
    assert best.p_value == pytest.approx(stats.chi2.sf(chi2, 3), rel=1e-5)
    assert sum(best.contributions.values()) == pytest.approx(chi2, abs=1e-6)


def test_best_fit_across_the_seam_of_an_angle() -> None:
    """The minimum sits where the two ends of the prior meet."""
    known = likelihood(
        problem({"name": "fit-simple"}, [measured("turn", 0.0, 0.1)], parameters={"size": 1, "x": 0})
    )
    best = find_best(known, np.random.default_rng(3), starts=4)
    assert best.chi2 < 1e-6
    assert abs(abs(best.values["phi"]) - np.pi) < 1e-3


def test_nothing_allowed_is_said() -> None:
    window = {"name": "w", "observable": "square", "kind": "window", "lower": 26.0, "source": "by construction"}
    known = likelihood(problem({"name": "fit-simple"}, [window], parameters={"phi": 0, "size": 1}))
    with pytest.raises(NoPoint, match="allowed"):
        find_best(known, np.random.default_rng(3), starts=2, generations=20)
