"""Content of SLHA files: asked for what is not there, or twice, or no number, they say so with the line."""

from __future__ import annotations

import pytest

from terranova.external.slha import Channel, Decay, Slha, SlhaError, parse_slha

TEXT = """\
BLOCK MASS
  25  1.25E+02  # h0
  36  NaN       # A0
BLOCK GAUGE Q= 91.2
  1  0.357
BLOCK GAUGE Q= 1000.0
  1  0.362
BLOCK FOBS
  5  1  3.0E-04  0  2  3  22  # BR(b->s gamma)
  531  1  3.5E-09  0  2  13  -13  # BR(Bs->mu mu)
  531  1  8.0E-14  0  2  11  -11  # BR(Bs->e e)
DECAY 25 -1.0
DECAY 36 NaN
DECAY 37 1.0
  1.5  2  5  -5
"""
SLHA = parse_slha(TEXT, "out.slha")


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: SLHA.block("MAS"), r"^out.slha: no block MAS \(did you mean 'MASS'\?\)"),
        (lambda: SLHA.block("GAUGE"), r"is given at Q = 91.2 GeV and at Q = 1000 GeV: say which one"),
        (lambda: SLHA.block("GAUGE", q=500.0), "not given at Q = 500 GeV, but at"),
        (lambda: SLHA.value("MASS", 26), "^out.slha:1: block MASS has no entry 26"),
        (lambda: SLHA.value("MASS", 36), "^out.slha:3: block MASS, entry 36: 'NaN' is no finite number"),
        (lambda: SLHA.value("MASS"), "no entry without an index"),
        (lambda: SLHA.value("FOBS", 531, 1), "several entries 531 1, in lines 10, 11"),
        (lambda: SLHA.value("FOBS", 531, 1, comment="tau"), "expected 'tau'"),
        (lambda: SLHA.decay(25), "^out.slha:12: the width of particle 25 is -1"),
        (lambda: SLHA.decay(36), "the width of particle 36 is nan"),
        (lambda: SLHA.decay(37), "^out.slha:15: a branching ratio of 1.5"),
        (lambda: SLHA.decay(6), "no DECAY table for particle 6"),
    ],
)
def test_what_is_not_there_or_makes_no_sense(ask: object, words: str) -> None:
    with pytest.raises(SlhaError, match=words):
        ask()  # type: ignore[operator]


def test_scales_and_comments_tell_entries_apart() -> None:
    assert SLHA.value("gauge", 1, q=91.2 * (1 + 1e-9)) == 0.357
    assert SLHA.value("FOBS", 531, 1, comment="br(bs -> MU mu)") == 3.5e-9
    assert SLHA.entry("FOBS", 5, 1).rest == (0.0, 2.0, 3.0, 22.0)


def test_blocks_are_found_in_any_case() -> None:
    assert "mass" in SLHA
    assert "MINPAR" not in SLHA


def test_branching_ratios_do_not_depend_on_the_order_of_products() -> None:
    decay = Decay(25, 0.004, [Channel(0.2, (5, -5)), Channel(0.1, (-5, 5)), Channel(0.3, (22, 22))])
    assert decay.branching(-5, 5) == pytest.approx(0.3)
    assert decay.branching(24, -24) == 0.0


def test_a_bad_file_is_a_point_that_failed_not_one_that_is_unphysical() -> None:
    with pytest.raises(SlhaError) as caught:
        Slha().fail("wrong", 3)
    assert (caught.value.reason, caught.value.unphysical) == ("SLHA:3: wrong", False)
