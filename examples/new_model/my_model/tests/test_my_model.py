"""The model keeps the rules of terranova, whatever its physics is: these tests can stay. Install the package first."""

from __future__ import annotations

import numpy as np
import pytest
import terranova

from my_model.model import MyModel


@pytest.fixture(scope="module")
def problem() -> terranova.Problem:
    return terranova.problem("my_model", ["my_model-limits"])


def test_many_points_at_once_agree_with_one_at_a_time() -> None:
    model = terranova.model("my_model")
    x = model.space.to_physical(np.random.default_rng(1).random((50, model.space.dimension)))
    together = MyModel().evaluate_array(x)
    apart = np.concatenate([MyModel().evaluate_array(row[None]) for row in x])
    np.testing.assert_allclose(together, apart, rtol=1e-14)


def test_points_are_computed_even_in_the_corners(problem: terranova.Problem) -> None:
    space = problem.model.space
    corners = np.random.default_rng(2).integers(0, 3, (500, space.dimension)) / 2.0
    evaluation = problem.evaluate(space.to_physical(corners))
    assert (evaluation.status == 0).any(), evaluation.reason[0]


def test_every_limit_can_be_computed_where_the_point_is_one(problem: terranova.Problem) -> None:
    space = problem.model.space
    x = space.to_physical(np.random.default_rng(3).random((2000, space.dimension)))
    evaluation = problem.evaluate(x)
    computed = (evaluation.status == 0) & (evaluation.stage == problem.model.stages - 1)
    violations, _ = problem.score(x, evaluation.observables)
    assert np.isfinite(violations[computed]).all()
    assert not violations[computed].all(), "every limit refuses every point: are the units right?"
