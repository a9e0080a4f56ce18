"""The likelihood of a fit: remembers what it was asked, stores it before it is used, and wraps angles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.fit_problems import likelihood, measured, problem

from terranova.fitting.likelihood import EXCLUDED, FAILED, Likelihood

LINEAR = {"name": "fit-linear", "free": 2, "measured": 3}
DATA = [measured(f"y{i}", float(i), unit="GeV") for i in range(3)]
WINDOW = {"name": "w", "observable": "y0", "kind": "window", "lower": 0.0, "unit": "GeV", "source": "this test"}
U = np.random.default_rng(2).random((7, 2))


def test_everything_evaluated_is_known_in_order() -> None:
    known = likelihood(problem(LINEAR, DATA))
    first, second = known.batch(U[:3]), known.batch(U[3:])
    assert (known.evaluations, known.requests, known.dimension, known.measurements) == (7, 2, 2, 3)
    np.testing.assert_array_equal(known.u, U)
    np.testing.assert_array_equal(known.loglikes, np.concatenate([first.loglike, second.loglike]))
    np.testing.assert_array_equal(
        known.column("y1"), np.concatenate([first.observables[:, 1], second.observables[:, 1]])
    )
    assert known.columns(["a0", "y2"]).shape == (7, 2)


def test_points_of_scans_are_taken_in_without_being_evaluated() -> None:
    known = likelihood(problem(LINEAR, DATA))
    known.add_known(U, np.zeros(7), np.zeros((7, len(known.names))))
    assert len(known.u) == 7
    assert known.evaluations == 0


def test_outside_of_the_cube_nothing_is_evaluated_and_angles_wrap() -> None:
    known = likelihood(problem({"name": "fit-simple"}, [measured("same", 0.0)]))
    inside = np.array([[0.25, 0.5, 0.5]])
    wrapped, outside = inside + np.array([1.0, 0.0, 0.0]), inside + np.array([0.0, 0.6, 0.0])
    assert known.loglike(wrapped)[0] == known.loglike(inside)[0]
    before = known.evaluations
    assert known.loglike(outside)[0] == -np.inf
    assert known.evaluations == before


def test_costs_point_the_way_back_from_what_is_excluded() -> None:
    known = likelihood(problem(LINEAR, [*DATA, WINDOW]))
    assert known.measurements == 3, "hard bounds do not add to chi2"
    batch = known.batch(np.random.default_rng(3).random((200, 2)))
    cost = known.cost(batch)
    excluded = ~np.isfinite(batch.loglike)
    assert 0 < excluded.sum() < 200
    np.testing.assert_array_equal(cost[~excluded], -batch.loglike[~excluded])
    assert cost[excluded].min() > EXCLUDED
    order = np.argsort(np.log1p(batch.violations[excluded]).sum(axis=1))
    assert (np.diff(cost[excluded][order]) >= 0.0).all(), "the nearer, the cheaper"
    batch.status[0] = 3
    assert known.cost(batch)[0] == FAILED


class Stored:
    """Knows the even points of every request."""

    def __init__(self, problem: Any) -> None:
        self.problem, self.asked = problem, 0

    def __call__(self, request: int, x: Any, index: Any) -> Any:
        even = index % 2 == 0
        return even, self.problem.evaluate(x[even])

    def evaluate(self, x: Any) -> Any:
        self.asked += len(x)
        return self.problem.evaluate(x)


def test_what_is_stored_is_not_evaluated_again_and_stays_in_its_place() -> None:
    made = problem(LINEAR, DATA)
    stored = Stored(made)
    known, fresh = Likelihood(made, stored.evaluate, stored=stored), likelihood(made)
    np.testing.assert_array_equal(known.batch(U).observables, fresh.batch(U).observables)
    assert stored.asked == 3


def test_nothing_known_is_empty() -> None:
    known = likelihood(problem(LINEAR, DATA))
    assert known.u.shape == (0, 2)
    assert len(known.loglikes) == len(known.column("y0")) == 0
    with pytest.raises(ValueError, match="not in tuple"):
        known.column("y9")
