"""The page of an explanation: which parameter drives what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from terranova.surrogates.explanation import Explanation
from terranova.surrogates.explanation_page import sentences, table, write_page


def test_shares_of_every_parameter(told: Explanation) -> None:
    (row,) = table(told).rows
    assert list(row) == ["away", "log", "100.0 %", "0.0 %", "0.0 %", "0.0 %"]


def test_causes_in_words(told: Explanation) -> None:
    sample, constraint, total = sentences(told)
    assert sample.startswith("Sample: 30 rows.")
    assert constraint == "ring is driven through away: x 100 %."
    assert total == "The total log-likelihood: away: x 100 %."


def test_the_page_is_written(told: Explanation, trained: Any, tmp_path: Path) -> None:
    text = write_page(told, trained, tmp_path / "explain.html").read_text(encoding="utf-8")
    assert text.count("<svg") == 2
