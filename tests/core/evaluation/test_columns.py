"""Names of columns: what SQL cannot tell apart is refused when a model is bound, not when its points are stored."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terranova import BoundModel, ConstraintSet, Model, Observable, Parameter, Problem, Uniform, Window
from terranova.errors import ContractError
from terranova.evaluation.columns import TAKEN, check_columns
from terranova.store.schema import BOOKKEEPING, Field, Schema


def _parameters(*names: str) -> list[Parameter]:
    return [Parameter(name, Uniform(0.0, 1.0)) for name in names]


def _model(parameters: list[str], observables: list[str]) -> Model:
    class Named(Model):
        name = "named"

        def evaluate(self, points: Any) -> Any:
            return {o.name: points[self.parameters[0].name] for o in self.observables}

    Named.parameters = tuple(_parameters(*parameters))
    Named.observables = tuple(Observable(name) for name in observables)
    return Named()


def test_the_columns_that_are_taken_are_those_of_the_store() -> None:
    assert tuple(field.name for field, _ in BOOKKEEPING) == TAKEN


@pytest.mark.parametrize(
    ("parameters", "observables", "words"),
    [
        (["mh"], ["mH"], "the names 'mH' and 'mh', which the table of points cannot tell apart"),
        (["a"], ["mh", "MH"], "the names 'MH' and 'mh'"),
        (["a", "A"], ["y"], "the names 'A' and 'a'"),
        (["a"], ["a"], "uses the name 'a' twice: for the observable 'a', and for the parameter 'a'"),
        *((["a"], [name], f"uses the name '{name}' twice") for name in TAKEN),
        (["Status"], ["y"], "the names 'Status' and 'status'"),
    ],
)
def test_names_that_cannot_be_told_apart_are_refused_with_both(
    parameters: list[str], observables: list[str], words: str
) -> None:
    with pytest.raises(ContractError, match="Rename one of them") as refused:
        BoundModel(_model(parameters, observables))
    assert words in str(refused.value)


@pytest.mark.parametrize("constraints", [["x"], ["X"], ["b", "B"]])
def test_columns_of_violations_count_too(constraints: list[str]) -> None:
    edges = [Window(name=n, observables=("y",), lower=0.0, source="theory: positive") for n in constraints]
    with pytest.raises(ContractError, match="the violation of the constraint"):
        Problem(BoundModel(_model(["C_x"], ["y"])), [ConstraintSet("set", tuple(edges))])


@given(
    st.lists(st.sampled_from("aAbB"), max_size=3),
    st.lists(st.sampled_from(["a", "y", "Y", "C_a", "c_B"]), max_size=3),
    st.lists(st.sampled_from("abAB"), max_size=2, unique=True),
)
def test_what_is_let_through_can_be_stored_and_nothing_else(
    parameters: list[str], observables: list[str], constraints: list[str]
) -> None:
    edges = [Window(name=n, observables=("y",), lower=0.0, source="theory: positive") for n in constraints]

    def refused(action: Any, kind: type[Exception]) -> bool:
        try:
            action()
        except kind:
            return True
        return False

    here = refused(
        lambda: check_columns("m", _parameters(*parameters), map(Observable, observables), edges), ContractError
    )
    groups = [[Field(name) for name in names] for names in (parameters, observables, constraints)]
    assert here == refused(lambda: Schema(*groups), ValueError)
