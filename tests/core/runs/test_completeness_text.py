"""Completeness in words: a limit is called a limit, and what grows is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from terranova.runs.capture_recapture import Richness
from terranova.runs.completeness import Completeness, Extent, unknown
from terranova.runs.completeness_text import advice, sentences, short

STILL = Extent("mass", "GeV", 10.0, 900.0, 10.0, 890.0, 0.0, 0.01, 18, 0)
GROWING = Extent("tan_beta", "1", 0.5, 26.0, 0.6, 12.0, 0.03, 0.15, 15, 4)
BOTH = Extent("m_A", "GeV", 80.0, 900.0, 300.0, 500.0, 0.22, 0.4, 15, 9)
FALLING = Extent("m_H", "GeV", 130.0, 900.0, 300.0, 899.0, 0.2, 0.001, 15, 9)
DONE = Completeness(5000, 16, False, 950, 0.01, Richness(950, 1000.0, 980.0, 1030.0), (STILL,), "")
HALF = replace(DONE, shared=True, new=0.2, estimate=Richness(950, 1900.0, 1500.0, 2400.0), extents=(STILL, GROWING))


def test_a_map_that_seems_complete_gets_no_advice() -> None:
    text = " ".join(sentences(DONE))
    assert "At most about 95 % of the bins within reach" in text
    assert (
        "950 of 1,000 or more (92 % to 97 % by the scatter between islands at 95 %; the truth can lie below)"
        in text
    )
    assert "leaves no sign" in text
    assert "grow" not in text
    assert "independent samples" not in text
    assert advice(DONE) == []


def test_a_growing_map_says_along_what_and_what_to_do() -> None:
    text = " ".join(sentences(HALF))
    assert "At most about 50 %" in text
    assert "are not the independent samples" in text
    assert "The map still grows: 20 % of its bins were first entered in the last third." in text
    assert "Still growing along tan_beta: largest valid value 12 -> 26 in the last third." in text
    assert "mass" not in text
    assert "Go on with more evaluations" in text


@pytest.mark.parametrize(
    ("extent", "words"),
    [
        (BOTH, "along m_A: largest valid value 500 -> 900 GeV, smallest 300 -> 80 GeV in the last third"),
        (FALLING, "along m_H: smallest valid value 300 -> 130 GeV in the last third"),
    ],
)
def test_both_ends_are_named(extent: Extent, words: str) -> None:
    assert any(words in line for line in sentences(replace(HALF, extents=(extent,))))


def test_the_end_of_a_scan_has_a_few_lines() -> None:
    assert short(HALF)[0] == "found at most about 50 % of the bins within reach (950 of 1,900 or more)"
    assert len(short(HALF)) == 3
    assert short(unknown("there is no valid point")) == []


def test_of_many_growing_parameters_the_fastest_have_lines() -> None:
    extents = tuple(replace(GROWING, name=f"p{i}", up=0.1 + 0.01 * i) for i in range(8))
    lines = short(replace(HALF, extents=extents))
    assert [line.split(":")[0] for line in lines[2:]] == [
        *(f"Still growing along p{i}" for i in (7, 6, 5, 4, 3)),
        "Still growing, too",
    ]
    assert lines[-1] == "Still growing, too: p2, p1, p0."


def test_when_nothing_can_be_said_the_reason_is() -> None:
    alone = replace(HALF, estimate=None, silent="valid points come from 1 island only")
    assert sentences(alone)[0] == "How complete the map is cannot be said: valid points come from 1 island only."
    assert "cannot be said" in short(alone)[0]
    assert any("tan_beta" in line for line in short(alone)), "growth is known all the same"
    assert sentences(unknown("why")) == ["How complete the map is cannot be said: why."]
    (what_to_do,) = advice(replace(DONE, estimate=None, silent="why"))
    assert "more islands" in what_to_do


def test_nearly_all_is_not_all() -> None:
    nearly = replace(DONE, estimate=Richness(950, 950.5, 950.1, 951.0))
    assert "At most about 99 %" in sentences(nearly)[0]
