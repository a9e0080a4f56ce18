"""The page of a comparison: whole in itself, with the tables as files beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from terranova.comparison.page import PAGE, SUMMARY, TRIALS, write_results
from terranova.comparison.results import Comparison
from terranova.errors import RunError


def test_page_and_tables_are_written(comparison: Comparison) -> None:
    page = write_results(comparison)
    assert page == comparison.config.output / PAGE
    text = page.read_text(encoding="utf-8")
    assert "random: 1 trial failed: it broke" in text
    assert "http" not in text.replace("http://www.w3.org", "")
    assert text.count("<svg") == 2
    assert len((page.parent / SUMMARY).read_text().splitlines()) == 3
    assert len((page.parent / TRIALS).read_text().splitlines()) == 5


def test_a_place_that_cannot_be_written_is_said(comparison: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    from terranova.comparison import page

    def refuse(path: Path, content: str) -> None:
        raise OSError(13, "Permission denied")

    monkeypatch.setattr(page, "write_atomic", refuse)
    with pytest.raises(RunError, match="cannot be written: Permission denied"):
        write_results(comparison)
