"""The section on completeness: the sentences, and a row for each parameter."""

from __future__ import annotations

import math

from terranova.pages.blocks import Fold, Paragraph
from terranova.pages.table import Table
from terranova.reporting.completeness_section import section_of
from terranova.runs.completeness import Completeness, unknown
from terranova.runs.completeness_calibration import Share
from terranova.runs.marks import Extent

EXTENTS = (
    Extent("tan_beta", "1", 0.5, 26.0, 0.6, 12.0, 0.03, 0.15, 15, 4),
    Extent("mass", "GeV", 10.0, 900.0, math.nan, math.nan, 0.0, 0.0, 18, 18),
)
FOUND = Completeness(5000, 16, 950, 0.2, Share(0.5, 0.4, 0.6), None, EXTENTS, "")


def test_sentences_and_table() -> None:
    section = section_of(FOUND)
    texts = [block.text for block in section.blocks if isinstance(block, Paragraph)]
    assert texts[0].startswith("About 50 % (40 to 60)")
    (fold,) = [block for block in section.blocks if isinstance(block, Fold)]
    assert fold.open
    assert isinstance(fold.block, Table)
    assert [list(row) for row in fold.block.rows] == [
        ["tan_beta", "", "0.5", "26", "0.6 to 12", "15", "4", "upwards"],
        ["mass", "GeV", "10", "900", "–", "18", "18", ""],
    ]


def test_nothing_to_say() -> None:
    section = section_of(unknown("there is no valid point"))
    assert len(section.blocks) == 1
