"""Priors with densities of several shapes: maps, densities, what makes none, and scipy's words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from terranova.interfaces.continuous_priors import (
    SCIPY_NAMES,
    Beta,
    Exponential,
    HalfNormal,
    Scipy,
    TabulatedPrior,
    TruncatedNormal,
    frozen_words,
)
from terranova.interfaces.prior_words import make_prior
from terranova.interfaces.priors import Prior

_SIZE = st.floats(0.1, 100.0)
_PLACE = st.floats(-100.0, 100.0)

SHAPED = st.one_of(
    st.builds(lambda m, s, a, w: TruncatedNormal(m, s, m + a * s, m + (a + w) * s), _PLACE, _SIZE, st.floats(-3, 3),
              st.floats(0.1, 6)),
    st.builds(lambda m, s: TruncatedNormal(m, s, lower=m), _PLACE, _SIZE),
    st.builds(HalfNormal, _SIZE, _PLACE),
    st.builds(Exponential, _SIZE, _PLACE),
    st.builds(lambda a, b, w: Beta(a, b, 0.0, w), st.floats(0.8, 9), st.floats(0.8, 9), _SIZE),
    st.builds(lambda a, s: Scipy("gamma", {"a": a, "scale": s}), st.floats(0.5, 9), _SIZE),
    st.builds(lambda c, d: TabulatedPrior((0.0, 1.0, 3.0), (0.5, c, d)), st.floats(0, 9), st.floats(0, 9)),
)  # fmt: skip

EXAMPLES = [
    TruncatedNormal(1.0, 2.0, lower=0.0),
    HalfNormal(2.0),
    Exponential(3.0, -1.0),
    Beta(2.0, 3.0, 1.0, 5.0),
    Scipy("gamma", {"a": 2.0, "scale": 3.0}),
    TabulatedPrior((0.0, 1.0, 2.0, 3.0), (0.0, 1.0, 0.0, 2.0)),
]


@settings(deadline=None, max_examples=200)
@given(SHAPED, st.lists(st.floats(0.001, 0.999), min_size=1, max_size=10))
def test_the_cumulative_distribution_of_a_quantile_is_its_probability(prior: Prior, values: list[float]) -> None:
    u = np.array(values)
    x = prior.to_physical(u)
    low, high = prior.support
    assert ((x >= low) & (x <= high)).all()
    assert prior.to_unit(x) == pytest.approx(u, abs=1e-11)  # of x, far from zero, digits are lost


@settings(deadline=None, max_examples=60)
@given(SHAPED)
def test_quantiles_increase_and_are_finite(prior: Prior) -> None:
    x = prior.to_physical(np.linspace(0.0, 1.0, 101))  # scipy's own quantile of beta(3, 3) at 1e-300 is NaN
    assert np.isfinite(x).all()
    assert (np.diff(x) >= -1e-9 * np.abs(x[1:])).all()  # scipy's quantiles, to their last digits


@pytest.mark.parametrize("prior", EXAMPLES, ids=lambda prior: prior.kind)
def test_densities_integrate_to_the_cumulative_distribution(prior: Prior) -> None:
    low, high = (float(v) for v in prior.to_physical(np.array([0.2, 0.9])))
    integral, _ = quad(
        lambda x: float(np.exp(prior.logpdf(np.array([x]))[0])), low, high, points=[1.0, 2.0], limit=200
    )
    assert integral == pytest.approx(0.7, abs=1e-8)


@pytest.mark.parametrize("prior", EXAMPLES, ids=lambda prior: prior.kind)
def test_words_make_it_again(prior: Prior) -> None:
    assert make_prior(prior.to_dict()) == prior
    assert prior.describe()


def test_beyond_the_support_there_is_nothing() -> None:
    for prior in EXAMPLES:
        low, _ = prior.support
        assert prior.logpdf(np.array([low - 1.0])).tolist() == [-np.inf]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: TruncatedNormal(0, 0), "sd must be positive"),
        (lambda: TruncatedNormal(0, 1, 2, 1), "lower .2. must be below upper"),
        (lambda: TruncatedNormal(0, 1, 40, 50), "more than 30 sd"),
        (lambda: HalfNormal(-1), "sd must be positive"),
        (lambda: Exponential(0), "mean must be positive"),
        (lambda: Beta(0, 1), "a must be positive"),
        (lambda: Scipy("gama", {}), "did you mean 'gamma'"),
        (lambda: Scipy("rv_histogram", {}), "no continuous distribution"),
        (lambda: Scipy("gamma", {}), "args needs 'a'"),
        (lambda: Scipy("norm", {"sd": 1.0}), "args 'sd' is none of norm"),
        (lambda: Scipy("gamma", {"a": -1.0}), "args make no distribution"),
        (lambda: TabulatedPrior((0, 1), (1,)), "same length"),
        (lambda: TabulatedPrior((0, 0), (1, 1)), "must increase"),
        (lambda: TabulatedPrior((0, 1), (0, 0)), "nor zero everywhere"),
        (lambda: TabulatedPrior((0, 1), (-1, 2)), "must not be negative"),
    ],
)
def test_what_makes_none(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_every_name_of_scipy_is_a_continuous_distribution() -> None:
    known = {d.name for d in vars(scipy.stats).values() if isinstance(d, scipy.stats.rv_continuous)}
    assert len(SCIPY_NAMES) > 80
    assert set(SCIPY_NAMES) - known <= {"jf_skew_t", "truncpareto", "loguniform", "reciprocal"}


def test_frozen_distributions() -> None:
    words = frozen_words(scipy.stats.gamma(2.0, scale=3.0))
    assert words == {"prior": "scipy", "name": "gamma", "args": {"a": 2.0, "scale": 3.0}}
    prior, u = make_prior(words), np.array([0.1, 0.5])
    assert prior.to_physical(u) == pytest.approx(scipy.stats.gamma(2.0, scale=3.0).ppf(u))
    assert frozen_words(3.0) is None
