"""`profile:` of a fit: the ways of writing it, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from support.fit_problems import measured, problem

from terranova.evaluation.problem import Problem
from terranova.fitting.config import ProfileConfig
from terranova.fitting.profile_reading import read_profiles
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.strict_yaml import Document


@pytest.fixture
def simple() -> Problem:
    """Parameters phi, size over six decades, x; observables turn, decades, scale, same, square."""
    return problem({"name": "fit-simple"}, [measured("same", 1.0)])


def _read(given: Any, of: Problem | None) -> tuple[tuple[ProfileConfig, ...], list[tuple[str, str]]]:
    diagnostics = Diagnostics(Document({"profile": given}))
    profiles = read_profiles(given, of, diagnostics)
    return profiles, [(problem.key, problem.message) for problem in diagnostics.problems]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, ()),
        ([], ()),
        (["x"], (ProfileConfig(("x",), (None,)),)),
        ([["x", "same"]], (ProfileConfig(("x", "same"), (None, None)),)),
        ([{"size": [0.1, 100]}], (ProfileConfig(("size",), ((0.1, 100.0),)),)),
        (
            [{"x": None, "decades": [0.1, 10], "bins": 40}],
            (ProfileConfig(("x", "decades"), (None, (0.1, 10.0)), 40),),
        ),
        ([{"same": [1, 10], "scale": "log"}], (ProfileConfig(("same",), ((1.0, 10.0),), 0, "log"),)),
        (["x", {"same": [-1, 1]}], (ProfileConfig(("x",), (None,)), ProfileConfig(("same",), ((-1.0, 1.0),)))),
    ],
)
def test_what_is_accepted(given: Any, expected: tuple[ProfileConfig, ...], simple: Problem) -> None:
    assert _read(given, simple) == (expected, [])
    assert _read(given, None) == (expected, [])


@pytest.mark.parametrize(
    ("item", "key", "message"),
    [
        (7, "profile[0]", "expected a name, a pair of names, or names with ranges, got 7"),
        ([], "profile[0]", "expected one or two quantities, got 0"),
        (["x", "same", "turn"], "profile[0]", "expected one or two quantities, got 3"),
        ("xx", "profile[0]", "no free parameter or observable is named 'xx' (did you mean 'x'?)"),
        ({"x": [3, 1]}, "profile[0].x", "expected a range [low, high], got [3, 1]"),
        ({"x": [True, 2]}, "profile[0].x", "expected a range [low, high], got [True, 2]"),
        ({"x": [-30, 1]}, "profile[0].x", "expected a range within that of the prior, -5 to 5, got [-30.0, 1.0]"),
        ({"same": [1, 2], "scale": "cubic"}, "profile[0].scale", "expected linear or log, got 'cubic'"),
        ({"same": [1, 2], "bins": 1001}, "profile[0].bins", "expected a number of bins, got 1001"),
        (
            {"same": [-1, 1], "scale": "log"},
            "profile[0].same",
            "expected a positive range for a logarithmic scale, got [-1.0, 1.0]",
        ),
    ],
)
def test_what_is_refused(item: Any, key: str, message: str, simple: Problem) -> None:
    """The others are read."""
    profiles, problems = _read([item, "phi"], simple)
    assert problems == [(key, message)]
    assert profiles[-1] == ProfileConfig(("phi",), (None,))


def test_twice_the_same_and_no_list_at_all(simple: Problem) -> None:
    assert _read(["x", {"x": [1, 2]}], simple)[1] == [("profile[1]", "x are asked for twice")]
    assert _read("x", simple) == ((), [("profile", "expected a list of names and pairs of names, got 'x'")])
