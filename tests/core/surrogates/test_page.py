"""Pages of surrogates: what they are of, and a warning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from terranova.errors import RunError
from terranova.pages.table import Table, numbers
from terranova.surrogates import page

TABLE = Table(numbers("target", "MAE"), [["y", "1"]])


def test_a_page_says_what_it_is_of(trained: Any, tmp_path: Path) -> None:
    text = page.write(tmp_path / "p.html", "A check", trained, ["One <sentence>."], TABLE, []).read_text(
        encoding="utf-8"
    )
    assert "mine, trained on 200 rows; targets: away · depth 6" in text
    assert "One &lt;sentence&gt;." in text
    assert page.WARNING in text


def test_a_place_that_cannot_be_written_is_said(trained: Any, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be written"):
        page.write(tmp_path / "nowhere" / "p.html", "A check", trained, [], TABLE, [])
