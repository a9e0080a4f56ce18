"""Writing SLHA: what is written is read back bit for bit, and what could not be is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terranova.external.slha import Channel, Decay, parse_slha, read_slha, slha_text, write_slha

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.dictionaries(st.integers(-(10**9), 10**9), FINITE, min_size=1, max_size=5), st.floats(1.0, 1e6))
def test_numbers_come_back_with_all_their_digits(entries: dict[int, float], q: float) -> None:
    slha = parse_slha(slha_text({"MASS": entries}, q={"MASS": q}))
    assert {index: slha.value("MASS", index) for index in entries} == entries
    assert slha.block("MASS").q == pytest.approx(q, rel=1e-15)


def test_a_file_with_everything(tmp_path: Path) -> None:
    blocks: dict[str, Any] = {"ALPHA": {(): 0.1}, "UMIX": {(1, 2): (np.float64(-0.5), "mixing")}, "MODSEL": {1: 0}}
    decay = Decay(25, 0.004, [Channel(0.58, (5, -5), "bb")])
    write_slha(tmp_path / "in", blocks, decays=[decay])
    slha = read_slha(tmp_path / "in")
    assert slha.value("ALPHA") == 0.1
    assert slha.entry("UMIX", 1, 2).comment == "mixing"
    assert slha.text("MODSEL", 1) == "0"
    assert slha.decay(25).channels[0].products == (5, -5)


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ({"A B": {}}, "cannot be the name of a block"),
        ({"A": {1: math.nan}}, "cannot be written as a number"),
        ({"A": {1: math.inf}}, "cannot be written as a number"),
        ({"A": {1: " "}}, "cannot be written as the value"),
        ({"A": {1: "a # b"}}, "cannot be written as the value"),
        ({"A": {1: (1.0, "two\nlines")}}, "a comment must be one line"),
    ],
)
def test_what_could_not_be_read_back_is_refused(blocks: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        slha_text(blocks)
