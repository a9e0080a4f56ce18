"""Fingerprints of what is given in Python: they change with whatever decides what comes out."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from terranova.system.given_fingerprint import given_fingerprint

CLASS = """
FACTOR = {factor}
def helper(x):
    return FACTOR * x + {added}
class Mine:
    "{words}"
    limit = {limit}
    def evaluate(self, x):
        return helper(x){comment}
"""
USUAL = {"factor": 2, "added": 1, "words": "words", "limit": 3.0, "comment": ""}


def as_in_a_notebook(**changes: Any) -> Any:
    """The class as a cell would define it: in a module without a file."""
    names: dict[str, Any] = {"__name__": "a_notebook"}
    exec(CLASS.format(**{**USUAL, **changes}), names)
    return names["Mine"]


def test_the_same_cell_gives_the_same_fingerprint() -> None:
    assert given_fingerprint(as_in_a_notebook()) == given_fingerprint(as_in_a_notebook())
    assert given_fingerprint(as_in_a_notebook()) == given_fingerprint(
        as_in_a_notebook(words="others", comment=" # !")
    )


@pytest.mark.parametrize("change", [{"factor": 3}, {"added": 2}, {"limit": 4.0}, {"comment": " + 1"}])
def test_code_values_and_what_they_name_count(change: dict[str, Any]) -> None:
    assert given_fingerprint(as_in_a_notebook(**change)) != given_fingerprint(as_in_a_notebook())


class Holder:
    """Holds anything."""

    def __init__(self, held: Any) -> None:
        self.held = held


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        (np.array([1.0, 2.0]), np.array([1.0, 3.0])),
        ({"a": {1, 2}}, {"a": {1, 3}}),
        ([1, (2, None)], [1, (3, None)]),
        (Holder(1), Holder(2)),
        (functools.partial(max, 1), functools.partial(max, 2)),
        (lambda x: x + 1, lambda x: x + 2),
    ],
)
def test_what_an_object_holds_counts(one: Any, other: Any) -> None:
    assert given_fingerprint(Holder(one)) == given_fingerprint(Holder(one))
    assert given_fingerprint(Holder(one)) != given_fingerprint(Holder(other))


def test_it_ends_where_things_hold_each_other() -> None:
    one, other = Holder(None), Holder(None)
    one.held, other.held = other, one
    assert len(given_fingerprint(one)) == 16
    assert given_fingerprint(Holder(np))  # a module counts by its name


def test_closures_slots_and_properties_count() -> None:
    def adding(n: int) -> Any:
        return lambda x: x + n

    class Slotted:
        __slots__ = ("a",)

        def __init__(self, a: int) -> None:
            self.a = a

    assert given_fingerprint(adding(1)) != given_fingerprint(adding(2))
    assert given_fingerprint(Slotted(1)) != given_fingerprint(Slotted(2))
    assert given_fingerprint(np.sin) != given_fingerprint(np.cos)
