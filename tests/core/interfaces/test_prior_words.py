"""Words and priors: each makes the other."""

from __future__ import annotations

from typing import Any

import pytest

from terranova import LogUniform, Uniform
from terranova.interfaces.conditional_priors import Between, Derived, When
from terranova.interfaces.prior_words import PRIORS, make_prior, moving_bounds, prior_expressions
from terranova.interfaces.priors import Prior


@pytest.mark.parametrize(
    "prior",
    [
        Uniform(0.0, 1.0),
        Derived("2 * a"),
        Between("a", 9.0),
        Between(1.0, "a + b", log=True),
        When("kind == 2", LogUniform(1.0, 3.0), 0.0),
    ],
)
def test_a_prior_comes_back_from_its_words(prior: Prior) -> None:
    assert make_prior(prior.to_dict()) == prior


@pytest.mark.parametrize("words", [{"prior": "flat"}, {"lower": 1}])
def test_unknown_words(words: dict[str, Any]) -> None:
    with pytest.raises(KeyError):
        make_prior(words)


def test_bounds_that_move() -> None:
    assert moving_bounds({"prior": "log", "lower": 1, "upper": "a"})
    assert not moving_bounds({"prior": "log", "lower": "1", "upper": "a("})
    assert not moving_bounds({"prior": "normal", "mean": "a", "sd": 1})


def test_expressions_and_their_keys() -> None:
    assert prior_expressions(Derived("a")) == [("", "a")]
    assert prior_expressions(Between("a", 1.0)) == [("lower", "a")]
    assert prior_expressions(When("a > 1", Uniform(0, 1), 0.0)) == [("when", "a > 1")]
    assert prior_expressions(Uniform(0, 1)) == []


def test_each_kind_is_named_once() -> None:
    assert all(kind == prior.kind for kind, prior in PRIORS.items())
