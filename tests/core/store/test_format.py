"""Formats: a newer one is refused with a sentence, what was only added is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from terranova.errors import RunError
from terranova.store.format import FORMAT, known, refuse_newer
from terranova.store.schema import Field


@pytest.mark.parametrize("content", [{}, {"format": FORMAT}, {"format": 0}])
def test_formats_up_to_ours_are_read(content: dict[str, int]) -> None:
    refuse_newer(Path("run"), content)


@pytest.mark.parametrize("number", [FORMAT + 1, "2", None, 1.5])
def test_a_newer_one_is_refused_and_says_who_wrote_it(number: object) -> None:
    with pytest.raises(RunError, match=r"^run has format .*, written by terranova 9\.1; this version reads"):
        refuse_newer(Path("run"), {"format": number, "versions": {"terranova": "9.1"}})
    with pytest.raises(RunError, match="of a newer version"):
        refuse_newer(Path("run"), {"format": number, "versions": []})


def test_what_a_class_has_no_field_for_is_left_out() -> None:
    assert known(Field, {"name": "x", "novel": 1}) == {"name": "x"}
