"""What a look at the installation found: findings, how good they are, and what to do about them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
"""The folder that is imported as `terranova`."""


class Level(Enum):
    """How good a finding is."""

    FINE = "ok"
    ABSENT = "absent"
    """an optional part that is not there"""
    DOUBTFUL = "doubtful"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        name: of what was looked at.
        value: what was found.
        level: how good that is.
        cure: what to do about it.
    """

    name: str
    value: str
    level: Level = Level.FINE
    cure: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the report."""

    title: str
    findings: list[Finding]

    @property
    def broken(self) -> bool:
        """True if something in it does not work."""
        return any(finding.level is Level.BROKEN for finding in self.findings)
