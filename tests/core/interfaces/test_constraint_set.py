"""Constraint sets: names are unique, alternatives exclude each other."""

from __future__ import annotations

import pytest

from terranova.interfaces.constraint_kinds import Window
from terranova.interfaces.constraint_set import ConstraintSet, all_constraints, exclusion


def _window(name: str) -> Window:
    return Window(name=name, observables=("m",), lower=0.0, upper=1.0, source="this test")


def test_a_set_is_its_constraints_in_order() -> None:
    group = ConstraintSet("mine", (_window("b"), _window("a")))
    assert [c.name for c in group] == ["b", "a"]
    assert len(group) == 2


def test_a_constraint_twice_in_a_set_is_refused() -> None:
    with pytest.raises(ValueError, match="'mine' has 'a' twice"):
        ConstraintSet("mine", (_window("a"), _window("b"), _window("a")))


@pytest.mark.parametrize(("of", "model", "suits"), [("", "any", True), ("m", "m", True), ("m", "n", False)])
def test_a_set_of_one_model_suits_no_other(of: str, model: str, suits: bool) -> None:
    assert ConstraintSet("mine", (), model=of).suits(model) is suits


def test_sets_are_put_together_in_order() -> None:
    sets = [ConstraintSet("one", (_window("b"),)), ConstraintSet("two", (_window("a"), _window("c")))]
    assert [c.name for c in all_constraints(sets)] == ["b", "a", "c"]
    assert all_constraints([]) == ()


def test_one_name_in_two_sets_is_refused_with_both() -> None:
    with pytest.raises(ValueError, match="'a' is in both sets 'one' and 'two'"):
        all_constraints([ConstraintSet("one", (_window("a"),)), ConstraintSet("two", (_window("a"),))])


def test_alternatives_exclude_each_other() -> None:
    one, two = (ConstraintSet(name, (), exclusive_group="W mass") for name in ("atlas", "cdf"))
    other = ConstraintSet("other", (), exclusive_group="g-2")
    assert exclusion(two, [other, ConstraintSet("free", ())]) == ""
    assert "'atlas' and 'cdf' are alternatives" in exclusion(two, [other, one])
    with pytest.raises(ValueError, match="alternatives"):
        all_constraints([one, other, two])


def test_sets_of_no_group_exclude_nothing() -> None:
    assert exclusion(ConstraintSet("b", ()), [ConstraintSet("a", ())]) == ""
