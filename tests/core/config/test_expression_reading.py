"""Reading `observables:`: names and expressions, each complaint at its place."""

from __future__ import annotations

from typing import Any

import pytest

from terranova.config.expression_reading import read_expressions
from terranova.config.problem import ExpressionChoice
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.strict_yaml import Document


def _read(given: Any) -> tuple[dict[str, ExpressionChoice], list[str]]:
    diagnostics = Diagnostics(Document(None))
    found = read_expressions(given, ("observables",), diagnostics)
    return found, [f"{p.key}: {p.message}" for p in diagnostics.problems]


def test_short_and_long_and_back() -> None:
    given = {"dm": "mH2 - mH1", "r": {"expression": "dm / mH1", "latex": "r", "scale": "log"}}
    found, problems = _read(given)
    assert problems == []
    assert {name: choice.to_dict() for name, choice in found.items()} == given
    assert _read(None) == ({}, [])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["dm"], "observables: expected names with expressions"),
        ({"d m": "a"}, "observables.d m: expected letters, digits"),
        ({"dm": 3}, "observables.dm: expected an expression such as"),
        ({"dm": "a ^ 2"}, "observables.dm: 'a ^ 2' holds '^': a power is written **"),
        ({"dm": {"expression": "a +", "unit": "GeV"}}, "observables.dm.expression: 'a +' is no expression"),
        ({"dm": {"unit": "GeV"}}, "observables.dm.expression: missing"),
        ({"dm": {"expression": "a", "units": "GeV"}}, "observables.dm.units: unknown key (did you mean 'unit'?)"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(given: Any, words: str) -> None:
    found, problems = _read(given)
    assert found == {}
    assert problems[0].startswith(words)
