"""The table of docs/reliability.md."""

from __future__ import annotations

import re
from pathlib import Path

RELIABILITY = Path(__file__).parents[2] / "docs" / "reliability.md"
ROW = re.compile(r"^\| *(F\d+) *\| *(.+?) *\| *(.+?) *\|", re.MULTILINE)


def catalogue() -> dict[str, str]:
    """Number of a fault -> what is done, in the words of the documentation."""
    return {number: done for number, done, _ in ROW.findall(RELIABILITY.read_text(encoding="utf-8"))}
