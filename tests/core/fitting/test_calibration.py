"""How often quoted ends were wrong: the phrase, its limit, and that there is a measurement behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from terranova.fitting.calibration import EXPLAINED, MODEL_ALONE, SOURCE, WITH_SURROGATE, Calibration
from terranova.models.analytic.profiles import PROFILES

ROOT = Path(__file__).parents[3]


def test_the_phrase_gives_the_exact_limit() -> None:
    """With none wrong of n, the chance of that is (1 - p)^n = 0.05 at the limit p."""
    said = Calibration(ends=96, wrong=0, parameters=6).sentence(6)
    assert said == (
        "ends without a remark were wrong in 0 of 96 on problems with known answers (below 3.1 % at 95 % CL; "
        "docs/statistics.md)"
    )
    assert Calibration(96, 0, 6).limit == pytest.approx(1.0 - 0.05 ** (1.0 / 96.0))


def test_what_is_quoted_was_measured_and_stands_in_the_docs() -> None:
    text = (ROOT / EXPLAINED).read_text(encoding="utf-8")
    assert (ROOT / SOURCE).is_file()
    assert MODEL_ALONE.ends > 0
    for measured in (MODEL_ALONE, WITH_SURROGATE):
        assert f"{measured.wrong} of {measured.ends}" in text or not measured.ends


def test_what_was_not_measured_is_not_quoted() -> None:
    assert "was not measured" in Calibration(ends=0, wrong=0, parameters=6).sentence(4)


def test_a_fit_with_more_parameters_than_the_problems_has_no_rate() -> None:
    said = MODEL_ALONE.sentence(MODEL_ALONE.parameters + 1)
    assert f"at most {MODEL_ALONE.parameters} free parameters" in said
    assert "%" not in said


def test_a_fit_whose_likelihood_jumps_has_no_rate() -> None:
    """None of the problems has jumps."""
    said = MODEL_ALONE.sentence(2, jumps=True)
    assert "this one has jumps" in said
    assert "%" not in said


def test_the_problems_have_so_many_parameters() -> None:
    most = max(len(kind().parameters) for kind in PROFILES)
    assert MODEL_ALONE.parameters == WITH_SURROGATE.parameters == most
