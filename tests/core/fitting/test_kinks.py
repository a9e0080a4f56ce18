"""Slopes of bounds that are remembered from place to place."""

from __future__ import annotations

import numpy as np

from terranova.fitting.kinks import KEPT, Kinks

ROW = np.array([0])


def test_slopes_from_the_other_side_of_a_kink_are_rows() -> None:
    """|v|: at 0.02, what was found at -0.01 says that it rises to the left."""
    kinks = Kinks(1, 1, 1)
    kinks.put(ROW, np.array([[-0.01]]), np.array([[0.01]]), np.array([[[-1.0]]]))
    slopes, levels = kinks.near(ROW, np.array([[0.02]]), np.array([[0.02]]))
    assert slopes.shape == (1, KEPT, 1)
    np.testing.assert_allclose((slopes[0, 0, 0], levels[0, 0]), (-1.0, -0.02))


def test_what_is_far_says_nothing() -> None:
    kinks = Kinks(1, 1, 1)
    kinks.put(ROW, np.array([[0.95]]), np.array([[5.0]]), np.array([[[1.0]]]))
    slopes, levels = kinks.near(ROW, np.array([[0.3]]), np.array([[0.2]]))
    assert (slopes == 0.0).all()
    assert (levels < -100.0).all()


def test_a_curved_bound_is_not_said_to_be_higher_than_it_is() -> None:
    """-v^2 lies below its tangents, which would shut out what is allowed."""
    kinks = Kinks(1, 1, 1)
    kinks.put(ROW, np.array([[0.04]]), np.array([[-0.0016]]), np.array([[[-0.08]]]))
    _, levels = kinks.near(ROW, np.array([[0.0]]), np.array([[-0.5]]))
    assert levels[0, 0] <= -0.5


def test_the_last_places_are_remembered() -> None:
    kinks = Kinks(2, 1, 1)
    for i in range(KEPT + 2):
        kinks.put(np.array([1]), np.array([[0.01 * i]]), np.array([[float(i)]]), np.zeros((1, 1, 1)))
    _, levels = kinks.near(np.array([1]), np.array([[0.03]]), np.array([[100.0]]))
    np.testing.assert_allclose(levels[0], [3.0, 2.0])
