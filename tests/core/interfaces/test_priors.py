"""Priors: the map from [0, 1], its inverse, and its density."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terranova import (
    Angle,
    Fixed,
    LogUniform,
    Normal,
    Prior,
    SignedLogUniform,
    Uniform,
)
from terranova.interfaces.prior_words import PRIORS

_SIZES = st.floats(1e-10, 1e10)


_RATIOS = st.floats(1.1, 1e10)


@st.composite
def _uniform(draw: st.DrawFn, kind: type[Uniform] = Uniform) -> Prior:
    lower = draw(st.floats(-1e6, 1e6))
    return kind(lower, lower + max(1.0, abs(lower)) * draw(st.floats(1e-2, 1e6)))


@st.composite
def _log(draw: st.DrawFn, kind: type[LogUniform] | type[SignedLogUniform] = LogUniform) -> Prior:
    lower = draw(_SIZES)
    return kind(lower, lower * draw(_RATIOS))


SCANNED = st.one_of(
    _uniform(),
    _uniform(Angle),
    _log(),
    _log(SignedLogUniform),
    st.builds(Normal, st.floats(-1e3, 1e3), st.floats(1.0, 1e6)),
)


UNIT = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20).map(lambda u: np.array(u))


BULK = st.lists(st.floats(0.01, 0.99), min_size=1, max_size=20).map(lambda u: np.array(u))


EXAMPLES: dict[str, Prior] = {
    "uniform": Uniform(-2, 3),
    "angle": Angle(),
    "log": LogUniform(0.1, 50),
    "signed-log": SignedLogUniform(0.1, 1e7),
    "normal": Normal(125.2, 0.1),
}


@settings(max_examples=200, deadline=None)
@given(prior=SCANNED, u=UNIT)
def test_the_map_is_inverted(prior: Prior, u: np.ndarray) -> None:
    np.testing.assert_allclose(prior.to_unit(prior.to_physical(u)), u, rtol=0, atol=1e-12)


@settings(max_examples=200, deadline=None)
@given(prior=SCANNED, u=UNIT)
def test_the_map_is_monotone_and_stays_in_the_support(prior: Prior, u: np.ndarray) -> None:
    u = np.sort(u)
    low, high = prior.support
    x = prior.to_physical(u)
    assert np.isfinite(x).all()
    assert ((x >= low - 1e-9 * abs(low)) & (x <= high + 1e-9 * abs(high))).all()
    # A signed-log prior falls towards u = 1/2 in size, but its values rise only on either half.
    halves = [x[u < 0.5], x[u >= 0.5]] if isinstance(prior, SignedLogUniform) else [x]
    assert all((np.diff(half) >= 0).all() for half in halves)


@settings(max_examples=200, deadline=None)
@given(prior=SCANNED, u=BULK)
def test_the_density_is_that_of_the_map(prior: Prior, u: np.ndarray) -> None:
    u = u[np.abs(u - 0.5) > 1e-3]  # where a signed-log prior jumps
    step = 1e-6
    slope = (prior.to_physical(u + step) - prior.to_physical(u - step)) / (2 * step)
    density = np.exp(prior.logpdf(prior.to_physical(u)))
    np.testing.assert_allclose(density * np.abs(slope), 1.0, rtol=1e-4)


@pytest.mark.parametrize("prior", EXAMPLES.values(), ids=EXAMPLES)
def test_the_density_integrates_to_one(prior: Prior) -> None:
    low, high = prior.support
    if math.isinf(low):
        low, high = 124.0, 126.4
    pieces = [(low, high)]
    if isinstance(prior, SignedLogUniform):
        pieces = [(-prior.max_abs, -prior.min_abs), (prior.min_abs, prior.max_abs)]
    total = 0.0
    for start, stop in pieces:
        grid = np.geomspace(start, stop, 100_001) if start * stop > 0 else np.linspace(start, stop, 100_001)
        inner = grid[1:-1]  # rounding may put the ends outside
        total += float(np.trapezoid(np.exp(prior.logpdf(inner)), inner))
    assert total == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("prior", [EXAMPLES["uniform"], EXAMPLES["log"], EXAMPLES["signed-log"]])
def test_outside_the_support_the_density_is_zero(prior: Prior) -> None:
    low, high = prior.support
    outside = np.array([low - 1.0, high * 1.01, np.nextafter(high, np.inf)])
    assert (prior.logpdf(outside) == -np.inf).all()
    assert SignedLogUniform(1, 2).logpdf(np.array([0.0]))[0] == -np.inf


def test_the_named_priors_are_all_there() -> None:
    assert set(PRIORS) > {*EXAMPLES, "fixed"}  # the others have tests of their own
    for name, prior in EXAMPLES.items():
        words = prior.to_dict()
        assert words.pop("prior") == name
        assert PRIORS[name](**words) == prior
        assert prior.describe()


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Uniform, (1, 1)),
        (Uniform, (2, 1)),
        (Uniform, (0, math.inf)),
        (Uniform, (math.nan, 1)),
        (LogUniform, (0, 1)),
        (LogUniform, (-1, 1)),
        (LogUniform, (2, 1)),
        (SignedLogUniform, (0, 1)),
        (SignedLogUniform, (2, 1)),
        (Normal, (0, 0)),
        (Normal, (0, -1)),
        (Normal, (math.nan, 1)),
        (Fixed, (math.inf,)),
    ],
)
def test_senseless_priors_are_refused(kind: type[Prior], values: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"prior|fixed value"):
        kind(*values)


def test_ends_that_the_logarithm_does_not_tell_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="one logarithm; to fix the parameter write 1e-150"):
        LogUniform(1e-150, np.nextafter(1e-150, 1.0))
    with pytest.raises(ValueError, match="one logarithm"):
        SignedLogUniform(1e-150, np.nextafter(1e-150, 1.0))
