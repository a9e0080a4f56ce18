"""Tables over two coordinates, against scipy; what lies beyond; what keys are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.interpolate import LinearNDInterpolator, RegularGridInterpolator

from terranova import Tabulated
from terranova.interfaces.plane_table import PlaneTable, plane_problems

X, Y = np.array([100.0, 250.0, 300.0, 900.0]), np.array([0.1, 1.0, 7.0])
ENTRIES = np.random.default_rng(1).uniform(0.5, 20.0, (3, 4))
POINTS = np.random.default_rng(2).uniform([100.0, 0.1], [900.0, 7.0], (40, 2))


@pytest.mark.parametrize("log", [False, True])
def test_a_grid_is_interpolated_as_scipy_does(log: bool) -> None:
    at = np.random.default_rng(3).uniform([100.0, 0.1], [900.0, 7.0], (2000, 2))
    table = np.log(ENTRIES) if log else ENTRIES
    expected = RegularGridInterpolator((X, Y), table.T)(at)
    found, inside = PlaneTable(X, Y, ENTRIES, log)(at[:, 0], at[:, 1])
    assert inside.all()
    assert found == pytest.approx(np.exp(expected) if log else expected, rel=1e-12)


@pytest.mark.parametrize("log", [False, True])
def test_scattered_points_are_interpolated_as_scipy_does(log: bool) -> None:
    entries = np.random.default_rng(4).uniform(0.5, 20.0, 40)
    at = np.random.default_rng(5).uniform([100.0, 0.1], [900.0, 7.0], (2000, 2))
    expected = LinearNDInterpolator(POINTS, np.log(entries) if log else entries, rescale=True)(at)
    found, inside = PlaneTable(POINTS[:, 0], POINTS[:, 1], entries, log)(at[:, 0], at[:, 1])
    assert (inside == ~np.isnan(expected)).all()
    assert 1000 < inside.sum() < 2000
    known = expected[inside]
    assert found[inside] == pytest.approx(np.exp(known) if log else known, rel=1e-12)
    assert set(np.round(found[~inside], 9)) <= set(np.round(entries, 9))


def test_a_plane_is_met_by_any_triangles() -> None:
    entries = 3.0 + 0.01 * POINTS[:, 0] - 0.5 * POINTS[:, 1]
    found, inside = PlaneTable(POINTS[:, 0], POINTS[:, 1], entries)(np.array([500.0, 420.0]), np.array([3.0, 4.0]))
    assert inside.all()
    assert found == pytest.approx([6.5, 5.2], rel=1e-12)


def test_beyond_a_grid_the_nearest_place_counts() -> None:
    found, inside = PlaneTable(X, Y, ENTRIES)(np.array([0.0, 250.0]), np.array([0.0, 1.0]))
    assert found.tolist() == [ENTRIES[0, 0], ENTRIES[1, 1]]
    assert inside.tolist() == [False, True]


def test_points_on_a_line_are_refused() -> None:
    with pytest.raises(ValueError, match="on a line"):
        PlaneTable(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.0]), np.ones(3))


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"limit": [[1, 2]]}, "missing, expected x_grid and y_grid, or points"),
        ({"limit": [1, 2], "x_grid": [1, 2], "y_grid": [1, 2]}, "expected 2 rows"),
        (
            {"limit": [[1], [2, 3]], "x_grid": [1, 2], "y_grid": [1, 2]},
            "expected 2 numbers, one for each of x_grid",
        ),
        ({"limit": [[1, 2], [2, 3]], "x_grid": [1, 1], "y_grid": [1, 2]}, "the grid must increase: 1 after 1"),
        ({"limit": [1, 2], "points": [[0, 0], [1, 1]]}, "needs at least 3 points"),
        ({"limit": [1, 2], "points": [[0, 0], [1, 1], [0, 1]]}, "expected 3 numbers, one for each point"),
        ({"limit": [1, 2, 3], "points": [[0, 0], [1, 1], [0, 1]], "x_grid": [1]}, "has no place beside points"),
    ],
)
def test_what_makes_no_table(keys: dict[str, Any], words: str) -> None:
    assert words in " ".join(problem.message for problem in plane_problems(keys))


def _limit(**keys: Any) -> Tabulated:
    table = {"x_grid": (0.0, 2.0), "y_grid": (0.0, 2.0), "limit": ((1.0, 2.0), (3.0, 4.0)), **keys}
    return Tabulated(name="t", observables=("z", "x", "y"), source="this test", **table)


AT = np.array([[2.0, 1.0, 1.0], [3.0, 1.0, 1.0], [3.0, 9.0, 1.0], [9.0, 9.0, 1.0]])


@pytest.mark.parametrize(
    ("keys", "violation"),
    [
        ({}, [0.0, 0.5, 0.0, 6.0]),
        ({"outside": "open"}, [0.0, 0.5, 0.0, 0.0]),
        ({"outside": "excluded"}, [0.0, 0.5, 1.0, 1.0]),
        ({"side": "lower"}, [0.5, 0.0, 0.0, 0.0]),
        ({"side": "lower", "outside": "excluded"}, [0.5, 0.0, 1.0, 1.0]),
        ({"cl": 0.95}, [0.0, 0.5, 0.0, 6.0]),
    ],
)
def test_a_limit_over_two_observables_and_beyond_its_table(keys: dict[str, Any], violation: list[float]) -> None:
    assert _limit(**keys).violation(AT) == pytest.approx(violation)
    assert np.isfinite(_limit(**keys).margin(AT)).all()


def test_its_likelihood_is_that_of_the_limit_at_the_place() -> None:
    limit = _limit(cl=0.95)
    z = 1.6448536269514722
    assert limit.loglike(AT[:1]) == pytest.approx(-0.5 * (z * 2.0 / 2.5) ** 2)
    assert _limit().loglike(AT[:2]).tolist() == [0.0, -np.inf]
    assert (limit.units, limit.measurements) == ({"z": "1"}, 0)
    assert limit.describe() == "tabulated upper limit against x and y"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"limit": ((1.0, 2.0),)}, "expected 2 rows"),
        ({"limit": ((1.0, np.inf), (1.0, 2.0))}, "not finite"),
        ({"limit": ((1.0, -1.0), (1.0, 2.0)), "log": True}, "positive limits"),
        ({"outside": "beyond"}, "'nearest', 'open' or 'excluded'"),
        ({"observables": ("z", "x")}, "three observables"),
    ],
)
def test_what_makes_no_limit(keys: dict[str, Any], words: str) -> None:
    table = {"x_grid": (0.0, 2.0), "y_grid": (0.0, 2.0), "limit": ((1.0, 2.0), (3.0, 4.0))}
    with pytest.raises(ValueError, match=words):
        Tabulated(**{"name": "t", "observables": ("z", "x", "y"), "source": "s", **table, **keys})
