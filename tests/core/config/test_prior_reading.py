"""Reading parameters: values, priors, expressions, each complaint at its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from terranova.config.prior_reading import read_parameters, read_prior
from terranova.interfaces.conditional_priors import Between, Derived, When
from terranova.interfaces.continuous_priors import Scipy, TabulatedPrior, TruncatedNormal
from terranova.interfaces.discrete_priors import Choice, Integer, Sign
from terranova.interfaces.joint_priors import Sorted
from terranova.interfaces.priors import Angle, Fixed, LogUniform, Normal, Prior, SignedLogUniform, Uniform
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.strict_yaml import Document


def _read(reader: Callable[[Diagnostics], Any]) -> tuple[Any, list[str]]:
    diagnostics = Diagnostics(Document(None))
    return reader(diagnostics), [f"{p.key}: {p.message}" for p in diagnostics.problems]


@pytest.mark.parametrize(
    "prior",
    [
        Uniform(0, 1),
        LogUniform(0.1, 2.0),
        SignedLogUniform(1.0, 10.0),
        Normal(0.0, 2.0),
        Angle(0.0, 1.0),
        Fixed(3.0),
        Derived("2 * b"),
        Between("b", 5.0),
        When("b > 1", Uniform(0, 1), 0.0),
        Choice((1.0, 2.0)),
        Choice(("I", "II"), (1.0, 2.0)),
        Integer(1, 4),
        Sign(),
        TruncatedNormal(0.0, 1.0, lower=0.0),
        Scipy("gamma", {"a": 2.0}),
        TabulatedPrior((0.0, 1.0), (1.0, 2.0)),
        Sorted(0.0, 1.0).components(["a", "b"])["a"],
    ],
)
def test_every_prior_is_read_from_its_words(prior: Prior) -> None:
    assert _read(lambda d: read_prior(prior.to_dict(), ("a",), d)) == (prior, [])


def test_a_number_fixes_a_parameter() -> None:
    assert _read(lambda d: read_prior(3, ("a",), d)) == (Fixed(3.0), [])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, "a: expected a number, or a prior"),
        ([1, 2], "a: expected a number, or a prior"),
        (1e200, "a: beyond"),
        ({"lower": 0}, "a.prior: missing, expected one of uniform"),
        ({"prior": "unifrom"}, "a.prior: unknown prior 'unifrom'"),
        ({"prior": "uniform", "lower": 0}, "a.upper: missing, expected a number"),
        ({"prior": "log", "lower": 2, "upper": 1}, "a.lower: log prior: needs 0 < lower"),
        ({"prior": "uniform", "lower": 0, "upper": 1e200}, "a.upper: beyond"),
        ("b +", "a: expected a number, got 'b +', and as an expression"),
        ("3", "a: expected a number, got '3': leave out the quotes"),
        ({"prior": "uniform", "lower": "b", "upper": "b +"}, "a.upper: 'b +' is no expression"),
        ({"prior": "uniform", "lower": 0, "upper": 1, "when": "b > 1"}, "a.otherwise: missing: when and otherwise"),
        ({"prior": "uniform", "lower": 0, "upper": 1, "when": "b >", "otherwise": 0}, "a.when: 'b >' is no exp"),
    ],
)
def test_what_is_no_prior_is_said_at_its_key(given: Any, words: str) -> None:
    prior, problems = _read(lambda d: read_prior(given, ("a",), d))
    assert prior is None
    assert problems[0].startswith(words)


def test_an_expression_of_parameters() -> None:
    assert _read(lambda d: read_prior("2 * b", ("a",), d)) == (Derived("2 * b"), [])


def test_parameters_with_their_units() -> None:
    given = {"a": 1, "b": {"prior": "uniform", "lower": 0, "upper": 1, "unit": "GeV"}}
    expected = ({"a": Fixed(1.0), "b": Uniform(0.0, 1.0)}, {"b": "GeV"})
    assert _read(lambda d: read_parameters(given, ("parameters",), d)) == (expected, [])
    assert _read(lambda d: read_parameters(None, ("parameters",), d)) == (({}, {}), [])


def test_priors_of_several_parameters() -> None:
    given = {"a, b": {"prior": "sorted", "lower": 0, "upper": 1, "unit": "GeV"}}
    expected = Sorted(0.0, 1.0).components(["a", "b"])
    assert _read(lambda d: read_parameters(given, (), d)) == ((expected, {"a": "GeV", "b": "GeV"}), [])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"a, b": 3}, "a, b: expected a prior of several parameters"),
        ({"a, b": {"prior": "uniform", "lower": 0, "upper": 1}}, "a, b.prior: expected a prior of several"),
        ({"a, b": {"prior": "sorted", "lower": 1, "upper": 0}}, "a, b.lower: sorted prior: lower (1) must be"),
        ({"a, b": {"prior": "sorted", "lower": 0}}, "a, b.upper: missing"),
        ({"a, a": {"prior": "sorted", "lower": 0, "upper": 1}}, "a, a: sorted prior: a parameter is named twice"),
        ({"a": {"prior": "sorted", "lower": 0, "upper": 1}}, "a.prior: sorted is of several parameters: write"),
        ({"a": 1, "a, b": {"prior": "sorted", "lower": 0, "upper": 1}}, "a, b: 'a' has two priors"),
    ],
)
def test_what_is_no_prior_of_several(given: Any, words: str) -> None:
    _, problems = _read(lambda d: read_parameters(given, (), d))
    assert problems[0].startswith(words)
