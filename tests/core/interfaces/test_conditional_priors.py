"""Priors that depend on other parameters: their maps, what has no value, and in which order they are computed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terranova import LogUniform, Normal, Parameter, ParameterSpace, Uniform
from terranova.interfaces.conditional_priors import Between, Conditional, Derived, When
from terranova.interfaces.expressions import ExpressionError
from terranova.interfaces.priors import Fixed

GIVEN = {"a": np.array([1.0, 2.0, 5.0])}
U = np.array([0.0, 0.25, 1.0])

PRIORS = [Between("a", 10.0), Between("a", "3 * a", log=True), When("a > 1.5", Uniform(2.0, 4.0), -1.0)]


def test_a_derived_value_follows_from_others() -> None:
    prior = Derived("2 *  a")
    assert (prior.expression, prior.reads, prior.drawn) == ("2 * a", ("a",), False)
    assert prior.to_physical_given(U, GIVEN).tolist() == [2.0, 4.0, 10.0]
    assert prior.logpdf_given(np.array([2.0, 4.0, 9.0]), GIVEN).tolist() == [0.0, 0.0, -np.inf]


def test_moving_bounds() -> None:
    assert Between("a", 10.0).to_physical_given(U, GIVEN).tolist() == [1.0, 4.0, 10.0]
    assert Between("a", "4 * a", log=True).to_physical_given(U, GIVEN) == pytest.approx([1.0, 2.0 * 2**0.5, 20.0])
    assert np.isnan(Between("a", 2.0).to_physical_given(U, GIVEN)).tolist() == [False, True, True]
    assert np.isnan(Between("a - 2", 9.0, log=True).to_physical_given(U, GIVEN)).tolist() == [True, True, False]


def test_a_parameter_that_is_used_at_times() -> None:
    prior = When("a > 1.5", Uniform(2.0, 4.0), -1.0)
    assert prior.to_physical_given(U, GIVEN).tolist() == [-1.0, 2.5, 4.0]
    assert prior.to_unit_given(np.array([-1.0, 2.5, 4.0]), GIVEN).tolist() == [0.5, 0.25, 1.0]
    assert prior.logpdf_given(np.array([-1.0, 2.5, 9.0]), GIVEN) == pytest.approx([0.0, -np.log(2.0), -np.inf])


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(PRIORS), st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3), st.floats(1.6, 3.0))
def test_the_unit_interval_and_back(prior: Conditional, values: list[float], at: float) -> None:
    u, given_a = np.array(values), {"a": np.full(3, at)}
    assert prior.to_unit_given(prior.to_physical_given(u, given_a), given_a) == pytest.approx(u, abs=1e-12)


@pytest.mark.parametrize("prior", PRIORS[:2])
def test_densities_are_the_slopes_of_the_maps(prior: Conditional) -> None:
    u = np.linspace(0.1, 0.9, 9)
    given_a = {"a": np.full(9, 2.0)}
    step = 1e-6
    slope = prior.to_physical_given(u + step, given_a) - prior.to_physical_given(u - step, given_a)
    density = np.exp(prior.logpdf_given(prior.to_physical_given(u, given_a), given_a))
    assert 2.0 * step / slope == pytest.approx(density, rel=1e-6)


def test_alone_it_has_no_map() -> None:
    for ask in (PRIORS[0].to_physical, PRIORS[0].to_unit, PRIORS[0].logpdf):
        with pytest.raises(TypeError, match="depends on a"):
            ask(U)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Derived("a +"), "is no expression"),
        (lambda: Between("a(", 1.0), "is no expression"),
        (lambda: When("a > 1", Fixed(2.0), 0.0), "a prior of its own"),
        (lambda: When("a > 1", Between("a", 2.0), 0.0), "a prior of its own"),
    ],
)
def test_what_makes_none(make: object, words: str) -> None:
    with pytest.raises((ExpressionError, ValueError), match=words):
        make()  # type: ignore[operator]


def _space(**priors: object) -> ParameterSpace:
    return ParameterSpace(tuple(Parameter(name, prior) for name, prior in priors.items()))  # type: ignore[arg-type]


def test_whole_points_in_whatever_order_parameters_stand() -> None:
    space = _space(top=Derived("mid + 1"), mid=Between("low", 10.0), low=Uniform(0.0, 5.0), free=Normal(0.0, 1.0))
    assert [p.name for p in space.free] == ["mid", "low", "free"]
    u = np.random.default_rng(1).random((50, 3))
    x = space.to_physical(u)
    columns = dict(zip(space.names, x.T, strict=True))
    assert (columns["mid"] >= columns["low"]).all()
    assert columns["top"].tolist() == (columns["mid"] + 1).tolist()
    assert space.to_unit(x) == pytest.approx(u, abs=1e-12)
    alone = space.to_physical(u[7:8])
    assert alone.tobytes() == x[7:8].tobytes()


def test_points_are_completed_with_medians() -> None:
    space = _space(a=Uniform(0.0, 2.0), b=Between("a", 4.0), c=Derived("a + b"))
    x = space.completed(np.array([[1.0, np.nan, np.nan]]), given=["a"])
    assert x.tolist() == [[1.0, 2.5, 3.5]]
    assert space.completed(np.array([[1.0, 3.0, np.nan]]), given=["a", "b"]).tolist() == [[1.0, 3.0, 4.0]]


@pytest.mark.parametrize(
    ("priors", "words"),
    [
        ({"a": Derived("b"), "b": Derived("a")}, "in a circle: a, b"),
        ({"a": Derived("a + 1")}, "in a circle: a"),
        ({"mass": Uniform(0, 1), "a": Derived("mas")}, r"'mas', which is no parameter \(did you mean 'mass'"),
    ],
)
def test_dependence_that_leads_nowhere(priors: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        _space(**priors)


@pytest.mark.parametrize(
    ("prior", "text", "support"),
    [
        (Derived("a"), "= a", (-np.inf, np.inf)),
        (Between("a", 9.0), "uniform [a, 9]", (-np.inf, 9.0)),
        (When("a > 0", LogUniform(1.0, 2.0), 0.0), "log [1, 2] when a > 0, else 0", (0.0, 2.0)),
    ],
)
def test_words_for_tables(prior: Conditional, text: str, support: tuple[float, float]) -> None:
    assert (prior.describe(), prior.support) == (text, support)
