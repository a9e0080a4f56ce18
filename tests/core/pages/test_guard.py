"""A section that fails costs itself; what the user has to mend is not hidden."""

from __future__ import annotations

import pytest

from terranova.errors import RunError
from terranova.pages.blocks import Paragraph, Section
from terranova.pages.guard import guarded


def test_a_section_that_can_be_made_is_that() -> None:
    section = Section("a", "A", [])
    assert guarded("b", "B", lambda: section) is section
    assert guarded("b", "B", lambda: None) is None


def test_one_that_fails_says_why() -> None:
    def broken() -> Section:
        raise RecursionError("too deep")

    section = guarded("best", "Best fit", broken)
    assert section is not None
    assert (section.anchor, section.title) == ("best", "Best fit")
    assert section.blocks == [Paragraph("This section could not be made (RecursionError: too deep).", "note")]


def test_an_error_for_people_is_passed_on() -> None:
    def refused() -> Section:
        raise RunError("no such column")

    with pytest.raises(RunError, match="no such column"):
        guarded("a", "A", refused)
