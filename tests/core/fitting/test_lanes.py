"""Searches side by side: where they are held, slopes, and the steps that they may make."""

from __future__ import annotations

import numpy as np
import pytest
from support.derivatives import Differentiable
from support.fit_problems import likelihood, matrix, measured, problem

from terranova import BoundModel, ConstraintSet, Gaussian, Model, Problem, Window
from terranova.fitting.axes import make_axis
from terranova.fitting.lanes import REACH, Holder, Lanes
from terranova.fitting.terms import Linearised

LINEAR = {"name": "fit-linear", "free": 3, "measured": 4}
GROUP = (
    Window(name="w", observables=("ratio",), source="theory: a test", lower=-1.0, upper=100.0),
    Gaussian(name="g", observables=("bent",), source="theory: a test", value=4.0, sigma=2.0),
    Gaussian(name="h", observables=("wave",), source="theory: a test", value=0.3, sigma=0.1),
)
pytestmark = pytest.mark.integration


def _holder(**more: bool) -> Holder:
    known = likelihood(problem(LINEAR, [measured(f"y{i}", 0.0, 0.5, unit="GeV") for i in range(4)]))
    return Holder(Linearised(known, np.random.default_rng(1)), [make_axis(known, "a1", 10, None)], **more)


def test_slopes_of_a_linear_model() -> None:
    holder = _holder()
    lanes = Lanes(np.array([[2], [7]]), np.zeros(2, dtype=int))
    v = np.array([[0.3, 0.6], [1.0, 0.0]])
    at = holder.terms(v, lanes)
    slopes = holder.slopes(at, *holder.probes(v, lanes, at.values))
    expected = matrix(4, 3)[:, [0, 2]] * 20.0 / 0.5  # the priors are 20 GeV wide
    for found in slopes.residuals:
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_points_are_held_in_the_middle_of_their_cells() -> None:
    holder = _holder()
    whole = holder.whole(np.array([[0.3, 0.6]]), np.array([[2]]))
    np.testing.assert_allclose(whole, [[0.3, 0.25, 0.6]])
    assert _holder(elastic=True).dimension == 3


def test_an_elastic_parameter_is_drawn_to_its_middle() -> None:
    holder = _holder(elastic=True)
    lanes = Lanes(np.array([[2]]), np.zeros(1, dtype=int))
    assert (holder.terms(np.array([[0.3, 0.25, 0.6]]), lanes).bounds < 0.0).all()
    np.testing.assert_allclose(holder.terms(np.array([[0.3, 0.45, 0.6]]), lanes).bounds.max(), 2.0, atol=0.01)


def test_steps_stay_in_the_cube() -> None:
    holder = _holder()
    low, high = holder.box(np.array([[0.1, 0.95]]))
    np.testing.assert_allclose(low, [[-0.1, -REACH]], atol=1e-9)
    np.testing.assert_allclose(high, [[REACH, 0.05]], atol=1e-9)


def test_slopes_by_the_models_derivatives_are_those_by_differences_and_cost_no_evaluation() -> None:
    """But for points at which it has none: there it is evaluated, and the slopes are the same again."""
    found = {}
    for fault in ("differences", "", "raises"):
        model = Differentiable(fault) if fault != "differences" else Plain()
        known = likelihood(Problem(BoundModel(model), [ConstraintSet("set", GROUP)]))
        holder = Holder(Linearised(known, np.random.default_rng(1)), [])
        v = np.random.default_rng(3).uniform(0.05, 0.95, (8, 4))
        lanes = Lanes(np.zeros((8, 0), dtype=int), np.arange(8) % holder.charts.count)
        at = holder.terms(v, lanes)
        before = known.evaluations
        slopes = holder.slopes(at, *holder.probes(v, lanes, at.values))
        found[fault] = known.evaluations - before, slopes
    assert [found[fault][0] for fault in ("differences", "")] == [32, 0]
    assert 0 < found["raises"][0] < 32
    for fault in ("", "raises"):
        for name in ("residuals", "bounds", "other"):
            one, other = getattr(found[fault][1], name), getattr(found["differences"][1], name)
            size = np.abs(other).max(axis=2, keepdims=True, initial=1e-9)
            np.testing.assert_allclose(one / size, other / size, atol=2e-4)


class Plain(Differentiable):
    """The same model, of which nobody knows the derivatives."""

    jacobian = Model.jacobian
