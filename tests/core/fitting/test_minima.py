"""Distinct minima of a cell: which are kept, and of which neighbours are told."""

from __future__ import annotations

import numpy as np

from terranova.fitting.minima import KEPT, Minima

PLAIN = np.array([False, True])


def test_the_best_distinct_ones_are_kept() -> None:
    minima = Minima(2, PLAIN)
    for i in range(6):
        minima.add(1, np.array([0.1 * i, 0.5]), float(i))
    assert [m.loglike for m in minima.of[1]] == [5.0, 4.0, 3.0][:KEPT]
    np.testing.assert_array_equal(minima.best, [-np.inf, 5.0])


def test_one_nearby_replaces_only_what_is_worse() -> None:
    minima = Minima(1, PLAIN)
    minima.add(0, np.array([0.5, 0.99]), 1.0)
    minima.add(0, np.array([0.5, 0.005]), 0.5)  # across the seam of the periodic axis
    (kept,) = minima.of[0]
    assert kept.loglike == 1.0
    kept.fresh = False
    minima.add(0, np.array([0.505, 0.99]), 1.005)
    assert (kept.loglike, kept.fresh) == (1.005, False)  # too little to tell neighbours
    minima.add(0, np.array([0.505, 0.99]), 1.1)
    assert kept.fresh


def test_what_is_excluded_is_no_minimum() -> None:
    minima = Minima(1, PLAIN)
    minima.add_all([0, 0], np.zeros((2, 2)), np.array([-np.inf, np.nan]))
    assert minima.of[0] == []


def test_a_minimum_that_no_neighbour_has_is_no_continuation() -> None:
    minima = Minima(3, np.array([False, True]))
    minima.add(0, np.array([0.5, 0.98]), -1.0)
    minima.add(0, np.array([0.2, 0.5]), -0.5)
    minima.add(1, np.array([0.55, 0.03]), -1.0)
    minima.add(2, np.array([0.8, 0.5]), -1.0)
    assert [m.loglike for m in minima.best_of(0, 3)] == [-0.5, -1.0]
    assert minima.continued(1, 0)  # by its second one, around the end of a periodic axis
    assert not minima.continued(0, 1)
    assert not minima.continued(2, 1)


def test_what_lies_beside_a_minimum_is_not_that_minimum() -> None:
    """Two masses of 593 and 653 GeV, exchanged, are near in the cube, and may lead into another branch."""
    minima = Minima(1, np.zeros(2, dtype=bool))
    minima.add(0, np.array([0.53, 0.60]), -1.0)
    assert minima.has(0, np.array([0.53, 0.601]))
    assert not minima.has(0, np.array([0.60, 0.53]))
