"""Completeness in words: a limit is called a limit, and what grows is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from terranova.runs.capture_recapture import Richness
from terranova.runs.completeness import Completeness, unknown
from terranova.runs.completeness_calibration import Share
from terranova.runs.completeness_text import advice, brief, sentences, short
from terranova.runs.marks import Extent

STILL = Extent("mass", "GeV", 10.0, 900.0, 10.0, 890.0, 0.0, 0.01, 18, 0)
GROWING = Extent("tan_beta", "1", 0.5, 26.0, 0.6, 12.0, 0.03, 0.15, 15, 4)
BOTH = Extent("m_A", "GeV", 80.0, 900.0, 300.0, 500.0, 0.22, 0.4, 15, 9)
FALLING = Extent("m_H", "GeV", 130.0, 900.0, 300.0, 899.0, 0.2, 0.001, 15, 9)
DONE = Completeness(5000, 16, 950, 0.01, Share(0.95, 0.9, 0.98), None, (STILL,), "")
LIMITED = replace(DONE, estimate=None, limit=Richness(950, 1000.0, 980.0, 1030.0), silent="not calibrated")
GROWN = replace(DONE, new=0.2, estimate=None, extents=(STILL, GROWING), silent="it still grows along tan_beta")


def test_a_map_that_seems_complete_gets_no_advice() -> None:
    text = " ".join(sentences(DONE))
    assert "About 95 % (90 to 98) of the bins within reach of this scan have been found: 950 of about 1,000" in text
    assert "the truth in 90 % of such scans" in text
    assert "leaves no sign" in text
    assert "grow" not in text
    assert "most" not in text
    assert advice(DONE) == []
    assert short(DONE) == ["found about 95 % (90 to 98) of the reachable bins"]
    assert brief(DONE) == "95 % (90 to 98) of the reachable bins"


def test_a_limit_is_called_a_limit_and_says_why_it_is_no_more() -> None:
    text = " ".join(sentences(LIMITED))
    assert "At most 97 % of the bins within reach of this scan have been found: 950 of 980 or more" in text
    assert "The truth can lie far below: not calibrated." in text
    assert short(LIMITED) == ["found at most 97 % of the reachable bins: not calibrated"]
    assert brief(LIMITED) == "at most 97 % of the reachable bins"


def test_a_growing_map_says_along_what_and_what_to_do_and_no_number() -> None:
    text = " ".join(sentences(GROWN))
    assert text.startswith("How complete the map is cannot be said: it still grows along tan_beta.")
    assert "The map still grows: 20 % of its bins were first entered in the last third." in text
    assert "Still growing along tan_beta: largest valid value 12 -> 26 in the last third." in text
    assert "mass" not in text
    assert "within reach" not in text
    assert "Go on with more evaluations" in text
    assert "natural coordinates" in text
    assert len(short(GROWN)) == 3
    assert brief(GROWN) == "still growing along tan_beta"
    assert brief(replace(GROWN, extents=(BOTH, GROWING, STILL))) == "still growing along m_A and 1 more"
    assert brief(replace(GROWN, extents=(STILL,))) == "still growing"


@pytest.mark.parametrize(
    ("extent", "words"),
    [
        (BOTH, "along m_A: largest valid value 500 -> 900 GeV, smallest 300 -> 80 GeV in the last third"),
        (FALLING, "along m_H: smallest valid value 300 -> 130 GeV in the last third"),
    ],
)
def test_both_ends_are_named(extent: Extent, words: str) -> None:
    assert any(words in line for line in sentences(replace(GROWN, extents=(extent,))))


def test_of_many_growing_parameters_the_fastest_have_lines() -> None:
    extents = tuple(replace(GROWING, name=f"p{i}", up=0.1 + 0.01 * i) for i in range(8))
    lines = short(replace(GROWN, extents=extents))
    assert [line.split(":")[0] for line in lines[2:]] == [
        *(f"Still growing along p{i}" for i in (7, 6, 5, 4, 3)),
        "Still growing, too",
    ]
    assert lines[-1] == "Still growing, too: p2, p1, p0."


def test_when_nothing_can_be_said_the_reason_is() -> None:
    alone = replace(DONE, estimate=None, silent="valid points come from 1 island only")
    assert sentences(alone)[0] == "How complete the map is cannot be said: valid points come from 1 island only."
    assert "cannot be said" in short(alone)[0]
    assert brief(alone) == ""
    assert short(unknown("there is no valid point")) == []
    assert sentences(unknown("why")) == ["How complete the map is cannot be said: why."]
    (what_to_do,) = advice(replace(DONE, estimate=None, silent="why"))
    assert "more islands" in what_to_do


def test_nearly_all_is_not_all() -> None:
    nearly = replace(DONE, estimate=Share(0.9995, 0.99, 1.0))
    assert "About 99 % (99 to 100)" in sentences(nearly)[0]
