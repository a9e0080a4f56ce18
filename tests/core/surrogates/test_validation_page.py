"""The page of a check: numbers as they were measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from terranova.surrogates.validation import Check
from terranova.surrogates.validation_page import sentences, table, write_page


def test_the_table_has_a_row_for_each_prediction(measured: Check) -> None:
    rows = table(measured).rows
    assert [row[0] for row in rows] == ["chi2", "away"]
    assert list(rows[1][1:]) == ["40", "1", "2", "0.500", "70.0 %", "–"]


def test_what_the_table_does_not_say(measured: Check) -> None:
    first, second, third = sentences(measured)
    assert "rows held out: 100, of which 40" in first
    assert "wrongly rejects 1.00 % of them, and 2.00 % of those" in second
    assert third.startswith("80.0 % of them are trusted")


def test_the_page_is_written(measured: Check, trained: Any, tmp_path: Path) -> None:
    text = write_page(measured, trained, tmp_path / "check.html").read_text(encoding="utf-8")
    assert "<svg" in text
    assert "A surrogate never has the last word" in text
