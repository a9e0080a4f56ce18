"""The Gaussian process as a surrogate: accuracy, files, and what it does with rows that teach nothing."""

from __future__ import annotations

import numpy as np
import pytest

from terranova import Parameter, ParameterSpace, Uniform
from terranova.plugins.surrogates.gp import GpSurrogate
from terranova.types import Floats

SPACE = ParameterSpace([Parameter(name, Uniform(0.0, 1.0)) for name in "ab"])
RNG = np.random.default_rng(5)
POINTS, FRESH = RNG.random((200, 2)), RNG.random((100, 2))


def _truth(u: Floats) -> Floats:
    return np.column_stack([2.0 + np.sin(4.0 * u[:, 0]) * u[:, 1], np.exp(3.0 * u[:, 0])])


def _trained() -> GpSurrogate:
    made = GpSurrogate(SPACE, 1, scales=100)
    made.fit(POINTS, _truth(POINTS), POINTS[:, 0] < 0.7)
    assert made.reason == ""
    return made


def test_smooth_targets_are_learned_and_far_rows_are_refused() -> None:
    made, inside = _trained(), FRESH[:, 0] < 0.6
    mean, sigma = made.predict(FRESH[inside])
    np.testing.assert_allclose(mean, _truth(FRESH[inside]), atol=0.02)
    np.testing.assert_array_equal(mean, made.mean(FRESH[inside]))
    assert (sigma > 0.0).all()
    assert made.near(FRESH[inside]).mean() > 0.95
    assert not made.near(FRESH[FRESH[:, 0] > 0.85]).any()
    assert (made.trust(FRESH[FRESH[:, 0] > 0.85]) == 0.0).all()


def test_a_file_gives_the_same_predictions() -> None:
    made, other = _trained(), GpSurrogate(SPACE, 1)
    other.restore(made.state())
    np.testing.assert_allclose(other.mean(FRESH), made.mean(FRESH), rtol=1e-12)
    np.testing.assert_array_equal(other.near(FRESH), made.near(FRESH))
    with pytest.raises(ValueError, match="gp"):
        other.restore({"words.json": b"{}"})


def test_targets_that_are_alike_share_a_kernel() -> None:
    """Two of these three are; what one kernel predicts of both is as good, and is found again in a file."""
    made, other = GpSurrogate(SPACE, 1, scales=100), GpSurrogate(SPACE, 1)
    targets = np.column_stack([_truth(POINTS), 3.0 * _truth(POINTS)[:, 0] - 1.0])
    made.fit(POINTS, targets, np.ones(len(POINTS), dtype=bool))
    assert [list(process.members) for process in made._processes] == [[0, 2], [1]]
    mean, sigma = made.predict(FRESH)
    np.testing.assert_allclose(mean[:, 2], 3.0 * mean[:, 0] - 1.0, atol=1e-9)
    np.testing.assert_allclose(sigma[:, 2], 3.0 * sigma[:, 0], rtol=1e-6)
    np.testing.assert_allclose(mean[:, :2], _truth(FRESH), atol=0.02)
    other.restore(made.state())
    np.testing.assert_allclose(other.mean(FRESH), mean, rtol=1e-9)


def test_learning_again_keeps_length_scales_until_rows_are_many_more() -> None:
    made, everywhere = GpSurrogate(SPACE, 1), np.ones(len(POINTS), dtype=bool)
    made.refit(POINTS[:80], _truth(POINTS[:80]), everywhere[:80])
    first = [process.learned for process in made._processes]
    made.refit(POINTS[:110], _truth(POINTS[:110]), everywhere[:110])
    np.testing.assert_array_equal([process.learned for process in made._processes], first)
    np.testing.assert_allclose(made.mean(POINTS[80:110]), _truth(POINTS[80:110]), atol=1e-2)
    made.refit(POINTS, _truth(POINTS), everywhere)
    assert not np.array_equal([process.learned for process in made._processes], first)


def test_too_few_rows_teach_nothing() -> None:
    made = GpSurrogate(SPACE, 1)
    made.fit(POINTS[:5], _truth(POINTS[:5]), np.ones(5, dtype=bool))
    assert made.reason
    assert np.isnan(made.mean(FRESH)).all()
    assert (made.trust(FRESH) == 0.0).all()
