"""Reading SLHA: what FORTRAN and C write, and every line that says nothing or two things."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from terranova.external.slha import SlhaError, parse_slha, read_slha

MASS = "BLOCK MASS  # of physical states\n   25   1.2509D+02  # h0\n   36   NaN\n   37   -4.0e2\n"


def test_numbers_are_read_however_they_are_written() -> None:
    slha = parse_slha("Block x\n 1 1.5E+02\n 2 1.5d2\n 3 1.000-100\n 4 .5\n 5 -3\n 6 *****\n 7 inf\n")
    values = [entry.value for entry in slha.block("X").entries]
    assert values[:5] == [150.0, 150.0, 1e-100, 0.5, -3.0]
    assert all(math.isnan(float(value)) for value in values[5:])


def test_blocks_have_names_scales_comments_and_lines() -> None:
    block = parse_slha("# head\nblock gauge Q= 9.1D+01  # (SUSY scale)\n 1 3.57E-01 # g'\n").block("GAUGE")
    assert (block.name, block.q, block.comment, block.line) == ("GAUGE", 91.0, "(SUSY scale)", 2)
    (entry,) = block.entries
    assert (entry.index, entry.value, entry.comment, entry.line) == ((1,), 0.357, "g'", 3)


def test_a_value_may_stand_alone_have_several_indices_or_be_text() -> None:
    slha = parse_slha(
        "BLOCK ALPHA\n -0.1\nBLOCK UMIX\n 1 2 0.5\nBLOCK SPINFO\n 1 SPheno 4\n 3 a warning\n 3 another\n"
    )
    assert slha.value("ALPHA") == -0.1
    assert slha.value("umix", 1, 2) == 0.5
    assert slha.text("SPINFO", 1) == "SPheno 4"
    assert len(slha.block("SPINFO").entries) == 3


def test_decay_tables() -> None:
    slha = parse_slha(
        "DECAY 25 4.1E-03 # h\n 0.58 2 5 -5 # bb\n 0.2 2 24 -24\nDECAY1L 25 4.0e-3\nXSECTION 7 8\n 1 2 3\n"
    )
    decay = slha.decay(25)
    assert decay.width == 0.0041
    assert decay.branching(-5, 5) == 0.58
    assert decay.branching(22, 22) == 0.0
    assert slha.decay(25, table="decay1l").channels == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty, expected SLHA blocks"),
        ("# only words\n", "no block and no decay table"),
        (MASS[:-1], "out.slha:4: cut off"),
        (" 25 125.0\n", "out.slha:1: '25 125.0' before the first block"),
        ("BLOCK MASS\n 25 1\n 25 2\n", r"out.slha:3: entry 25 of block MASS again; it is given in line 2"),
        ("BLOCK A\nblock a\n", "out.slha:2: block A again; it is given in line 1"),
        ("BLOCK A Q= -1\n", "no scale"),
        ("BLOCK\n", "expected BLOCK NAME"),
        ("BLOCK A\n 1 µ\n", "characters that SLHA does not have"),
        ("DECAY 25\n", "expected DECAY PDG-NUMBER WIDTH"),
        ("DECAY 25 1\n 0.5 3 5 -5\n", "a decay into 3 particles, but 2 are listed"),
        ("DECAY 25 1\n half 2 5 -5\n", "expected BRANCHING-RATIO"),
    ],
)
def test_what_cannot_be_understood_is_named_with_its_line(text: str, words: str) -> None:
    with pytest.raises(SlhaError, match=words):
        parse_slha(text, "out.slha")


def test_messages_leave_out_the_folder(tmp_path: Path) -> None:
    with pytest.raises(SlhaError, match=r"^out.slha: cannot be read: No such file"):
        read_slha(tmp_path / "out.slha")
    (tmp_path / "out.slha").write_text(MASS)
    assert read_slha(tmp_path / "out.slha").value("MASS", 25) == 125.09
