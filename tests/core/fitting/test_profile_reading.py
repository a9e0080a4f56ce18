"""Reading `profile:` of a fit: names, pairs, ranges, and each complaint at its entry."""

from __future__ import annotations

from typing import Any

import pytest
from support.fit_problems import measured, problem

from terranova.fitting.config import ProfileConfig
from terranova.fitting.profile_reading import read_profiles
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.strict_yaml import Document


def _read(given: Any, known: bool = True) -> tuple[tuple[ProfileConfig, ...], list[str]]:
    diagnostics = Diagnostics(Document(None))
    made = problem({"name": "fit-simple"}, [measured("same", 0.0)]) if known else None
    profiles = read_profiles(given, made, diagnostics)
    return profiles, [f"{p.key}: {p.message}" for p in diagnostics.problems]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("x", ProfileConfig(("x",), (None,))),
        (["x", "scale"], ProfileConfig(("x", "scale"), (None, None))),
        ({"scale": [0.1, 10], "scale_": None}, None),
        ({"square": [0.1, 10], "scale": "log"}, ProfileConfig(("square",), ((0.1, 10.0),), 0, "log")),
        ({"x": [-1, 1], "square": None, "bins": 7}, ProfileConfig(("x", "square"), ((-1.0, 1.0), None), 7)),
    ],
)
def test_every_form_of_an_entry(given: Any, expected: ProfileConfig | None) -> None:
    profiles, problems = _read([given])
    if expected is None:
        assert problems
    else:
        assert (profiles, problems) == ((expected,), [])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("x", "profile: expected a list of names"),
        ([7], "profile[0]: expected a name, a pair of names"),
        ([["x", "same", "square"]], "profile[0]: expected one or two quantities, got 3"),
        (["y"], "profile[0]: no free parameter or observable is named 'y'"),
        (["x", "x"], "profile[1]: x are asked for twice"),
        ([{"x": [1, -1]}], "profile[0].x: expected a range [low, high]"),
        ([{"x": [-50, 1]}], "profile[0].x: expected a range within that of the prior, -5 to 5"),
        ([{"square": [-1, 1], "scale": "log"}], "profile[0].square: expected a positive range"),
        ([{"x": None, "bins": True}], "profile[0].bins: expected a number of bins"),
        ([{"x": None, "scale": "cubic"}], "profile[0].scale: expected linear or log"),
    ],
)
def test_what_is_wrong_is_said_at_its_entry(given: Any, words: str) -> None:
    assert _read(given)[1][0].startswith(words)


def test_nothing_asked_for_and_a_problem_that_is_not_known() -> None:
    assert _read(None) == ((), [])
    assert _read(["anything"], known=False)[1] == []
