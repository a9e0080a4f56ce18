"""Ends of priors: which there are, and what lies at them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.fit_problems import measured, problem

from terranova.fitting.posterior import Posterior
from terranova.fitting.prior_ends import (
    best_at_ends,
    end_text,
    ends_sentences,
    posterior_at_ends,
    reaching_sentences,
)
from terranova.interfaces.parameters import Parameter
from terranova.interfaces.priors import Normal, SignedLogUniform, Uniform
from terranova.types import Floats

pytestmark = pytest.mark.integration

SIMPLE = [measured("same", 0.0)]


@pytest.mark.parametrize(
    ("u", "expected"),
    [
        ([0.0, 0.0, 0.0], {"size": "lower", "x": "lower"}),  # phi is an angle
        ([1.0, 1.0 - 1e-7, 1.0], {"size": "upper", "x": "upper"}),
        ([0.5, 0.5, 0.001], {}),
    ],
)
def test_the_best_fit(u: list[float], expected: dict[str, str]) -> None:
    assert best_at_ends(problem({"name": "fit-simple"}, SIMPLE), np.array(u)) == expected


def test_what_is_fixed_or_has_no_bounds_has_no_end() -> None:
    fixed = problem({"name": "fit-simple"}, SIMPLE, parameters={"phi": 0, "size": 1})
    assert best_at_ends(fixed, np.array([1.0])) == {"x": "upper"}
    space = fixed.model.space
    for prior, place, expected in (
        (Normal(0.0, 1.0), 1.0, {}),
        (SignedLogUniform(1.0, 10.0), 0.5, {"x": "inner"}),
        (SignedLogUniform(1.0, 10.0), 0.0, {"x": "lower"}),
        (Uniform(0.0, 1.0), 1e-5, {"x": "lower"}),
    ):
        other = replace(space, parameters=(Parameter("x", prior),))
        fixed.model.space = other
        assert best_at_ends(fixed, np.array([place])) == expected


def _posterior(values: Floats) -> Posterior:
    n = len(values)
    nothing = np.zeros(n)
    return Posterior(
        method="nested",
        names=("phi", "size", "x"),
        values=np.column_stack([nothing, nothing + 1.0, values]),
        loglike=nothing,
        weights=np.full(n, 1.0 / n),
        chain=nothing.astype(np.int64),
        effective=float(n),
        log_evidence=0.0,
        log_evidence_error=0.1,
        converged=True,
        evaluations=n,
    )


def test_a_posterior_that_has_not_fallen_off() -> None:
    one = problem({"name": "fit-simple"}, SIMPLE, parameters={"phi": 0, "size": 1})
    rng = np.random.default_rng(1)
    flat = rng.uniform(-5.0, 5.0, 4000)
    half = 5.0 - np.abs(rng.standard_normal(4000))
    inside = np.clip(rng.standard_normal(4000), -4.9, 4.9)
    tail = np.clip(2.0 + rng.standard_normal(4000), -5.0, 5.0)
    found = [posterior_at_ends(one, _posterior(values)) for values in (flat, half, inside, tail, 0.0 * flat)]
    assert found == [{"x": "both"}, {"x": "upper"}, {}, {}, {}]


def test_sentences_say_what_it_means() -> None:
    assert ends_sentences({}) == reaching_sentences({}) == []
    assert end_text("") == ""
    (sentence,) = ends_sentences({"a": "upper", "b": "lower"})
    assert (
        "a at the upper end of its prior, b at the lower end of its prior: the likelihood may be larger" in sentence
    )
    assert "a (both)" in reaching_sentences({"a": "both"})[0]
