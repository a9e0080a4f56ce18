"""Headlines: the result in two sentences, and limits that are never rounded up."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terranova.reporting.headline import _rounded_down, efficiency_section, lead, tiles
from terranova.runs.diagnosis import Diagnosis
from terranova.runs.efficiency import Efficiency
from terranova.runs.kills import Kills
from terranova.runs.random_sample import RandomSample
from terranova.runs.run import Run

SOME = Efficiency(evaluated=1000, stored=1000, valid=10, failed=3, first_valid=40, coverage=17.0)


def _judged(efficiency: Efficiency, random_valid: int | None = None) -> Diagnosis:
    kills = Kills(("a", "b"))
    kills.add(np.array([[0.0, 1.0], [0.0, 0.0]]))
    random = None if random_valid is None else RandomSample(10_000, random_valid, 5, kills, 1.5)
    return Diagnosis(efficiency, kills, random)


@pytest.mark.parametrize(
    ("diagnosis", "words"),
    [
        (_judged(Efficiency(0, 0, 0, 0, None, None)), "No point has been stored yet"),
        (_judged(replace(SOME, valid=0, first_valid=None)), "None of the 1,000 points evaluated is valid"),
        (_judged(SOME), "10 of 1,000 points evaluated are valid: 1 %."),
        (_judged(replace(SOME, valid=1)), "evaluated is valid"),
        (_judged(replace(SOME, probes=2)), "2 more valid points served a derivative only and are left out"),
        (_judged(SOME, 10), "finds 10 times as many"),
        (_judged(SOME, 0), "random points none was: the scan finds valid points at least"),
    ],
)
def test_the_result_in_two_sentences(diagnosis: Diagnosis, words: str) -> None:
    assert words in lead(diagnosis)


@given(st.floats(1e-12, 1e12))
def test_a_lower_limit_does_not_grow_by_rounding(value: float) -> None:
    rounded = _rounded_down(value)
    assert value * 0.989 <= rounded <= value * (1 + 1e-12)


def test_what_is_no_limit_stays_so() -> None:
    assert _rounded_down(0.0) == 0.0
    assert math.isinf(_rounded_down(math.inf))


@pytest.mark.parametrize("random_valid", [None, 0, 10])
def test_tiles_and_table_say_the_same_whatever_is_known(run: Run, random_valid: int | None) -> None:
    diagnosis = _judged(SOME, random_valid)
    shown = {tile.label: tile for tile in tiles(run, diagnosis)}
    assert shown["points evaluated"].value == "1,000"
    assert shown["largest ln L"].value == "−1"
    assert ("gain over random" in shown) is (random_valid is not None)
    assert efficiency_section(diagnosis).blocks
    nothing = {tile.label for tile in tiles(run, _judged(replace(SOME, valid=0, first_valid=None), random_valid))}
    assert "smallest total violation" in nothing
