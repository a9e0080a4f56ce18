"""The interface of surrogates: what follows from mean and deviation where a subclass brings no more."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from terranova.interfaces.parameters import Parameter, ParameterSpace
from terranova.interfaces.priors import Uniform
from terranova.interfaces.surrogate import Surrogate
from terranova.types import Bools, Floats

U = np.array([[0.1], [0.9]])


class Line(Surrogate):
    """Mean u, deviation 2."""

    name = "line"
    fitted: tuple[object, ...] = ()

    def fit(self, u: Floats, targets: Floats, near: Bools, weights: Floats | None = None) -> None:
        self.fitted = (u, targets, near, weights)

    def predict(self, u: Floats) -> tuple[Floats, Floats]:
        return u.copy(), np.full(u.shape, 2.0)

    def trust(self, u: Floats) -> Floats:
        return np.ones(len(u))

    def state(self) -> dict[str, bytes]:
        return {}

    def restore(self, state: Mapping[str, bytes]) -> None:
        """Nothing is learned."""


@pytest.fixture
def line() -> Line:
    """A surrogate with one parameter."""
    return Line(ParameterSpace((Parameter("a", Uniform(0, 1)),)), 1)


def test_it_is_not_trained_until_it_says_otherwise(line: Line) -> None:
    assert line.reason == "it is not trained"


def test_fitting_again_is_fitting(line: Line) -> None:
    near, weights = np.ones(2, dtype=bool), np.ones(2)
    line.refit(U, U, near, weights)
    assert line.fitted == (U, U, near, weights)


def test_the_mean_is_that_of_the_prediction(line: Line) -> None:
    np.testing.assert_array_equal(line.mean(U), U)


@pytest.mark.parametrize(("level", "sigmas"), [(0.6826894921, 1.0), (0.9544997361, 2.0), (0.0, 0.0)])
def test_intervals_are_those_of_a_gaussian(line: Line, level: float, sigmas: float) -> None:
    low, high = line.interval(U, level)
    np.testing.assert_allclose(low, U - 2.0 * sigmas, atol=1e-9)
    np.testing.assert_allclose(high, U + 2.0 * sigmas, atol=1e-9)


def test_what_a_surrogate_need_not_bring(line: Line) -> None:
    assert line.near(U).tolist() == [True, True]
    assert line.contributions(U) is None
    assert line.scales == ()
    assert line.suggest(None) == {}
