"""Problems: points are scored as their constraints say, alone or together, whatever is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.constraint_kinds import CONSTRAINTS, NAMES, PAIR, PAIR_VALUES, ThreeNumbers
from support.constraint_kinds import one as _one

import terranova
from terranova import (
    BoundModel,
    Constraint,
    ConstraintSet,
    Correlated,
    Function,
    Gaussian,
    Limit,
    Model,
    Observable,
    Parameter,
    Problem,
    Uniform,
    Window,
)
from terranova.errors import ContractError
from terranova.interfaces.constraint import acceptance


@settings(max_examples=150, deadline=None)
@given(
    constraints=st.lists(st.tuples(CONSTRAINTS, st.sampled_from([*NAMES, "p_x"])), max_size=6),
    seed=st.integers(0, 1000),
    scale=st.sampled_from([1.0, 100.0, 1e5]),
)
def test_a_problem_scores_as_its_constraints_do(
    constraints: list[tuple[Constraint, str]], seed: int, scale: float
) -> None:
    group = tuple(_renamed(c, i, name) for i, (c, name) in enumerate(constraints))
    problem = Problem(BoundModel(ThreeNumbers()), [ConstraintSet("group", group)])
    x = scale * np.random.default_rng(seed).standard_normal((30, 3))
    violations, loglike = problem.score(x, x)
    total = np.zeros(len(x))
    for j, constraint in enumerate(group):
        columns = [NAMES.index(name.removeprefix("p_")) for name in constraint.observables]
        np.testing.assert_array_equal(violations[:, j], constraint.violation(x[:, columns]))
        total += constraint.loglike(x[:, columns])
    np.testing.assert_allclose(loglike, total, rtol=1e-12)
    order = np.random.default_rng(seed).permutation(len(x))
    again = problem.score(x[order], x[order])
    np.testing.assert_array_equal(again[0], violations[order])
    np.testing.assert_array_equal(again[1], loglike[order])


@pytest.mark.parametrize("unknown", [np.nan, np.inf])
def test_an_unknown_observable_violates_what_reads_it(unknown: float) -> None:
    group = (
        Window(**_one("a", "x"), lower=-1),
        Gaussian(**_one("b", "y"), value=0, sigma=1),
        Correlated(**{**PAIR, "name": "d"}, **PAIR_VALUES),
    )
    problem = Problem(BoundModel(ThreeNumbers()), [ConstraintSet("group", group)])
    violations, loglike = problem.score(np.zeros((2, 3)), np.array([[unknown, 0.0, 0.0], [0.0, 0.0, unknown]]))
    np.testing.assert_array_equal(violations, [[np.inf, 0, np.inf], [0, 0, 0]])
    np.testing.assert_array_equal(loglike, [-np.inf, 0])


def test_what_samplers_are_told_is_the_common_window() -> None:
    group = (Window(**_one("a"), lower=0, upper=5), Limit(**_one("b"), upper=3), Correlated(**PAIR, **PAIR_VALUES))
    assert acceptance(group) == {"x": (0, 3)}


def test_names_must_be_unique_and_observables_known() -> None:
    a = Window(**_one("a"), lower=0)
    with pytest.raises(ValueError, match="'a' twice"):
        ConstraintSet("s", (a, a))
    model = BoundModel(ThreeNumbers())
    with pytest.raises(ContractError, match=r"'a' is in both sets 's' and 't'"):
        Problem(model, [ConstraintSet("s", (a,)), ConstraintSet("t", (a,))])
    with pytest.raises(ContractError, match="reads 'w', which model 'three-numbers' does not provide"):
        Problem(model, [ConstraintSet("s", (Window(**_one("a", "w"), lower=0),))])


def _renamed(constraint: Constraint, number: int, observable: str) -> Constraint:
    names = (observable,) if len(constraint.observables) == 1 else constraint.observables
    return replace(constraint, name=f"c{number}", observables=names)


X = np.linspace(0.0, 10.0, 12).reshape(-1, 1)


class Base(Model):
    """One parameter, two observables; subclasses answer wrongly."""

    name = "misbehaving"
    parameters = (Parameter("a", Uniform(0.0, 10.0)),)
    observables = (Observable("p"), Observable("q"))

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """Twice and three times a."""
        return {"p": 2 * points["a"], "q": 3 * points["a"]}


@dataclass(frozen=True, kw_only=True)
class Partial(Window):
    """A window that has something to say."""

    @property
    def notices(self) -> tuple[str, ...]:
        return ("half of it is left out",)


def test_what_constraints_leave_out_is_known() -> None:
    group = (Partial(**_one("one"), lower=0.0), Window(**_one("two"), lower=0.0))
    problem = Problem(BoundModel(ThreeNumbers()), [ConstraintSet("group", group)])
    assert problem.notices == ["constraint 'one': half of it is left out"]


def test_a_function_constraint_must_not_be_negative() -> None:
    wrong = Function(name="p", observables=("p",), source="theory: a test", violation_of=lambda p: p - 5.0)
    problem = Problem(BoundModel(Base()), [ConstraintSet("set", (wrong,))])
    with pytest.raises(ContractError, match="constraint 'p'"):
        problem.score(X, problem.evaluate(X).observables)


@pytest.mark.parametrize("x", [[[1, 2, 3]], [1.0, 2.0], "x", 1.0, {"a": 1.0}])
def test_points_of_the_wrong_shape_are_refused_at_once(x: Any) -> None:
    problem = terranova.problem("thdm3", ["theory"])
    with pytest.raises(ValueError, match=r"expected physical points of shape \(n, 16\), in the order alpha1, "):
        problem.evaluate(x)
    assert "28 in theory (28)" in repr(problem)
    assert "<td" in problem._repr_html_()
