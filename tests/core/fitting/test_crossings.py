"""Where a curve crosses a level: interpolated, at a cliff, and unseen between two places."""

from __future__ import annotations

import numpy as np
import pytest

from terranova.fitting.crossings import brackets_of, crossings_of, hidden_crossings, lowest, told_apart


def test_a_parabola_is_crossed_where_it_is() -> None:
    """The root of Delta chi2 is straight, so that interpolation is exact."""
    place = np.array([-2.5, -1.0, 0.0, 0.7, 2.2])
    assert crossings_of(place, place**2, 2.25) == pytest.approx([-1.5, 1.5])
    assert brackets_of(place**2, 2.25).tolist() == [0, 3]


def test_next_to_what_is_excluded_the_caller_says_where() -> None:
    delta = np.array([np.inf, 0.0, 0.5])
    assert crossings_of(np.arange(3.0), delta, 1.0) == [0.5]
    assert crossings_of(np.arange(3.0), delta, 1.0, lambda inside, _: inside) == [1.0]


def test_each_place_counts_once_with_its_lowest() -> None:
    place, delta = lowest(np.array([2.0, 1.0, 2.0]), np.array([5.0, 1.0, 3.0]))
    assert place.tolist() == [1.0, 2.0]
    assert delta.tolist() == [1.0, 3.0]


@pytest.mark.parametrize(
    ("delta", "cells"),
    [
        ([9.0, 4.0, 1.0, 0.0, 1.0, 4.0, 9.0], []),
        ([0.2, 0.4, 0.8, 0.0, 0.0, 0.0, 0.0], [(2.0, 3.0)]),  # rises to the level, and another branch begins
        ([0.0, 0.0, 0.0, 0.0, 0.8, 0.4, 0.2], [(3.0, 4.0)]),
        ([7.0, 4.0, 1.6, 2.5, 4.0, 6.0, 8.0], [(2.0, 3.0)]),  # a part that no bin meets
    ],
)
def test_where_a_level_may_be_crossed_unseen(delta: list[float], cells: list[tuple[float, float]]) -> None:
    found = hidden_crossings(np.arange(7.0), np.array(delta), 1.0)
    assert set(cells) <= set(found)
    assert bool(found) == bool(cells)


def test_a_gap_is_seen_beside_places_that_are_finer() -> None:
    """A branch rises to the level and ends before the next place; on its other side the curve is known closely."""
    coarse = np.array([-0.0417, -0.0278, -0.0139, 0.0, 0.0139, 0.0417, 0.0694])
    place = np.unique(np.concatenate([coarse, np.linspace(0.0, 0.0139, 7)]))
    delta = np.where(place < 0.04, 25.0 * np.abs(place) + 600.0 * place**2, 0.0)
    assert (0.0139, 0.0417) in hidden_crossings(place, delta, 1.0)
    assert hidden_crossings(place, delta, 1.0, least=0.05) == []


def test_places_close_together_say_nothing_of_one_far_away() -> None:
    """Of three that are a millionth apart, a parabola would make anything."""
    place = np.array([0.0, 0.5, 1.0, 1.000001, 1.000002, 2.0, 2.5, 3.0])
    delta = np.array([0.2, 0.2, 0.2, 0.2, 0.2002, 0.2, 0.2, 0.2])
    assert hidden_crossings(place, delta, 1.0) == []


@pytest.mark.parametrize(
    ("middle", "width", "ends"),
    [(1.03, 1e-3, [0, 3]), (1.3, 1e-3, [0, 1, 2, 3]), (1.03, 0.2, [0, 1, 2, 3])],
    ids=["shallow and narrow", "deep", "wide"],
)
def test_a_curve_that_runs_along_a_level_has_no_gap(middle: float, width: float, ends: list[int]) -> None:
    place = np.array([0.0, 0.3, 0.5, 0.5 + 0.4 * width, 0.5 + 0.8 * width, 0.9, 1.0])
    delta = np.array([2.0, 0.5, 0.99, middle, 0.99, 0.9, 2.0])
    assert told_apart(place, delta, 1.0, least=1e-2) == ends
