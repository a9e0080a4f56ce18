"""Constraint sets: names are unique, alternatives exclude each other."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from terranova.interfaces.constraint_kinds import Window
from terranova.interfaces.constraint_set import ConstraintSet, all_constraints, exclusion


def _window(name: str, when: str = "") -> Window:
    return Window(name=name, observables=("m",), lower=0.0, upper=1.0, source="this test", date=when)


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


def _measured(*dates: str) -> tuple[Window, ...]:
    return tuple(_window(f"w{i}", when) for i, when in enumerate(dates))


@pytest.mark.parametrize(
    ("words", "as_of", "outdated"),
    [
        ({"updated": "2024-12"}, "2024-12", False),
        ({"updated": "2024-11"}, "2024-11", True),
        ({"updated": "2024-11-30"}, "2024-11-30", True),
        ({"updated": "2026-01", "constraints": _measured("1988-04-11")}, "2026-01", False),
        ({"constraints": _measured("1988-04-11", "2025-03", "")}, "2025-03", False),
        ({"constraints": _measured("1988-04-11", "soon")}, "1988-04-11", True),
        ({"updated": "1988-04", "reproduces": "arXiv:2402.07661"}, "1988-04", False),
        ({"constraints": _measured("")}, "", False),
    ],
)
def test_a_set_that_nobody_has_looked_up_for_two_years_is_outdated(
    words: dict[str, Any], as_of: str, outdated: bool
) -> None:
    group = ConstraintSet(**{"name": "mine", "constraints": (), **words})
    assert group.as_of == as_of
    assert group.outdated(date(2026, 12, 1)) is outdated


@pytest.mark.parametrize("updated", ["2026", "2026-13", "last summer"])
def test_when_a_set_was_looked_up_is_a_month(updated: str) -> None:
    with pytest.raises(ValueError, match="updated must be a year and month"):
        ConstraintSet("mine", (), updated=updated)
