"""Priors of a few values: each has its share of the unit interval, and nothing else comes out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terranova.interfaces.discrete_priors import Choice, Discrete, Integer, Sign
from terranova.interfaces.prior_words import make_prior

EXAMPLES: list[Discrete] = [
    Choice((5.0, -1.0, 2.0)),
    Choice(("normal", "inverted"), (3.0, 1.0)),
    Integer(-1, 3),
    Sign(),
]


@pytest.mark.parametrize("prior", EXAMPLES, ids=Discrete.describe)
def test_each_value_has_its_share(prior: Discrete) -> None:
    u = (np.arange(10_000) + 0.5) / 10_000
    x = prior.to_physical(u)
    shares = [float((x == level).mean()) for level in prior.levels]
    assert shares == pytest.approx(np.diff(prior.edges).tolist(), abs=2e-4)
    assert np.exp(prior.logpdf(np.array(prior.levels))) == pytest.approx(np.diff(prior.edges))
    assert set(prior.to_physical(np.array([0.0, 1.0]))) <= set(prior.levels)


@settings(deadline=None)
@given(st.sampled_from(EXAMPLES), st.lists(st.floats(0.0, 1.0), min_size=1))
def test_a_value_comes_back_from_the_middle_of_its_step(prior: Discrete, values: list[float]) -> None:
    x = prior.to_physical(np.array(values))
    assert prior.to_physical(prior.to_unit(x)).tolist() == x.tolist()


def test_other_values_are_none() -> None:
    prior = Choice((5.0, -1.0, 2.0))
    assert np.isnan(prior.to_unit(np.array([0.0, 9.0, -1.0]))).tolist() == [True, True, False]
    assert prior.logpdf(np.array([0.0])).tolist() == [-np.inf]
    assert prior.support == (-1.0, 5.0)


def test_words_are_stored_as_numbers_in_their_order() -> None:
    prior = EXAMPLES[1]
    assert prior.to_physical(np.array([0.0, 0.74, 0.76])).tolist() == [0.0, 0.0, 1.0]
    assert prior.labels == ("normal", "inverted")
    assert Integer(-1, 1).labels == ("-1", "0", "1")


@pytest.mark.parametrize("prior", EXAMPLES, ids=Discrete.describe)
def test_words_make_it_again(prior: Discrete) -> None:
    assert make_prior(prior.to_dict()) == prior


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Choice((1.0,)), "needs 2 to"),
        (lambda: Choice((1.0, "a")), "numbers, or all words"),
        (lambda: Choice((1.0, 1.0)), "one twice"),
        (lambda: Choice((1.0, np.inf)), "finite"),
        (lambda: Choice((1.0, 2.0), (1.0,)), "weights needs 2 numbers"),
        (lambda: Choice((1.0, 2.0), (1.0, 0.0)), "weights must be positive"),
        (lambda: Integer(2, 2), "must be below"),
        (lambda: Integer(0, 1.5), "whole numbers"),  # type: ignore[arg-type]
        (lambda: Integer(0, 10**6), "needs 2 to"),
    ],
)
def test_what_makes_none(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()
