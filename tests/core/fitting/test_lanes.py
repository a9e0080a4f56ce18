"""Searches side by side: where they are held, slopes, and the steps that they may make."""

from __future__ import annotations

import numpy as np
import pytest
from support.fit_problems import likelihood, matrix, measured, problem

from terranova.fitting.axes import make_axis
from terranova.fitting.lanes import REACH, Holder, Lanes
from terranova.fitting.terms import Linearised

LINEAR = {"name": "fit-linear", "free": 3, "measured": 4}
pytestmark = pytest.mark.integration


def _holder(**more: bool) -> Holder:
    known = likelihood(problem(LINEAR, [measured(f"y{i}", 0.0, 0.5, unit="GeV") for i in range(4)]))
    return Holder(Linearised(known, np.random.default_rng(1)), [make_axis(known, "a1", 10, None)], **more)


def test_slopes_of_a_linear_model() -> None:
    holder = _holder()
    lanes = Lanes(np.array([[2], [7]]), np.zeros(2, dtype=int))
    v = np.array([[0.3, 0.6], [1.0, 0.0]])
    at = holder.terms(v, lanes)
    slopes = holder.slopes(at, *holder.probes(v, lanes))
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
