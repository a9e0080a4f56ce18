"""Findings: one that is broken breaks its section, nothing else does."""

from __future__ import annotations

import pytest

from terranova.installation.finding import PACKAGE, Finding, Level, Section


@pytest.mark.parametrize("level", list(Level))
def test_a_section_is_broken_by_what_is_broken(level: Level) -> None:
    section = Section("Plugins", [Finding("a", "1"), Finding("b", "2", level, "reinstall it")])
    assert section.broken is (level is Level.BROKEN)


def test_the_package_is_the_folder_that_is_imported() -> None:
    assert (PACKAGE / "py.typed").is_file()
    assert (PACKAGE / "installation").is_dir()
