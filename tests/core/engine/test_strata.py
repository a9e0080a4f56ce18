"""Strata: which islands are confined to a category, to which, and that the others are left alone."""

from __future__ import annotations

import numpy as np

from terranova import Choice, Parameter, ParameterSpace, Sign, Uniform
from terranova.engine.strata import Strata

SPACE = ParameterSpace(
    (
        Parameter("x", Uniform(0, 1)),
        Parameter("kind", Choice((1.0, 2.0, 3.0), (1.0, 2.0, 1.0))),
        Parameter("y", Uniform(0, 1)),
    )
)  # fmt: skip


def _kinds(islands: int) -> list[set[float]]:
    """The categories that each island meets."""
    strata, u = Strata(SPACE, islands), np.random.default_rng(1).random((300 * islands, 3))
    u[:2, 1] = 0.0, 1.0
    island = np.repeat(np.arange(islands), 300)
    entered = strata.enter(u, island)
    assert entered[:, [0, 2]].tolist() == u[:, [0, 2]].tolist()
    kinds = SPACE.to_physical(entered)[:, 1]
    return [set(kinds[island == i].tolist()) for i in range(islands)]


ALL = {1.0, 2.0, 3.0}


def test_each_category_has_an_island_and_others_are_free() -> None:
    assert _kinds(4) == [ALL, {1.0}, {2.0}, {3.0}]
    assert _kinds(16) == [ALL, *[{1.0}, {2.0}, {3.0}] * 2, *[ALL] * 9]


def test_with_too_few_islands_none_is_confined() -> None:
    assert _kinds(3) == [ALL] * 3
    assert _kinds(1) == [ALL]


def test_the_ends_of_an_axis_stay_within_the_category() -> None:
    strata = Strata(SPACE, 4)
    u = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]] * 3)
    kinds = SPACE.to_physical(strata.enter(u, np.repeat([1, 2, 3], 2)))[:, 1]
    assert kinds.tolist() == [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]


def test_combinations_of_several_parameters() -> None:
    space = ParameterSpace((Parameter("a", Sign()), Parameter("b", Sign())))
    strata = Strata(space, 5)
    assert strata.confined == 4
    x = space.to_physical(strata.enter(np.full((4, 2), 0.3), np.arange(1, 5)))
    assert sorted(map(tuple, x.tolist())) == [(-1, -1), (-1, 1), (1, -1), (1, 1)]


def test_a_space_without_categories_is_left_alone() -> None:
    space = ParameterSpace((Parameter("x", Uniform(0, 1)),))
    u = np.random.default_rng(1).random((8, 1))
    assert Strata(space, 8).enter(u, np.arange(8)) is u
