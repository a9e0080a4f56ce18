"""Numbers and sources as text for people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from terranova.pages.text import address_of, collect, duration, number, percent

inf = math.inf


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (0, "0"),
        (-3, "−3"),
        (0.012345, "0.0123"),
        (4.5e-8, "4.5 × 10⁻⁸"),
        (2690.4, "2,690"),
        (1.5e9 + 0.5, "1.5 × 10⁹"),
        (math.nan, "–"),
        (None, "–"),
        (inf, "∞"),
        (-inf, "−∞"),
    ],
)
def test_numbers(value: float | None, text: str) -> None:
    assert number(value) == text


def test_other_words() -> None:
    assert [percent(v) for v in (0.0, 1.0, 0.99999, 0.123456, math.nan)] == [
        "0 %",
        "100 %",
        "> 99.9 %",
        "12.3 %",
        "–",
    ]
    assert [duration(s) for s in (0.5, 61, 3700, None)] == ["0.5 s", "1 min 01 s", "1 h 01 min", "–"]


def test_sources() -> None:
    assert address_of("arXiv:2402.07661, table 3") == "https://arxiv.org/abs/2402.07661"
    assert address_of("arXiv:hep-ph/9806471") == "https://arxiv.org/abs/hep-ph/9806471"
    assert address_of("Phys. Lett., doi:10.1016/j.physletb.2012.08.020.") == (
        "https://doi.org/10.1016/j.physletb.2012.08.020"
    )
    assert address_of("theory: unitarity") == ""
    joined: Sequence[Any] = collect([("x", "one"), ("y", "one"), ("x", "two"), (" ", "three"), ("x", "one")])
    assert [(c.text, c.wanted_by) for c in joined] == [("x", ("one", "two")), ("y", ("one",))]
