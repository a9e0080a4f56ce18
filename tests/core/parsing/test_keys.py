"""Keys: what is expected of values is checked strictly, and said in words for people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Gt
from hypothesis import given
from hypothesis import strategies as st

from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.keys import Key, convert, describe, keys_of, place_of, read_keys, show
from terranova.parsing.strict_yaml import Document


@pytest.mark.parametrize(
    ("value", "wanted", "expected"),
    [
        (3, int, 3),
        (1e6, int, 1_000_000),
        (3, float, 3.0),
        ([1, 2], tuple[float, ...], (1.0, 2.0)),
        ("all", Literal["all", "valid"], "all"),
        (None, float | None, None),
        ({"a": 1}, dict[str, int], {"a": 1}),
        (object, Any, object),
    ],
)
def test_what_fits_is_converted(value: Any, wanted: Any, expected: Any) -> None:
    assert convert(value, wanted) == (expected, [])
    assert type(convert(value, wanted)[0]) is type(expected)


@pytest.mark.parametrize(
    ("value", "wanted", "message"),
    [
        ("3", int, "expected a whole number, got '3': leave out the quotes"),
        (1.5, int, "expected a whole number, got 1.5"),
        (True, int, "expected a whole number, got true"),
        (1, bool, "expected true or false, got 1"),
        ("yes", bool, "expected true or false, got 'yes'"),
        (7, str, "expected text, got 7: put it in quotes"),
        ("aal", Literal["all", "none"], "expected 'all' or 'none', got 'aal' (did you mean 'all'?)"),
        (0.0, Annotated[float, Gt(0)], "must be above 0, got 0.0"),
        ({}, list[int], "expected a list, got keys with values"),
        (None, float, "expected a number, got nothing"),
        ("x", float | tuple[float, ...], "expected a number or a list of numbers, got 'x'"),
    ],
)
def test_what_does_not_fit_is_said_in_words(value: Any, wanted: Any, message: str) -> None:
    kept, problems = convert(value, wanted)
    assert kept is value
    assert problems == [((), message)]


def test_a_problem_within_a_list_has_its_number() -> None:
    assert convert([1.0, "x", 2.0], tuple[float, ...])[1][0][0] == (1,)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**60), 2**60))
def test_every_number_is_a_float_and_none_is_text(number: float) -> None:
    assert convert(number, float) == (float(number), [])
    assert convert(number, str)[1] != []


KEYS = {"seed": Key(int), "wall": Key(float, required=True)}


def _read(given_: Any, **words: Any) -> tuple[dict[str, Any], bool, list[str]]:
    diagnostics = Diagnostics(Document(None))
    values, complete = read_keys(given_, KEYS, ("budget",), diagnostics, **words)
    return values, complete, [f"{p.key}: {p.message}" for p in diagnostics.problems]


def test_a_mapping_with_the_right_keys_is_complete() -> None:
    assert _read({"seed": 1, "wall": 2}) == ({"seed": 1, "wall": 2.0}, True, [])


def test_every_problem_of_a_mapping_is_noted() -> None:
    values, complete, problems = _read({"sead": 1, "seed": "x"})
    assert (values, complete) == ({}, False)
    assert [problem.partition(",")[0].partition(" (")[0] for problem in problems] == [
        "budget.sead: unknown key",
        "budget.seed: expected a whole number",
        "budget.wall: missing",
    ]
    assert _read([1])[2] == ["budget: expected keys with values (seed, wall), got [1]"]


def test_other_keys_are_welcome_where_it_is_said() -> None:
    assert _read({"wall": 1.0, "more": [1]}, open_ended=True) == ({"wall": 1.0, "more": [1]}, True, [])


def test_the_keys_of_a_dataclass_are_its_fields() -> None:
    @dataclass
    class Words:
        name: str
        scale: float = 1.0
        made: int = field(init=False, default=0)

    assert {name: (key.type, key.required) for name, key in keys_of(Words).items()} == {
        "name": (str, True),
        "scale": (float, False),
    }


def test_a_complaint_stands_at_the_first_key_it_mentions() -> None:
    assert place_of("lower (3) must be below upper", {"upper": 1, "lower": 3}, ("a",)) == ("a", "lower")
    assert place_of("nonsense", {"upper": 1}, ("a",)) == ("a",)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (tuple[float, ...], "a list of numbers"),
        (int | None, "a whole number"),
        (Literal["a", "b"], "'a' or 'b'"),
        (object, "a value"),
    ],
)
def test_types_in_words(wanted: Any, words: str) -> None:
    assert describe(wanted) == words


def test_values_are_shown_at_a_readable_length() -> None:
    assert show("x" * 100).endswith("...")
    assert [show(value) for value in (None, True, {}, 1.5)] == ["nothing", "true", "keys with values", "1.5"]
