"""Findings: one that is broken breaks its section, no other does."""

from __future__ import annotations

import pytest

from terranova.installation.finding import PACKAGE, Finding, Level, Section


@pytest.mark.parametrize("level", list(Level))
def test_only_what_is_broken_breaks_a_section(level: Level) -> None:
    section = Section("MPI", [Finding("mpirun", "4.2"), Finding("mpi4py", "4.0", level)])
    assert section.broken is (level is Level.BROKEN)
    assert not Section("MPI", []).broken


def test_the_package_is_where_it_is_imported_from() -> None:
    assert (PACKAGE / "installation" / "finding.py").is_file()
