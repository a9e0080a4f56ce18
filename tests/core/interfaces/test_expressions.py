"""Expressions: what they compute, what is unknown, their units, and what they refuse."""

from __future__ import annotations

import json
import math
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terranova.interfaces.expressions import (
    DEEPEST,
    FUNCTIONS,
    LARGEST_EXPONENT,
    LONGEST,
    MOST_STEPS,
    Expression,
    ExpressionError,
    is_name,
)

HOSTILE = json.loads((Path(__file__).parents[2] / "data" / "hostile_expressions.json").read_text(encoding="utf-8"))

COLUMNS = {"a": np.array([0.5, 2.0, 3.0]), "b": np.array([2.0, 2.0, -1.0]), "u": np.array([1.0, np.nan, 0.0])}

UNITS = {"mA": "GeV", "mC1": "GeV", "m12sq": "GeV^2", "s": "1", "angle": "rad"}


def _value(text: str, **columns: float) -> float:
    return float(Expression(text)({name: np.array([value]) for name, value in columns.items()}, 1)[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a - b", [-1.5, 0.0, 4.0]),
        ("abs(a - b) * 2", [3.0, 0.0, 8.0]),
        ("-a ** 2", [-0.25, -4.0, -9.0]),
        ("2 ** a", [2**0.5, 4.0, 8.0]),
        ("min(a, b, 1)", [0.5, 1.0, -1.0]),
        ("max(a, b)", [2.0, 2.0, 3.0]),
        ("where(a > b, a, b)", [2.0, 2.0, 3.0]),
        ("a < b", [1.0, 0.0, 0.0]),
        ("0 < a < 3", [1.0, 1.0, 0.0]),
        ("a > 1 and b > 0", [0.0, 1.0, 0.0]),
        ("a > 1 or b > 0", [1.0, 1.0, 1.0]),
        ("not a > 1", [1.0, 0.0, 0.0]),
        ("3", [3.0, 3.0, 3.0]),
        ("  a\n + b ", [2.5, 4.0, 2.0]),
    ],
)
def test_what_it_computes(text: str, expected: list[float]) -> None:
    assert Expression(text)(COLUMNS, 3) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    "name", sorted(set(FUNCTIONS) - {"min", "max", "where", "abs", "sign", "radians", "degrees"})
)
def test_functions_are_those_of_mathematics(name: str) -> None:
    arguments = [0.3, 0.7][: FUNCTIONS[name].fewest]
    call = f"{name}({', '.join('ab'[: len(arguments)])})"
    assert _value(call, a=0.3, b=0.7) == pytest.approx(getattr(math, name)(*arguments), rel=1e-14)


@pytest.mark.parametrize("text", ["a + u", "u > 1", "u == 1 or a > 1", "not u", "where(u > 0, a, b)", "min(a, u)"])
def test_what_reads_something_unknown_is_unknown(text: str) -> None:
    assert np.isnan(Expression(text)(COLUMNS, 3)).tolist() == [False, True, False]


def test_a_branch_that_is_not_taken_may_be_unknown() -> None:
    assert Expression("where(b > 0, log(b), 0)")(COLUMNS, 3) == pytest.approx([math.log(2), math.log(2), 0.0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1 / (a - 2)", math.inf), ("sqrt(b)", math.nan), ("log(b + 1)", -math.inf), ("2 ** (1000 * a)", math.inf)],
)
def test_what_has_no_value_is_not_finite(text: str, expected: float) -> None:
    value = _value(text, a=2.0, b=-1.0)
    assert value == expected or (math.isnan(value) and math.isnan(expected))


_TEXTS = ["a + b", "sqrt(a) * exp(-b) / hypot(a, b)", "where(a > b, a ** 1.7, log10(b)) + sin(a) ** 3"]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(_TEXTS), st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=40), st.integers(0, 39))
def test_a_point_alone_is_as_in_a_batch(text: str, values: list[float], row: int) -> None:
    a = np.array(values)
    b = a[::-1].copy()
    row %= len(a)
    alone = Expression(text)({"a": a[row : row + 1], "b": b[row : row + 1]}, 1)
    assert alone.tobytes() == Expression(text)({"a": a, "b": b}, len(a))[row : row + 1].tobytes()


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("mA - mC1", "GeV"),
        ("mA - 10", "GeV"),
        ("abs(mA - mC1) / mA", "1"),
        ("mA * mC1", "GeV^2"),
        ("sqrt(m12sq)", "GeV"),
        ("(mA ** 2 + m12sq) ** 0.5", "GeV"),
        ("1 / mA", "GeV^-1"),
        ("log10(mA)", "1"),
        ("sin(angle)", "1"),
        ("where(s > 1, mA, 0)", "GeV"),
        ("mA > 100 and s < 1", "1"),
        ("2 * 3", "1"),
        ("mA + other", "GeV"),
        ("mA * other", None),
    ],
)
def test_units(text: str, unit: str | None) -> None:
    assert Expression(text).unit(UNITS) == unit


@pytest.mark.parametrize(
    "text", ["mA + s", "mA + m12sq", "mA > s", "min(mA, s)", "exp(mA)", "sin(mA)", "where(s > 1, mA, s)", "2 ** mA"]
)
def test_units_that_do_not_go_together(text: str) -> None:
    with pytest.raises(ExpressionError, match="GeV"):
        Expression(text).unit(UNITS)


def test_the_corpus_is_large() -> None:
    assert len(set(HOSTILE)) >= 300


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_expression_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        Expression(text)
    message = str(caught.value)
    assert 5 < len(message) < 400
    assert message.isprintable()


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40) | st.text(alphabet="ab01.+-*/()<>=!, _e", max_size=60))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    try:
        expression = Expression(text)
    except ExpressionError:
        return
    assert len(expression({name: np.ones(2) for name in expression.names}, 2)) == 2


@pytest.mark.parametrize(
    "text", ["(" * 100_000, "-" * LONGEST + "m", "9**" * 100 + "9", "(m<" * 20 + "m" + "<m)" * 20], ids=range(4)
)
def test_a_bomb_is_refused_before_it_grows(text: str) -> None:
    with pytest.raises(ExpressionError):
        Expression(text)


@pytest.mark.parametrize(
    "text",
    [
        "m" * (LONGEST - 10),
        "abs(" * DEEPEST + "m" + ")" * DEEPEST,
        f"m ** {LARGEST_EXPONENT:g}",
        " + ".join(["m"] * 20),
    ],
)
def test_within_its_bounds_it_is_taken(text: str) -> None:
    expression = Expression(text)
    assert len(expression.names) == 1
    assert MOST_STEPS > 100


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a ^ 2", "a power is written"),
        ("ln(a)", "did you mean 'log'"),
        ("sqr(a)", "did you mean 'sqrt'"),
        ("a if b else 1", "where"),
        ("abs()", "abs takes 1 argument, got 0"),
        ("a.real", "a dot behind a name"),
        ("", "empty"),
    ],
)
def test_what_a_refusal_says(text: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=words):
        Expression(text)


def test_names_in_the_order_in_which_they_occur() -> None:
    assert Expression("mB * mA - mB").names == ("mB", "mA")


def test_it_travels_to_other_processes() -> None:
    expression = pickle.loads(pickle.dumps(Expression("sqrt(a)  + 1")))
    assert expression == Expression("sqrt(a) + 1")
    assert expression(COLUMNS, 3) == pytest.approx(np.sqrt(COLUMNS["a"]) + 1)


@pytest.mark.parametrize(("text", "expected"), [("mA", True), (" mA ", True), ("mA + 1", False), ("1", False)])
def test_a_name_alone_says_nothing_new(text: str, expected: bool) -> None:
    assert is_name(text) is expected
