"""The shape of first steps, where it is known in closed form, and what it is good for."""

from __future__ import annotations

import numpy as np
import pytest
from support.fit_problems import likelihood, matrix, measured, problem

from terranova.fitting.axes import make_axis
from terranova.fitting.metric import Metric
from terranova.fitting.optimise import minimise

pytestmark = pytest.mark.integration

LINEAR = {"name": "fit-linear", "free": 3, "measured": 6}


def _metric(steps: np.ndarray) -> np.ndarray:
    """The metric (d, d) that belongs to steps T (d, d)."""
    return np.linalg.inv(steps @ steps.T)


def test_metric_of_a_linear_model() -> None:
    known = likelihood(problem(LINEAR, [measured(f"y{i}", 0.0, 0.5, unit="GeV") for i in range(6)]))
    steps = Metric(known, np.arange(3))(np.full((2, 3), 0.3), np.arange(2))
    slopes = matrix(6, 3) * 20.0 / 0.5  # the priors are 20 GeV wide
    for found in steps:
        np.testing.assert_allclose(_metric(found), slopes.T @ slopes + np.eye(3), rtol=1e-6)
    assert known.evaluations == 2 * (1 + 3)


@pytest.mark.parametrize("x", [0.3, 0.50001])
def test_metric_near_a_bound(x: float) -> None:
    """The bound is at u = 0.5, and counts as 0.01 away where it is nearer."""
    window = {"name": "w", "observable": "same", "kind": "window", "upper": 0.0, "source": "by construction"}
    known = likelihood(problem({"name": "fit-simple"}, [window]))
    metric = _metric(Metric(known, np.arange(3))(np.array([[0.2, 0.4, x]]), np.zeros(1, dtype=int))[0])
    distance = max(abs(x - 0.5), 0.01)
    np.testing.assert_allclose(metric, np.diag([1.0, 1.0, 1.0 + distance**-2]), rtol=1e-6)


def test_metric_in_a_bin_of_an_observable() -> None:
    known = likelihood(problem(LINEAR, [measured("y0", 0.0, unit="GeV")]))
    axis = make_axis(known, "y1", 4, (-4.0, 4.0))
    steps = Metric(known, np.arange(3), [axis], np.array([[0], [2]]))
    here = np.full((1, 3), 0.5)  # y1 = 0: at an end of bin 2, and 2 GeV away from the far one of bin 0
    slope = matrix(6, 3) * 20.0
    normal = slope[1] / np.linalg.norm(slope[1])
    for cell, ends in ((0, (4.0, 2.0)), (2, (0.0, 2.0))):
        distances = [max(end / np.linalg.norm(slope[1]), 0.01) for end in ends]
        expected = np.outer(slope[0], slope[0]) + np.eye(3)
        expected += sum(distance**-2 for distance in distances) * np.outer(normal, normal)
        found = _metric(steps(here, np.array([0 if cell == 0 else 1]))[0])
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_thin_valley_is_followed() -> None:
    """Twelve measurements with errors over four decades: with the shape the minimum is found, in the cube not."""
    d = 12
    errors = 10.0 ** np.linspace(-3.5, 0.5, d)
    model = {"name": "fit-linear", "free": d, "measured": d}
    known = likelihood(problem(model, [measured(f"y{i}", 0.0, s, unit="GeV") for i, s in enumerate(errors)]))

    def cost(u: np.ndarray, which: np.ndarray) -> np.ndarray:
        return known.cost(known.batch(u))

    start = 0.5 + np.linalg.solve(matrix(d, d), 2.0 * errors)[None] / 20.0  # each is off by two sigmas
    paid = {}
    for name, shape in (("cube", None), ("shape", Metric(known, np.arange(d)))):
        rng = np.random.default_rng(1)
        _, found = minimise(cost, start, 0.05, np.zeros(d, dtype=bool), rng, generations=150, shape=shape)
        paid[name] = float(found[0])
    assert paid["shape"] < 1e-2
    assert paid["cube"] > 1.0


def test_an_error_too_small_for_its_square_leaves_steps_as_they_were() -> None:
    """Slopes of 1e160 standard deviations have no square; searches go on, one direction as good as another."""
    known = likelihood(problem(LINEAR, [measured("y0", 0.0, 1e-158, unit="GeV")]))
    steps = Metric(known, np.arange(3))(np.full((1, 3), 0.3), np.zeros(1, dtype=int))
    np.testing.assert_array_equal(np.abs(steps[0]).sum(axis=0), np.ones(3))
