"""The likelihood as a surrogate has it: predictions only, and a power of the truth."""

from __future__ import annotations

import numpy as np
from support.fit_problems import measured, problem

from terranova.fitting.surrogate.likelihood import SurrogateLikelihood
from terranova.types import Floats


def _predict(u: Floats) -> tuple[Floats, Floats]:
    return -u.sum(axis=1), 10.0 * u[:, :1]


def _made(power: float = 1.0) -> SurrogateLikelihood:
    return SurrogateLikelihood(problem({"name": "fit-simple"}, [measured("same", 0.0)]), _predict, ["same"], power)


def test_points_are_predicted_not_evaluated() -> None:
    made, u = _made(), np.random.default_rng(1).random((5, 3))
    batch = made.batch(u)
    np.testing.assert_array_equal(batch.loglike, -u.sum(axis=1))
    np.testing.assert_array_equal(made.column("same"), 10.0 * u[:, 0])
    assert made.names == ("phi", "size", "x", "same")
    assert made.evaluations == 5


def test_a_power_below_one_thickens_the_tails() -> None:
    u = np.random.default_rng(1).random((5, 3))
    np.testing.assert_allclose(_made(0.5).batch(u).loglike, 0.5 * _made().batch(u).loglike)


def test_angles_wrap_and_other_axes_end() -> None:
    u = _made().batch(np.array([[1.25, -0.5, 2.0]])).u
    np.testing.assert_array_equal(u, [[0.25, 0.0, 1.0]])
