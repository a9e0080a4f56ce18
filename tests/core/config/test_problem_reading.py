"""Reading a problem: names with options, priors, entries of constraints, each complaint at its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from terranova.config.problem_reading import name_path, read_name_and_options, read_problem
from terranova.interfaces.priors import Fixed
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.strict_yaml import Document


def _read(reader: Callable[[Diagnostics], Any]) -> tuple[Any, list[str]]:
    diagnostics = Diagnostics(Document(None))
    return reader(diagnostics), [f"{p.key}: {p.message}" for p in diagnostics.problems]


@pytest.mark.parametrize(
    ("given", "expected", "words"),
    [
        ("thdm3", ("thdm3", {}), ""),
        ({"name": "thdm3", "type": 2}, ("thdm3", {"type": 2}), ""),
        ({"type": 2}, ("", {"type": 2}), "model.name: missing, expected the name of a model"),
        ({"name": ""}, ("", {}), "model.name: empty"),
        (7, ("", {}), "model: expected a name, or name and options, got 7"),
    ],
)
def test_names_with_and_without_options(given: Any, expected: Any, words: str) -> None:
    read, problems = _read(lambda d: read_name_and_options(given, ("model",), "model", d))
    assert read == expected
    assert words in "".join(problems)
    assert bool(problems) is bool(words)


def test_the_name_stands_where_it_was_written() -> None:
    assert name_path({"model": "a"}, (), "model") == ("model",)
    assert name_path({"model": {"name": "a"}}, ("p", 0), "model") == ("p", 0, "model", "name")


def test_kinds_of_constraints_are_asked_for_only_where_constraints_are() -> None:
    located, problems = _read(lambda d: read_problem({"model": "m", "parameters": {"a": 1}}, (), d, pytest.fail))
    assert problems == []
    assert (located.config.model.name, dict(located.config.parameters)) == ("m", {"a": Fixed(1.0)})
