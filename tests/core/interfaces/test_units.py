"""Units as products of powers: what the units of the models are, and what becomes of them."""

from __future__ import annotations

import pytest

from terranova.interfaces.units import Unit, dimension_of


@pytest.mark.parametrize("text", ["1", "GeV", "GeV^2", "cm^3/s", "ps^-1", "e cm", "1e-4", "deg"])
def test_a_unit_comes_back_as_it_was_written(text: str) -> None:
    assert str(dimension_of(text)) == text


@pytest.mark.parametrize(("one", "other"), [("rad", "1"), ("", "1"), ("1/ps", "ps^-1"), ("GeV*GeV", "GeV^2")])
def test_units_that_are_one_and_the_same(one: str, other: str) -> None:
    assert dimension_of(one) == dimension_of(other)


def test_products_and_powers() -> None:
    mass = dimension_of("GeV")
    assert str(mass * mass) == "GeV^2"
    assert (mass / mass).plain
    assert mass**2.0 == dimension_of("GeV^2")
    assert (mass**2.0) ** 0.5 == mass
    assert dimension_of("GeV") != dimension_of("TeV")
    assert Unit.ONE.plain
